package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// MaxFile bounds one file of contracts, in bytes: the YAML parser's time grows
// with the square of some of what may be in it.
const MaxFile = 256 << 10

// Parse reads files of contracts, by name. It is all or nothing: the error, of
// code CodeInvalid, carries every issue of every file, each with
// file:line:column.
func Parse(files map[string][]byte) (*Set, error) {
	p, err := newFileParser()
	if err != nil {
		return nil, err
	}
	var all []access.Issue
	var read []*document
	for _, name := range slices.Sorted(maps.Keys(files)) {
		documents, issues := p.documents(name, files[name])
		read, all = append(read, documents...), append(all, issues...)
	}
	set := &Set{}
	bases, issues := p.parseBases(read)
	all = append(all, issues...)
	seen := map[string]string{}
	for _, d := range read {
		if d.isBase() {
			continue
		}
		if issues := p.parse(d, bases); len(issues) > 0 {
			all = append(all, issues...)
			continue
		}
		if where, twice := seen[d.contract.Name]; twice {
			all = append(all, access.Issue{Code: "duplicate_name", Field: d.at("metadata", "name"),
				Message: fmt.Sprintf("contract %q is also in %s", d.contract.Name, where)})
			continue
		}
		seen[d.contract.Name] = d.at("metadata", "name")
		set.Contracts = append(set.Contracts, d.contract)
	}
	for _, name := range slices.Sorted(maps.Keys(bases)) {
		set.Bases = append(set.Bases, bases[name])
	}
	if len(all) > 0 {
		return nil, &access.Error{Code: access.CodeInvalid, Message: "contracts", Issues: all}
	}
	slices.SortFunc(set.Contracts, func(a, b *Contract) int { return strings.Compare(a.Name, b.Name) })
	var versions strings.Builder
	for _, c := range set.Contracts {
		fmt.Fprintf(&versions, "%s %s\n", c.Name, c.Version)
	}
	set.Version = hashOf(versions.String())
	return set, nil
}

// fileParser holds what is made once for all files.
type fileParser struct {
	env       *cel.Env
	choiceEnv *cel.Env // of conditions on choices
	language  reflect.Type
	compiled  map[string]*condition // by text: a thousand contracts have few conditions
}

func newFileParser() (*fileParser, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	choiceEnv, err := choiceEnvironment()
	return &fileParser{env, choiceEnv, language(), map[string]*condition{}}, err
}

// documents returns the documents of one file, unread.
func (p *fileParser) documents(name string, b []byte) (out []*document, issues []access.Issue) {
	if len(b) > MaxFile {
		return nil, []access.Issue{{Code: "file_too_large", Field: name, Message: "a file of contracts may have 256 KiB"}}
	}
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		return nil, []access.Issue{parseIssue(name, err)}
	}
	for _, body := range bodies {
		out = append(out, &document{file: name, body: body, env: p.env, choiceEnv: p.choiceEnv, compiled: p.compiled, contract: &Contract{}})
	}
	return out, nil
}

// parseBases reads the bases among some documents, by name, and returns what is wrong
// with the others.
func (p *fileParser) parseBases(documents []*document) (map[string]*Base, []access.Issue) {
	bases, issues := map[string]*Base{}, []access.Issue{}
	for _, d := range documents {
		if !d.isBase() {
			continue
		}
		p.readBase(d)
		h := &d.contract.terms.header
		if first, twice := bases[h.Metadata.Name]; twice && len(d.issues) == 0 {
			d.issue("duplicate_name", fmt.Sprintf("base %q is also in %s", h.Metadata.Name, first.document.at("metadata", "name")), "metadata", "name")
		}
		if len(d.issues) > 0 {
			issues = append(issues, d.inOrder()...)
			if _, there := bases[h.Metadata.Name]; there {
				continue
			}
		}
		text := d.body.String()
		bases[h.Metadata.Name] = &Base{Name: h.Metadata.Name, Owner: h.Metadata.Owner, Description: h.Description, Text: text, Version: hashOf(text), document: d}
	}
	return bases, issues
}

// parse reads a contract, and returns what is wrong with it.
func (p *fileParser) parse(d *document, bases map[string]*Base) []access.Issue {
	d.reportUnknownFields(p.language)
	d.requireLiteral(d.body, p.language, false)
	d.decode()
	d.findBase(bases)
	d.check()
	if len(d.issues) > 0 {
		return d.inOrder()
	}
	d.contract.Text, d.contract.at = d.body.String(), d.at
	if b := d.contract.terms.base.of; b != nil {
		d.contract.Text = textWithBase(d.own, b)
	}
	d.contract.Version = hashOf(d.contract.Text)
	return nil
}

// check checks every feature, so that all mistakes are reported at once. Those of a section
// that could not be decoded are left out: what is written there would be reported as missing.
func (d *document) check() {
	for _, f := range d.contract.terms.list() {
		if c, ok := f.(checker); ok && !d.beside(f) {
			c.check(d)
		}
	}
}

// beside reports whether a feature, or another one in its section, could not be decoded. At
// the top it is the feature alone: each has its own fields there.
func (d *document) beside(f feature) bool {
	top := func(f feature) string { name, _, _ := strings.Cut(f.section(), "."); return name }
	return slices.ContainsFunc(d.undecoded, func(failed feature) bool {
		return failed == f || top(f) != "" && top(failed) == top(f)
	})
}

// parseIssue returns why a file could not be parsed as an issue with its place.
func parseIssue(file string, err error) access.Issue {
	var e *strictyaml.ParseError
	if !errors.As(err, &e) {
		return access.Issue{Code: "yaml", Field: file, Message: err.Error()}
	}
	if e.Line > 0 {
		file = fmt.Sprintf("%s:%d:%d", file, e.Line, e.Column)
	}
	return access.Issue{Code: e.Code, Field: file, Message: e.Message}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}
