package contracts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Change is one way in which two sets of contracts decide differently, with a request
// that shows it.
type Change struct {
	Contract string `json:"contract"`
	Kind     string `json:"kind"` // added, removed, possible, impossible, easier, harder, different
	Before   string `json:"before"`
	After    string `json:"after"`
	// Longest is the longest access for which it was seen.
	Longest access.Duration `json:"longest,omitempty"`
	// Witness is the first request that was decided so, and Times of how many that
	// were tried.
	Witness Witness `json:"witness"`
	Times   int     `json:"times"`
	Asked   int     `json:"asked"`
}

// Witness is a request by which anybody can see a change for themselves, with `ramp
// contracts explain`.
type Witness struct {
	Person  access.Person       `json:"person"`
	Request access.RequestInput `json:"request"`
	At      string              `json:"at"`
}

// Diff returns what is decided differently under s than under old: what becomes
// possible, what no longer is, and what needs other people. It evaluates both under
// generated requests, so what it lists is so; what no request reached it cannot see.
func (s *Set) Diff(old *Set) []Change { return s.DiffWith(old, func(int, int) {}) }

// DiffWith is Diff, and calls progress before each contract with how many are done, of
// how many: thousands take minutes.
func (s *Set) DiffWith(old *Set, progress func(done, of int)) []Change {
	names := slices.Compact(slices.Sorted(slices.Values(append(s.Names(), old.Names()...))))
	var out []Change
	for i, name := range names {
		progress(i, len(names))
		before, was := old.Find(name)
		after, is := s.Find(name)
		switch {
		case !was:
			out = append(out, Change{Contract: name, Kind: "added", After: after.inWords()})
		case !is:
			out = append(out, Change{Contract: name, Kind: "removed", Before: before.inWords()})
		case before.Version != after.Version:
			out = append(out, compare(before, after)...)
		}
	}
	return out
}

// inWords returns in one line who approves under the contract and for how long.
func (c *Contract) inWords() string {
	o := c.Offer()
	var who []string
	for _, st := range o.Approval.Stages {
		who = append(who, st.Needs())
	}
	if o.Approval.Automatic {
		who = append(who, "the contract itself")
	}
	return fmt.Sprintf("up to %s on %s, approved by %s", o.Duration.Max, strings.Join(o.Targets, ", "), strings.Join(who, " and "))
}

// compare asks both contracts the same, and gathers equal differences.
func compare(before, after *Contract) []Change {
	asked := questions(before, after)
	found := map[string]*difference{}
	for _, in := range asked {
		b, a := verdictOf(before.Evaluate(in)), verdictOf(after.Evaluate(in))
		if b.same(a) || !b.allowed && !a.allowed { // why it is refused is not what it opens
			continue
		}
		was, is := b.inWords(a)
		d := &difference{Change: Change{Contract: after.Name, Kind: b.to(a), Before: was, After: is, Longest: max(b.length, a.length),
			Witness: Witness{in.Person, in.Request, access.FormatTime(in.Now)}, Times: 1, Asked: len(asked)}}
		d.read(b, a)
		if seen, again := found[d.key()]; again {
			seen.add(d)
			continue
		}
		found[d.key()] = d
	}
	return oneEach(found)
}

// order puts first what opens more.
func (c Change) order() string {
	return fmt.Sprint(slices.Index([]string{"possible", "easier", "different", "harder", "impossible"}, c.Kind))
}

// verdict is what came of a request, in words, and how many people it takes.
type verdict struct {
	text    string   // who decides, or why it is refused
	codes   []string // why it is refused
	extras  []string // what else the plan says
	allowed bool
	people  int
	length  access.Duration
}

// same reports whether two verdicts open the same.
func (v verdict) same(o verdict) bool {
	return v.text == o.text && slices.Equal(v.extras, o.extras) && v.length == o.length
}

// inWords returns two verdicts as far as they differ. What both plans say is left out, and
// so is what a plan says that was refused before or is refused now: a param's value in it
// would make one change into as many as the param has values.
func (v verdict) inWords(o verdict) (was, is string) {
	was, is = v.text, o.text
	if !v.allowed || !o.allowed {
		return was, is
	}
	if v.length != o.length {
		was, is = was+", for "+v.length.String(), is+", for "+o.length.String()
	}
	return was + v.beyond(o), is + o.beyond(v)
}

// beyond returns what v's plan says and o's does not.
func (v verdict) beyond(o verdict) (text string) {
	for _, e := range v.extras {
		if !slices.Contains(o.extras, e) {
			text += ", " + e
		}
	}
	return text
}

func verdictOf(e Evaluation) verdict {
	if e.Err() != nil {
		var codes, words []string
		for _, i := range e.Issues {
			codes, words = append(codes, i.Code), append(words, refusedInWords(i.Code))
		}
		return verdict{codes: codes, text: refusedPrefix + strings.Join(slices.Compact(slices.Sorted(slices.Values(words))), ", ")}
	}
	p := e.Draft
	v := verdict{allowed: true, length: p.Duration}
	var parts []string
	for _, s := range p.Rule.Stages {
		parts = append(parts, s.Needs())
		least := 0
		for i, a := range s.Ways() {
			if i == 0 || a.Approvals < least {
				least = a.Approvals
			}
		}
		v.people += max(least, 1)
	}
	switch {
	case p.BreakGlass != nil:
		parts = append(parts, "break glass")
	case p.Rule.Auto:
		parts = append(parts, "the contract itself")
	}
	v.text, v.extras = "by "+strings.Join(parts, " and "), extras(p)
	return v
}

// extras are the parts of a plan beside its stages that a change may touch.
func extras(p access.Plan) (out []string) {
	if p.Extend != nil {
		out = append(out, fmt.Sprintf("extended %d times to %s", p.Extend.Times, p.Extend.UpTo))
	}
	if p.AsksForExtensions() {
		for _, s := range p.Extend.Rule.Stages {
			out = append(out, "each extension by "+s.Needs())
		}
	}
	r := p.Rule
	for words, on := range map[string]bool{"with passkeys": r.Passkey, "the requester may count": r.SelfApproval} {
		if on {
			out = append(out, words)
		}
	}
	if r.DenyThreshold > 1 {
		out = append(out, fmt.Sprintf("%d denials deny", r.DenyThreshold))
	}
	if r.Comment+r.DenyComment+len(r.Confirm) > 0 {
		out = append(out, fmt.Sprintf("with a comment of %d letters to approve and %d to deny, and %d statements to confirm", r.Comment, r.DenyComment, len(r.Confirm)))
	}
	for _, e := range r.Escalate {
		out = append(out, fmt.Sprintf("after %s %s too", e.After, e.Who()))
	}
	if p.StepUp > 0 || r.StepUp > 0 {
		out = append(out, fmt.Sprintf("logins of %s and %s", p.StepUp, r.StepUp))
	}
	for _, g := range p.Grants {
		b, _ := json.Marshal(g.Entitlement) // of YAML: nothing in it cannot be JSON
		out = append(out, fmt.Sprintf("on %s %s", g.Target, b))
	}
	for _, c := range p.EndWhen {
		out = append(out, "ends "+c.String())
	}
	for i, s := range r.Stages {
		if s.Level > 0 || s.Denials > 0 {
			out = append(out, fmt.Sprintf("stage %d of level %d, %d denials", i+1, s.Level+1, s.Denials))
		}
	}
	slices.Sort(out)
	return append(out, "decided within "+access.Duration(p.PendingUntil.Sub(p.CreatedAt)).String())
}

// refusedPrefix begins the words of a verdict that refuses.
const refusedPrefix = "refused: "

// to names the change from one verdict to another.
func (v verdict) to(after verdict) string {
	switch {
	case !v.allowed && after.allowed:
		return "possible"
	case v.allowed && !after.allowed:
		return "impossible"
	case after.people < v.people:
		return "easier"
	case after.people > v.people:
		return "harder"
	}
	return "different"
}
