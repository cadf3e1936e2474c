package contracts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Finding is something in a contract that is legal and probably not meant.
type Finding struct {
	Code     string `json:"code"`
	Contract string `json:"contract"`
	Place    string `json:"place"` // file:line:column
	Message  string `json:"message"`
	Instead  string `json:"instead"` // what to do
}

// FindingOnCallUntold is the code of a finding that the configuration of notices settles: those
// on call are mailed where it knows the rota.
const FindingOnCallUntold = "oncall_untold"

// maxSensible is a length of access above which a finding asks whether it is meant.
const maxSensible = access.Duration(12 * time.Hour)

// Findings returns what is legal in the contracts and probably not meant. groups are
// those that there are; nil leaves out whether anybody is in one.
func (s *Set) Findings(groups []string) []Finding {
	return s.FindingsWith(groups, func(int, int) {})
}

// FindingsWith is Findings, and calls progress before each contract, and before each of those
// that open the same as others, with how many are done, of how many.
func (s *Set) FindingsWith(groups []string, progress func(done, of int)) []Finding {
	var out []Finding
	for i, c := range s.Contracts {
		progress(i, len(s.Contracts))
		out = append(out, c.findings(groups)...)
	}
	for _, b := range s.Bases {
		if !b.used {
			out = append(out, Finding{Code: "base_unused", Contract: b.Name, Place: b.document.at("metadata", "name"), Message: "no contract names this base", Instead: "write base: " + b.Name + " in a contract, or delete it"})
		}
	}
	return append(out, s.laxer(progress)...)
}

// findings are a contract's own.
func (c *Contract) findings(groups []string) (out []Finding) {
	add := func(code, message, instead string, path ...any) {
		out = append(out, Finding{Code: code, Contract: c.Name, Place: c.at(path...), Message: message, Instead: instead})
	}
	t := &c.terms
	if t.duration.max > maxSensible {
		add("max_long", fmt.Sprintf("access may last %s", t.duration.max), "lower duration.max, and let it be extended", "duration", "max")
	}
	if t.who.condition.text == "true" {
		add("who_everybody", "everybody may ask, agents and services too", "name a group: '\"engineering\" in person.groups'", "request", "who")
	}
	if c.neverTrue(t.who.condition) {
		add("who_nobody", "nobody may ever ask", "delete the contract, or name a group", "request", "who")
	}
	if t.auto.possible() && t.auto.upTo == 0 && len(t.stages.Stages) > 0 {
		add("auto_uncapped", fmt.Sprintf("the contract itself approves up to %s, all that it gives", t.duration.max), "bound it with approval.autoUpTo", "approval", "auto")
	}
	if t.selfApproval.SelfApproval {
		add("self_approval", "requesters approve their own requests", "leave approval.selfApproval out", "approval", "selfApproval")
	}
	for i := range t.stages.Stages {
		st := &t.stages.Stages[i]
		if own := c.requesters(); len(own) > 0 && st.onlyFrom(own) {
			add("approvers_ask", fmt.Sprintf("everybody who approves in stage %s may ask, too: two people of one team can open this for each other", st.Name), "name a group that does not ask, or add another stage", "approval", "stages", i)
		}
	}
	if i, untold := c.untold(); untold && !t.notify.tells(access.EventRequestCreated) {
		add(FindingOnCallUntold, fmt.Sprintf("stage %s takes people on call alone: nobody is told that it waits where worker.notices.facts does not know the rota", t.stages.Stages[i].Name), "name a group that hears of it: notify: [{of: [request.created], groups: [...]}]", "approval", "stages", i)
	}
	if t.extend.Approvers.onCallAlone() && !t.notify.tells(access.EventExtensionAsked) {
		add(FindingOnCallUntold, "people on call alone decide an extension: nobody is told that one waits where worker.notices.facts does not know the rota", "name a group that hears of it: notify: [{of: [extension.requested], groups: [...]}]", "extend", "approvers")
	}
	c.neverFindings(groups, add)
	c.nameFindings(add)
	for i, g := range t.grants.Grants {
		for _, text := range wildcards(map[string]any(g.Entitlement)) {
			add("wildcard", fmt.Sprintf("%q stands for more than can be read here", text), "write the exact names, or take them from params with an enum", "grants", i, "entitlement")
		}
	}
	if groups != nil {
		c.groupFindings(groups, add)
	}
	return out
}

// untold returns the first stage that only people on call can meet.
func (c *Contract) untold() (int, bool) {
	i := slices.IndexFunc(c.terms.stages.Stages, func(s stage) bool {
		return len(s.ways) > 0 && !slices.ContainsFunc(s.ways, func(a *approvers) bool { return !a.onCallAlone() })
	})
	return i, i >= 0
}

// requesters returns the groups of which request.who names one as enough.
func (c *Contract) requesters() (out []string) {
	v := newVocabulary()
	v.read(c)
	for g := range v.groups {
		p := access.Person{ID: "somebody", Kind: access.KindHuman, Groups: []string{g}}
		if c.terms.who.condition.eval(fieldWho, variables(Input{Person: p}, map[string]any{}, c.terms.duration.usual)).Result == Satisfied {
			out = append(out, g)
		}
	}
	return out
}

// onlyFrom reports whether all approvers of the stage come from some groups, without a
// condition on them.
func (s *stage) onlyFrom(groups []string) bool {
	for _, w := range s.ways {
		if w.where != nil || len(w.People) > 0 || len(w.OnCall) > 0 || w.ManagerOf != "" || slices.ContainsFunc(w.From, func(g string) bool { return !slices.Contains(groups, g) }) {
			return false
		}
	}
	return len(s.ways) > 0
}

// wildcards returns the texts of an entitlement that stand for many: a star by itself, or
// in an ARN.
func wildcards(v any) (out []string) {
	switch v := v.(type) {
	case string:
		if v == "*" || strings.HasSuffix(v, ":*") || strings.HasPrefix(v, "arn:") && strings.Contains(v, "*") && !strings.HasSuffix(v, "/*") {
			out = append(out, v)
		}
	case []any:
		for _, one := range v {
			out = append(out, wildcards(one)...)
		}
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			out = append(out, wildcards(v[k])...)
		}
	}
	return out
}

// laxer finds contracts that give the same entitlement with fewer people: requests that
// both admit, and for which one of them asks for less.
func (s *Set) laxer(progress func(done, of int)) (out []Finding) {
	same := map[string][]*Contract{}
	var keys []string
	for _, c := range s.Contracts {
		b, _ := json.Marshal(c.terms.grants.Grants) // read from YAML, so it can be written
		if len(same[string(b)]) == 0 {
			keys = append(keys, string(b))
		}
		same[string(b)] = append(same[string(b)], c)
	}
	for _, key := range keys {
		if len(same[key]) < 2 {
			continue
		}
		// Each contract gets every question once: to put them to each pair would take
		// time that grows with the square of their number.
		asked := questions(same[key]...)
		came := make([][]verdict, len(same[key]))
		for i, c := range same[key] {
			progress(i, len(same[key]))
			came[i] = verdicts(c, asked)
		}
		for j, lax := range same[key] {
			var than, examples []string
			for i, strict := range same[key] {
				if i == j {
					continue
				}
				if in, ok := easier(asked, came[i], came[j]); ok {
					than = append(than, strict.Name)
					examples = append(examples, fmt.Sprintf("somebody %s, for %s", inSome(in.Person.Groups), orDefault(in.Request.Duration)))
				}
			}
			if len(than) > 0 {
				out = append(out, Finding{Code: "laxer", Contract: lax.Name, Place: lax.at("metadata", "name"),
					Message: fmt.Sprintf("opens with fewer people what %s %s; for example, compared with %s, for %s", inWords(than), map[bool]string{true: "opens", false: "open"}[len(than) == 1], than[0], examples[0]),
					Instead: "let them admit different people, or ask the same of all"})
			}
		}
	}
	return out
}

func inSome(groups []string) string {
	if len(groups) == 0 {
		return "in no group"
	}
	return "in " + inWords(groups)
}

func orDefault(length string) string {
	if length == "" {
		return "the default length"
	}
	return length
}

// verdicts returns what a contract makes of each question.
func verdicts(c *Contract, asked []Input) []verdict {
	out := make([]verdict, len(asked))
	for i, in := range asked {
		if !in.Request.BreakGlass { // it takes fewer people, as it says
			out[i] = verdictOf(c.Evaluate(in))
		}
	}
	return out
}

// easier returns a request that both of two contracts admit, and that the other opens
// with fewer people than strict.
func easier(asked []Input, strict, lax []verdict) (Input, bool) {
	for i, in := range asked {
		if strict[i].allowed && lax[i].allowed && lax[i].people < strict[i].people {
			return in, true
		}
	}
	return Input{}, false
}
