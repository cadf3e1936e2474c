package contracts

import (
	"maps"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/access"
)

// maxQuestions bounds the questions about one contract; of more, every so manieth is
// asked.
const maxQuestions = 6000

// questions returns requests that reach every branch of some contracts of one name, as
// far as their text tells: who asks is in each group and has each attribute that a
// condition names, lengths lie at and beyond each bound, params have each value that
// is listed. They are the same on every run.
func questions(of ...*Contract) []Input {
	v := newVocabulary()
	for _, c := range of {
		v.read(c)
	}
	people, requests, times, histories, worlds := v.people(), v.requests(of), v.times(of), v.histories(of), worldsOf(of)
	having := inventoriesFor(of)
	all := len(people) * len(requests) * len(times) * len(histories) * len(worlds) * len(having)
	stride := 1 + (all-1)/maxQuestions
	for gcd(stride, all) > 1 {
		stride++ // every value of every dimension is asked
	}
	var out []Input
	for i := 0; i < all; i += stride {
		n := i
		next := func(size int) int {
			at := n % size
			n /= size
			return at
		}
		in := Input{Person: people[next(len(people))], Request: requests[next(len(requests))], Now: times[next(len(times))]}
		in.History = histories[next(len(histories))]
		in.Facts = worlds[next(len(worlds))](in, of)
		in.Inventories = having[next(len(having))](in)
		out = append(out, in)
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// vocabulary is what the conditions of contracts name.
type vocabulary struct {
	groups, attributes, words map[string]bool
	lengths                   map[access.Duration]bool
	values                    map[string][]string // attributes that fields read, with values: the first admits somebody
}

func newVocabulary() vocabulary {
	return vocabulary{groups: map[string]bool{}, attributes: map[string]bool{}, words: map[string]bool{},
		lengths: map[access.Duration]bool{}, values: map[string][]string{}}
}

// standard are the names below person that are no attributes.
var standard = []string{"id", "name", "email", "kind", "groups", "onBehalfOf", "attributes"}

func (v *vocabulary) read(c *Contract) {
	for _, cond := range c.terms.conditions() {
		ast.PostOrderVisit(cond.tree.Expr(), ast.NewExprVisitor(v.visit))
	}
	for _, w := range c.terms.wheres() {
		ast.PostOrderVisit(w.tree, ast.NewExprVisitor(v.visit))
	}
	for _, name := range c.choiceParams() {
		if p := c.terms.params.Params[name]; p.Choices.where != nil {
			ast.PostOrderVisit(p.Choices.where.tree.Expr(), ast.NewExprVisitor(v.visit))
		}
	}
	t := &c.terms
	for _, d := range []access.Duration{t.duration.usual, t.duration.max, t.auto.upTo, t.justify.over, t.breakGlass.max} {
		v.length(d)
	}
	if d, g := &t.during, &t.engagement; d.calendar != nil && d.ZoneOf != "" || g.set() && g.ZoneOf != "" {
		v.values[attributeZone] = []string{"Europe/Berlin", "Asia/Tokyo", "nowhere"}
	}
	if g := &t.engagement; g.set() {
		v.values[g.From] = []string{"2020-01-01", "2026-12-01"}
		v.values[g.Until] = []string{"2030-12-31", "2026-11-24"}
		delete(v.values, "")
	}
	if t.extend.Approvers.ManagerOf != "" {
		v.values[attributeManager] = []string{"somebodys-manager"}
	}
	for i := range t.stages.Stages {
		for _, w := range t.stages.Stages[i].ways {
			if w.ManagerOf != "" {
				v.values[attributeManager] = []string{"somebodys-manager"}
			}
		}
	}
}

func (v *vocabulary) length(d access.Duration) {
	for _, near := range []access.Duration{d - access.Duration(time.Second), d, d + access.Duration(time.Second)} {
		if d > 0 && near > 0 {
			v.lengths[near] = true
		}
	}
}

func (v *vocabulary) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.LiteralKind:
		if text, ok := e.AsLiteral().(types.String); ok {
			if d, err := access.ParseDuration("", string(text)); err == nil {
				v.length(d)
				return
			}
			v.words[string(text)] = true
		}
	case ast.SelectKind:
		s := e.AsSelect()
		person := s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "person"
		below := s.Operand().Kind() == ast.SelectKind && s.Operand().AsSelect().FieldName() == "attributes"
		if (person || below) && !slices.Contains(standard, s.FieldName()) {
			v.attributes[s.FieldName()] = true
		}
	case ast.CallKind:
		// "group" in person.groups
		if args := e.AsCall().Args(); len(args) == 2 && args[1].Kind() == ast.SelectKind && args[1].AsSelect().FieldName() == "groups" && args[0].Kind() == ast.LiteralKind {
			if text, ok := args[0].AsLiteral().(types.String); ok {
				v.groups[string(text)] = true
			}
		}
	}
}

func (v *vocabulary) people() (out []access.Person) {
	groups := slices.Sorted(maps.Keys(v.groups))
	sets := [][]string{nil, groups}
	for i, g := range groups {
		if i == 8 {
			break
		}
		sets = append(sets, []string{g}, slices.Delete(slices.Clone(groups), i, i+1))
	}
	kinds := []access.PersonKind{access.KindHuman, access.KindAgent}
	if v.words[string(access.KindService)] { // a condition is about services
		kinds = append(kinds, access.KindService)
	}
	for _, kind := range kinds {
		for _, set := range sets {
			for _, attributes := range v.attributeSets() {
				p := access.Person{ID: "somebody", Kind: kind, Groups: set, Attributes: attributes}
				if kind == access.KindAgent {
					p.OnBehalfOf = "somebody-else"
				}
				out = append(out, p)
			}
		}
	}
	return out
}

// attributeSets returns what somebody may have: nothing, and each value that a
// condition names, or a date, for each attribute.
func (v *vocabulary) attributeSets() []map[string]string {
	values := []string{"2030-12-31"}
	for _, w := range slices.Sorted(maps.Keys(v.words)) {
		if !v.groups[w] && len(values) < 6 {
			values = append(values, w)
		}
	}
	out := []map[string]string{{}}
	for _, name := range slices.Sorted(maps.Keys(v.attributes)) {
		var more []map[string]string
		for _, had := range out {
			for _, value := range values {
				with := maps.Clone(had)
				with[name] = value
				more = append(more, with)
			}
		}
		out = append(out, more...)
		if len(out) > 60 {
			out = out[:60]
			break
		}
	}
	return v.withValues(out)
}

// withValues returns each set with the attributes that fields read: all with the values that
// admit somebody, one at a time with another value, and without any.
func (v *vocabulary) withValues(sets []map[string]string) []map[string]string {
	if len(v.values) == 0 {
		return sets
	}
	base := map[string]string{}
	for name, values := range v.values {
		base[name] = values[0]
	}
	variants := []map[string]string{base, {}}
	for _, name := range slices.Sorted(maps.Keys(v.values)) {
		for _, value := range v.values[name][1:] {
			other := maps.Clone(base)
			other[name] = value
			variants = append(variants, other)
		}
	}
	var out []map[string]string
	for _, set := range sets {
		for _, values := range variants {
			with := maps.Clone(set)
			maps.Copy(with, values)
			out = append(out, with)
		}
	}
	return out
}

func (v *vocabulary) requests(of []*Contract) (out []access.RequestInput) {
	reason := "for a reason that is long enough for every contract: " + strings.Repeat("because it is needed, ", 10)
	lengths := []string{""}
	for _, d := range slices.Sorted(maps.Keys(v.lengths)) {
		lengths = append(lengths, d.String())
	}
	tickets, glass := []string{""}, []bool{false}
	params := []map[string]any{{}}
	for _, c := range of {
		if p := c.terms.ticket.pattern; p != nil {
			tickets = append(tickets, sample(p.String()))
		} else {
			tickets = append(tickets, "T-1")
		}
		if c.terms.breakGlass.who != nil {
			glass = []bool{false, true}
		}
		for _, p := range c.sampleParams() {
			if !slices.ContainsFunc(params, func(known map[string]any) bool { return sameParams(known, p) }) {
				params = append(params, p)
			}
		}
	}
	slices.Sort(tickets)
	tickets = slices.Compact(tickets)
	for _, p := range params {
		for _, length := range lengths {
			for _, ticket := range tickets {
				for _, broken := range glass {
					out = append(out, access.RequestInput{Contract: of[0].Name, Params: p, Duration: length, Reason: reason, Ticket: ticket, BreakGlass: broken})
				}
			}
		}
	}
	return out
}

// sampleParams returns params that the contract takes, with each value that is listed.
func (c *Contract) sampleParams() []map[string]any {
	base, declared := map[string]any{}, c.terms.params.Params
	for name, p := range declared {
		switch {
		case len(p.Enum) > 0:
			base[name] = p.Enum[0]
		case p.Pattern != "":
			base[name] = sample(p.Pattern)
		case p.Choices.set():
			base[name] = sampleChoice
		case p.Type == "int" && p.Min != nil:
			base[name] = int(*p.Min)
		case p.Type == "int":
			base[name] = 1
		case p.Type == "bool":
			base[name] = false
		}
	}
	out := []map[string]any{base}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		for _, value := range declared[name].Enum[min(1, len(declared[name].Enum)):] {
			with := maps.Clone(base)
			with[name] = value
			out = append(out, with)
		}
	}
	return out
}

// times are a working day, its night and a weekend, where contracts look at the time.
func (v *vocabulary) times(of []*Contract) []time.Time {
	day := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range of {
		reads := c.HasWindows()
		for _, cond := range c.terms.conditions() {
			reads = reads || readsVariable(cond.tree.Expr(), "now")
		}
		if reads {
			return []time.Time{day, day.Add(12 * time.Hour), day.Add(4 * 24 * time.Hour)}
		}
	}
	return []time.Time{day}
}

// histories are nothing, one use that was handed back a day ago, and one that is open,
// where contracts look back.
func (v *vocabulary) histories(of []*Contract) []*access.History {
	none := &access.History{Uses: []access.Use{}}
	for _, c := range of {
		if c.ReadsHistory() {
			began := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
			ended := began.Add(time.Hour)
			return []*access.History{none,
				{Uses: []access.Use{{RequestID: "earlier", At: began, State: access.StateEnded, Outcome: access.OutcomeReleased, Opened: true, EndedAt: &ended, Length: access.Duration(time.Hour)}}},
				{Uses: []access.Use{{RequestID: "open", At: ended, State: access.StateActive, Opened: true, Length: access.Duration(time.Hour)}}, OpenInAll: 1, Unreviewed: []string{"open"}}}
		}
	}
	return []*access.History{none}
}

// sample returns a text that a regular expression matches whole, as short as it comes.
func sample(pattern string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	write(&b, parsed.Simplify())
	return b.String()
}

func write(b *strings.Builder, r *syntax.Regexp) {
	switch r.Op {
	case syntax.OpLiteral:
		b.WriteString(string(r.Rune))
	case syntax.OpCharClass:
		if len(r.Rune) > 0 {
			b.WriteRune(r.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture, syntax.OpPlus:
		write(b, r.Sub[0])
	case syntax.OpRepeat:
		for range r.Min {
			write(b, r.Sub[0])
		}
	case syntax.OpConcat:
		for _, s := range r.Sub {
			write(b, s)
		}
	case syntax.OpAlternate:
		write(b, r.Sub[0])
	}
}
