package contracts

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// kindBase is the kind of a document that contracts share.
const kindBase = "Base"

// Base is what several contracts share, by name: limits that each of them keeps or
// narrows, and values that stand where a contract writes none. There is one level: a
// base has no base. It is immutable.
type Base struct {
	Name        string
	Owner       string
	Description string
	Version     string // "sha256:" and the hash of Text
	Text        string // the base as it was written, without comments

	document *document
	used     bool
}

// base names the base of a contract. By the time features are checked, the document
// holds what the base says too.
type base struct {
	Base string `yaml:"base" schema:"pattern=^([a-z][a-z0-9-]{0,62})?$"`

	of        *Base
	inherited []string // each value that is not the contract's own: what, and where it is written
}

func (*base) section() string { return "" }

// plan names the base by its digest. The contract's own version covers it too.
func (b *base) plan(q *query) {
	if b.of != nil {
		q.draft.Base = &access.PlanBase{Name: b.of.Name, Version: b.of.Version}
	}
}

func (b *base) explain(access.Plan) (lines []Line) {
	if b.of == nil {
		return nil
	}
	lines = append(lines, Line{"base", fmt.Sprintf("%s (%s)", b.of.Name, b.of.Version)})
	for _, text := range b.inherited {
		lines = append(lines, Line{"from base", text})
	}
	return lines
}

// readBase reads a base: what it says must be allowed in one, be as strict as what holds
// without it, and be valid in a contract that says nothing more.
func (p *fileParser) readBase(d *document) {
	d.reportUnknownFields(p.language)
	d.requireLiteral(d.body, p.language, false)
	d.decode()
	h := &d.contract.terms.header
	if h.APIVersion != apiVersion {
		d.issue("api_version", fmt.Sprintf("apiVersion must be %q", apiVersion), "apiVersion")
	}
	if !nameShape.MatchString(h.Metadata.Name) {
		d.issue("name", "metadata.name must be lower-case letters, digits and dashes, a letter first, 63 at most", "metadata", "name")
	}
	if d.written("base") {
		d.issue("base_of_base", "a base has no base of its own, so that what a contract says is in two places at the most", "base")
	}
	for _, path := range d.leaves() {
		rule, known := baseRuleOf(path)
		switch {
		case len(path) > 0 && (path[0] == "base" || slices.Contains([]any{"apiVersion", "kind", "metadata", "description"}, path[0])):
		case !known && (d.hasIssueOn(path...) || holdsBaseRule(path)): // it was reported
		case !known:
			d.issue("base_field", fmt.Sprintf("a base cannot set %s; write it in each contract, and in the base what docs/contracts.md lists under Bases", join(path)), path...)
		default:
			d.requireStrict(rule)
		}
	}
	if d.written("request", "who") && d.contract.terms.who.Who == "" {
		d.issue("who_missing", "request.who must say who may request this, or be left out", "request", "who")
	}
	d.condition(d.contract.terms.who.Who, "request", "who")
	specimen := p.specimen(d)
	specimen.inherit(&Base{document: &document{file: d.file, body: settable(d.body, nil), contract: d.contract}})
	specimen.decode()
	specimen.check()
	for _, is := range specimen.issues {
		if strings.HasPrefix(is.Field, d.file+":") && !slices.ContainsFunc(d.issues, is.follows) {
			d.issues = append(d.issues, is)
		}
	}
}

// specimen is a contract that says as little as one may, to check a base under.
func (p *fileParser) specimen(base *document) *document {
	text := "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: specimen}\nrequest: {who: 'true'}\ngrants: [{target: t, entitlement: {a: b}}]\n" +
		"duration: {"
	var lengths []string
	for name, length := range map[string]string{"default": "1s", "max": access.MaxDuration.String()} {
		if !base.written("duration", name) {
			lengths = append(lengths, name+": "+length)
		}
	}
	text += strings.Join(lengths, ", ") + "}\napproval: {stages: ["
	if stages := base.contract.terms.stages.Stages; !slices.ContainsFunc(stages, func(s stage) bool { return s.When == "" }) {
		text += "{name: '-', from: [x]}"
	}
	bodies, _ := strictyaml.Parse([]byte(text + "]}\n")) // written here
	return &document{file: "", body: bodies[0], env: p.env, choiceEnv: p.choiceEnv, compiled: p.compiled, contract: &Contract{}}
}

// hasIssueOn reports whether something is wrong already with the field or with what holds it,
// such as that no document has it.
func (d *document) hasIssueOn(path ...any) bool {
	for i := range path {
		_, line, column, _ := d.position(path[:i+1]...)
		if slices.ContainsFunc(d.issues, func(i placedIssue) bool { return i.line == line && i.column == column }) {
			return true
		}
	}
	return false
}

// findBase finds the base that a contract names, if any, and adds what it says to the
// contract. What is wrong with the base is reported there, once.
func (d *document) findBase(bases map[string]*Base) {
	name := d.contract.terms.base.Base
	if name == "" {
		return
	}
	b, known := bases[name]
	if !known {
		message := fmt.Sprintf("there is no base %q among these files", access.Clip(name, 60))
		names := make([]string, 0, len(bases))
		for n := range bases {
			names = append(names, n)
		}
		if near := Nearest(name, names); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		d.issue("base_unknown", message, "base")
		d.baseless = true
		return
	}
	b.used = true
	d.condition(d.contract.terms.who.Who, "request", "who") // by itself: two halves could make one that says something else
	d.narrows(b)
	d.inherit(b)
	d.decode()
}

// isBase reports whether a document is a base and no contract.
func (d *document) isBase() bool { return textOf(d.node("kind")) == kindBase }
