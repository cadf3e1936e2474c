package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Make returns the report on requests: those that were asked for in the period, with the
// earlier ones as history. Requests must be in the order of AskedAt, refusals in that of
// At.
func Make(requests []Request, refusals []Refusal, contracts []Contract, period Period, thresholds Thresholds) Report {
	m := New(contracts, period, thresholds)
	for _, r := range requests {
		m.Add(r)
	}
	for _, r := range refusals {
		m.Refuse(r)
	}
	return m.Report()
}

// Maker makes a report of requests that come one by one, so that no list of them is kept:
// what it keeps grows with people, contracts and open hours. It is not safe for concurrent
// use.
type Maker struct {
	contracts  map[string]Contract
	owners     map[string]string // of contracts that are not in force, as requests said
	period     Period
	limits     Thresholds
	statistics []statistic
	refusals   *refusals
	all        *tally
	byOwner    map[string]*ownerTally
	weeks      []*tally
	held       *heldTimes
	first      time.Time // when the first request was asked for that was added
	unknown    int       // accesses of which it is not known for how long they were used
}

// statistic is one way to look at requests.
type statistic interface {
	// add takes a request in; during says that it was asked for in the period, otherwise it is
	// history.
	add(r Request, during bool)
	findings(m *Maker) []Finding
}

// New returns a Maker. Thresholds that are zero are the default ones.
func New(contracts []Contract, period Period, thresholds Thresholds) *Maker {
	m := &Maker{contracts: map[string]Contract{}, owners: map[string]string{}, period: period, limits: thresholds.withDefaults(),
		all: newTally(), byOwner: map[string]*ownerTally{}, refusals: newRefusals()}
	for _, c := range contracts {
		m.contracts[c.Name] = c
	}
	// The hour by which a change of the clocks makes a period longer is no week of its own.
	for from := period.From; len(m.weeks) == 0 || from.Add(time.Hour).Before(period.To); from = from.Add(week) {
		m.weeks = append(m.weeks, newTally())
	}
	m.held = newHeldTimes(period)
	m.statistics = []statistic{
		newUnused(period), m.held, newApprovals(m.limits), newHabits(period, m.limits), newReasons(), newGlass(period),
		newEndings(period), newDenials(), newWidths(period), m.refusals,
	}
	return m
}

const week = 7 * 24 * time.Hour

// Begins returns from when on requests are history: what was asked for earlier need not be
// added.
func (m *Maker) Begins() time.Time { return m.period.From.Add(-m.limits.History.Std()) }

// Empty reports whether no request was added.
func (m *Maker) Empty() bool { return m.first.IsZero() }

// Add takes a request in. Requests come in the order of AskedAt; what was asked for after
// the period is left out.
func (m *Maker) Add(r Request) {
	if !r.AskedAt.Before(m.period.To) {
		return
	}
	if m.first.IsZero() {
		m.first = r.AskedAt
	}
	if r.Owner != "" {
		m.owners[r.Contract] = r.Owner
	}
	during := m.period.Holds(r.AskedAt)
	for _, s := range m.statistics {
		s.add(r, during)
	}
	if !during {
		return
	}
	if _, known := r.Used(m.period.To); !r.ClosedAt.IsZero() && !known {
		m.unknown++
	}
	m.all.add(r, m.period)
	m.weeks[min(int(r.AskedAt.Sub(m.period.From)/week), len(m.weeks)-1)].add(r, m.period)
	owner := m.owner(r.Contract)
	if m.byOwner[owner] == nil {
		m.byOwner[owner] = &ownerTally{all: newTally(), byContract: map[string]*tally{}}
	}
	m.byOwner[owner].add(r, m.period)
}

// Refuse takes in an act that was refused in the period; others are left out.
func (m *Maker) Refuse(r Refusal) {
	if m.period.Holds(r.At) {
		m.refusals.take(r)
	}
}

// owner returns the group that owns a contract.
func (m *Maker) owner(contract string) string {
	if c, there := m.contracts[contract]; there {
		return c.Owner
	}
	return m.owners[contract]
}

// Report returns the report on what was added.
func (m *Maker) Report() Report {
	r := Report{Period: m.period, Zone: m.period.in(m.period.From).Location().String(), Figures: m.all.figures(),
		Findings: []Finding{}, Owners: []OwnerPart{}, Weeks: []Week{}, Unknown: []string{}, Changed: []Changed{}}
	for _, s := range m.statistics {
		r.Findings = append(r.Findings, s.findings(m)...)
	}
	slices.SortFunc(r.Findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	for i, w := range m.weeks {
		f := w.figures()
		r.Weeks = append(r.Weeks, Week{From: m.period.From.Add(time.Duration(i) * week), States: f.ByState, ToAccess: f.ToAccess})
	}
	r.Heat, r.Spans = m.held.heat(), m.held.longest()
	for i := range r.Findings {
		m.ownerOf(r.Findings[i].Owner)
	}
	for _, c := range m.contracts {
		m.ownerOf(c.Owner) // also one of whose contracts nobody made use
	}
	for _, owner := range slices.Sorted(maps.Keys(m.byOwner)) {
		part := m.byOwner[owner].part(owner)
		for _, f := range r.Findings {
			if f.Owner == owner {
				part.Findings = append(part.Findings, f.ID)
			}
		}
		r.Owners = append(r.Owners, part)
	}
	if m.unknown > 0 {
		r.Say(fmt.Sprintf("Of %d of the accesses of the period that are over it is not known for how long they were used: their targets do not say.", m.unknown))
	}
	if !m.first.IsZero() && m.first.After(m.period.From.Add(-m.limits.History.Std()/2)) {
		r.Say("The history before the period is shorter than " + m.limits.History.String() + ": less is known of what is usual.")
	}
	return r
}

// ownerOf makes sure that an owner has a part in the report.
func (m *Maker) ownerOf(owner string) {
	if m.byOwner[owner] == nil {
		m.byOwner[owner] = &ownerTally{all: newTally(), byContract: map[string]*tally{}}
	}
}

// finding returns a finding. People are those whom it is about.
func (m *Maker) finding(kind Kind, subject, contract string, people []string, score float64, shown *trail, format string, args ...any) Finding {
	f := Finding{Kind: kind, Subject: subject, Contract: contract, Owner: m.owner(contract), People: people, Score: round(score),
		Sentence: fmt.Sprintf(format, args...), Evidence: []int64{}}
	if shown != nil {
		f.Evidence, f.Requests, f.More = shown.events(), shown.requests, shown.more
	}
	f.identify()
	return f
}

// only returns the one contract of a set, "" where there are several.
func only(contracts map[string]bool) string {
	if len(contracts) != 1 {
		return ""
	}
	for name := range contracts {
		return name
	}
	return ""
}

// inList writes "a, b and 3 more".
func inList(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
