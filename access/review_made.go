package access

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// DetailUntil is the detail of events about a weekly review that says when its period ends.
const DetailUntil = "until"

// ReviewMade is what the event about a weekly review says of it.
type ReviewMade struct {
	Since, Until time.Time      // its period; UTC
	Findings     int            // in all
	ByOwner      map[string]int // how many, by the group that owns the contract; owners without one are left out
	Security     []string       // groups that read all of it
	Digest       string         // of the report, "sha256:" and hexadecimal digits
}

// Event returns the event. Owners and groups are written as in a query, "team-data=3".
func (m ReviewMade) Event() Event {
	owners, security := url.Values{}, url.Values{}
	for owner, n := range m.ByOwner {
		owners.Set(owner, strconv.Itoa(n))
	}
	for _, group := range m.Security {
		security.Add("group", group)
	}
	return Event{At: m.Until, Kind: EventReviewMade, Actor: ActorRamp, Key: KeyReviewMade(m.Until),
		Detail: map[string]string{"since": FormatTime(m.Since), DetailUntil: FormatTime(m.Until), "findings": strconv.Itoa(m.Findings),
			"byOwner": owners.Encode(), "security": security.Encode(), "report": m.Digest}}
}

// ReviewMadeOf returns what an event says; what it does not say, or says so that it cannot be
// read, is left out.
func ReviewMadeOf(e Event) ReviewMade {
	at := func(name string) time.Time {
		t, err := time.Parse(time.RFC3339, e.Detail[name])
		if err != nil {
			return time.Time{}
		}
		return t.UTC()
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0
		}
		return n
	}
	m := ReviewMade{Since: at("since"), Until: at(DetailUntil), Digest: e.Detail["report"], Findings: number(e.Detail["findings"]), ByOwner: map[string]int{}}
	if owners, err := url.ParseQuery(e.Detail["byOwner"]); err == nil {
		for owner := range owners {
			m.ByOwner[owner] = number(owners.Get(owner))
		}
	}
	if security, err := url.ParseQuery(e.Detail["security"]); err == nil {
		m.Security = security["group"]
	}
	return m
}

// Owners returns the groups that own contracts with findings, sorted.
func (m ReviewMade) Owners() []string { return slices.Sorted(maps.Keys(m.ByOwner)) }
