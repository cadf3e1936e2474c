package access

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// UsageKind says how much a target knows of the use of a grant.
type UsageKind string

const (
	// UsageSessions: the target knows every session, so none means that the grant was not used.
	UsageSessions UsageKind = "sessions"
	// UsageSeen: the target knows the sessions that somebody looked at while they lived.
	// There may have been others, so none means nothing.
	UsageSeen UsageKind = "seen"
	// UsageLast: the target knows when the grant was last used, and learns it late, so no
	// time means nothing.
	UsageLast UsageKind = "last_used"
	// UsageNotKnown: the target could not say in time.
	UsageNotKnown UsageKind = "not_known"
)

// Usage is what a target says of how a grant was used. Times are in UTC and in whole
// seconds; zero stands for what the target does not know.
type Usage struct {
	Kind  UsageKind `json:"kind"`
	First time.Time `json:"first,omitzero"` // when the first session began
	Last  time.Time `json:"last,omitzero"`  // when the last use ended
	// Sessions is how many there were; of UsageSeen, at least so many.
	Sessions int `json:"sessions,omitempty"`
	// For is for how long the grant was in use, overlapping sessions counted once, rounded up
	// to a whole second; of UsageSeen, at least so long, but for the rounding. A target that
	// looks now and then says how much longer than in truth it may be (docs/review.md).
	For Duration `json:"for,omitempty"`
}

// Session is one session on a target.
type Session struct{ From, To time.Time }

// UsageOf returns sessions, all that there were, as a usage.
func UsageOf(sessions []Session) Usage {
	u := Usage{Kind: UsageSessions, Sessions: len(sessions)}
	var used time.Duration
	for _, s := range JoinSessions(sessions) {
		used += s.To.Sub(s.From)
		u.Last = s.To.UTC().Truncate(time.Second)
		if u.First.IsZero() {
			u.First = s.From.UTC().Truncate(time.Second)
		}
	}
	u.For = wholeSeconds(used) // once: of many moments, each would be a second
	return u
}

// JoinSessions returns when there was any session, in order: those that overlap are one.
func JoinSessions(sessions []Session) (out []Session) {
	for _, s := range slices.SortedFunc(slices.Values(sessions), func(a, b Session) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) }) {
		if last := len(out) - 1; last >= 0 && !s.From.After(out[last].To) {
			if s.To.After(out[last].To) {
				out[last].To = s.To
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// Known reports whether the usage says for how long the grant was used.
func (u Usage) Known() bool { return u.Kind == UsageSessions }

// Used reports whether the usage says that the grant was used.
func (u Usage) Used() bool { return u.Sessions > 0 || !u.Last.IsZero() }

// Validate returns what is wrong with a usage that somebody else wrote.
func (u Usage) Validate() (issues Issues) {
	kinds := []UsageKind{UsageSessions, UsageSeen, UsageLast, UsageNotKnown}
	issues.Require(slices.Contains(kinds, u.Kind), "usage_kind", "kind", "%q is none of sessions, seen, last_used and not_known", Clip(string(u.Kind), 20))
	issues.Require(u.Sessions >= 0 && u.For >= 0, "usage_negative", "sessions", "neither the sessions nor their length is negative")
	for name, at := range map[string]time.Time{"first": u.First, "last": u.Last} {
		issues.Require(at.IsZero() || at.Year() >= 1970 && at.Year() <= 9999, "usage_year", name, "a time is between the years 1970 and 9999: no record holds another")
	}
	issues.Require(u.First.IsZero() || !u.Last.Before(u.First), "usage_order", "last", "the last use does not end before the first begins")
	issues.Require(u.Kind != UsageSessions || (u.Sessions == 0) == u.First.IsZero() && (u.Sessions == 0) == u.Last.IsZero(), "usage_times", "first",
		"sessions have a first beginning and a last end, and where there is none there is neither")
	// In whole seconds: each stretch of use is rounded up, and there are no more than sessions.
	// Without this, what two targets say of one request could add up to more than a number holds.
	var span int64
	if !u.First.IsZero() {
		span = u.Last.Unix() - u.First.Unix()
	}
	issues.Require(int64(u.For.Std()/time.Second)-int64(max(u.Sessions, 0)) <= span, "usage_length", "for", "a grant is not in use for longer than from its first use to its last")
	issues.Require(u.Kind != UsageNotKnown || u == (Usage{Kind: UsageNotKnown}), "usage_not_known", "kind", "of a usage that is not known nothing else is said")
	return issues
}

// The details of an event in which the usage of a grant stands.
const (
	detailUsage    = "usage"
	detailFirst    = "usedFrom"
	detailLast     = "usedUntil"
	detailSessions = "sessions"
	detailFor      = "usedFor"
)

// Into adds the usage to the details of an event.
func (u Usage) Into(detail map[string]string) {
	detail[detailUsage] = string(u.Kind)
	for name, at := range map[string]time.Time{detailFirst: u.First, detailLast: u.Last} {
		if !at.IsZero() {
			detail[name] = at.UTC().Format(time.RFC3339)
		}
	}
	if u.Sessions > 0 || u.Kind == UsageSessions {
		detail[detailSessions] = strconv.Itoa(u.Sessions)
		detail[detailFor] = u.For.String()
	}
}

// Usage returns what an event says of the usage of its grant. It reports false where it
// says nothing, or what makes no sense.
func (e Event) Usage() (u Usage, said bool) {
	d := e.Detail
	if d[detailUsage] == "" {
		return u, false
	}
	u.Kind = UsageKind(d[detailUsage])
	for name, at := range map[string]*time.Time{detailFirst: &u.First, detailLast: &u.Last} {
		if d[name] == "" {
			continue
		}
		read, err := time.Parse(time.RFC3339, d[name])
		if err != nil {
			return Usage{}, false
		}
		*at = read.UTC()
	}
	if d[detailSessions] != "" {
		n, err := strconv.Atoi(d[detailSessions])
		if err != nil || u.For.UnmarshalText([]byte(d[detailFor])) != nil {
			return Usage{}, false
		}
		u.Sessions = n
	}
	if len(u.Validate()) > 0 {
		return Usage{}, false
	}
	return u, true
}

// Words says how a grant was used that was open for some time, which 0 leaves out. Times
// are as FormatTime writes them.
func (u Usage) Words(open Duration) string {
	sessions := fmt.Sprintf("%d sessions", u.Sessions)
	if u.Sessions == 1 {
		sessions = "1 session"
	}
	span := FormatTime(u.First) + " to " + FormatTime(u.Last)
	switch {
	case u.Kind == UsageSessions && u.Sessions == 0:
		return "not used"
	case u.Kind == UsageSessions:
		used := u.For.String()
		if u.For.Std() <= time.Duration(u.Sessions)*time.Second { // less than that, in truth: it is rounded up, and in older events each session was
			used = "at most " + used
		}
		if open > 0 {
			used += " of " + open.String()
		}
		return "used from " + span + ": " + sessions + ", " + used
	case u.Kind == UsageSeen && u.Used():
		return "used, seen from " + span + ": " + sessions + " at least"
	case u.Kind == UsageLast && u.Used():
		return "last used at " + FormatTime(u.Last)
	case u.Kind == UsageSeen:
		return "not seen in use; sessions between two looks are not seen"
	case u.Kind == UsageLast:
		return "not known: the target learns of use hours later"
	}
	return "not known: the target did not say in time"
}

// GrantUsage is how one grant of a request was used.
type GrantUsage struct {
	Grant  string
	Target string
	Usage  Usage
}

// Usage returns how the request's grants were used, as its timeline says: nothing while
// they are open, and of targets that cannot say. An event that is no longer what was
// recorded says nothing.
func (r Request) Usage() (out []GrantUsage) {
	for _, e := range LastClosings(r.Timeline) {
		if r.TimelineCheck.IsAltered(e) {
			continue
		}
		if u, said := e.Usage(); said {
			out = append(out, GrantUsage{e.Detail["grant"], e.Detail["target"], u})
		}
	}
	return out
}

// OpenFor returns for how long access was open, to the next second; 0 while it is, or
// if it never was.
func (r Request) OpenFor() Duration {
	if r.ActiveAt == nil || r.EndedAt == nil {
		return 0
	}
	return wholeSeconds(r.EndedAt.Sub(*r.ActiveAt))
}
