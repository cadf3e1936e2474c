package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestUsageOfSeveralGrants: access with several grants is unused if all were, and what one
// target does not know, nobody knows of the whole.
func TestUsageOfSeveralGrants(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	never := access.Usage{Kind: access.UsageSessions}
	some := access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(time.Hour), Sessions: 2, For: access.Duration(10 * time.Minute)}
	later := access.Usage{Kind: access.UsageSessions, First: at.Add(time.Minute), Last: at.Add(2 * time.Hour), Sessions: 1, For: access.Duration(5 * time.Minute)}
	last := access.Usage{Kind: access.UsageLast, Last: at.Add(3 * time.Hour)}
	unseen, unknown := access.Usage{Kind: access.UsageSeen}, access.Usage{Kind: access.UsageNotKnown}
	for name, c := range map[string]struct {
		said   []access.Usage
		grants int
		want   *access.Usage
	}{
		"nothing is closed":      {nil, 0, nil},
		"no target says":         {nil, 2, nil},
		"both unused":            {[]access.Usage{never, never}, 2, &never},
		"one of two says":        {[]access.Usage{never}, 2, nil},
		"one of two is not seen": {[]access.Usage{never, unseen}, 2, nil},
		"one is not known":       {[]access.Usage{unknown, never}, 2, nil},
		"both used": {[]access.Usage{later, some}, 2, &access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(2 * time.Hour), Sessions: 3,
			For: access.Duration(15 * time.Minute)}},
		"one used, one at some time": {[]access.Usage{some, last}, 2, &access.Usage{Kind: access.UsageSeen, First: at, Last: at.Add(3 * time.Hour), Sessions: 2,
			For: access.Duration(10 * time.Minute)}},
	} {
		require.Equal(t, c.want, joined(c.said, c.grants), name)
	}
}

// TestEndedAgain: a closing that was undone is none, nor does its use count or the end that
// came with it: access has ended when the closing that counts was recorded.
func TestEndedAgain(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	used := func(n int) access.Usage {
		return access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(time.Hour), Sessions: n, For: access.Duration(time.Minute)}
	}
	of := func(kind access.EventKind, grant string, change ...func(map[string]string)) access.Event {
		e := access.Event{Kind: kind, Detail: map[string]string{"grant": grant}}
		for _, f := range change {
			f(e.Detail)
		}
		return e
	}
	var events []access.Event
	happens := func(more ...access.Event) review.Request {
		for _, e := range more {
			e.Seq, e.At = int64(len(events)+1), at.Add(time.Duration(len(events)+1)*time.Minute)
			events = append(events, e)
		}
		var q review.Request
		happened(&q, events, nil)
		return q
	}
	ended := access.Event{Kind: access.EventAccessEnded, Detail: map[string]string{"outcome": "expired"}}
	q := happens(of(access.EventRequestCreated, ""), of(access.EventGrantIntended, "a"), of(access.EventGrantIntended, "b"), of(access.EventAccessActive, ""),
		of(access.EventGrantClosed, "a", used(1).Into), of(access.EventGrantClosed, "b", used(2).Into), ended)
	require.Equal(t, 3, q.Usage.Sessions)
	require.EqualValues(t, 7, q.Events.Closed)

	q = happens(of(access.EventAccessReopened, "b"))
	require.Equal(t, access.StateEnding, q.State)
	require.Zero(t, q.ClosedAt)
	require.Zero(t, q.Events.Closed)
	require.Empty(t, q.Outcome)
	require.Equal(t, 1, q.Usage.Sessions)

	q = happens(of(access.EventGrantClosed, "b", used(5).Into))
	require.Equal(t, access.StateEnded, q.State)
	require.Equal(t, access.OutcomeExpired, q.Outcome)
	require.EqualValues(t, 9, q.Events.Closed)
	require.Equal(t, at.Add(9*time.Minute), q.ClosedAt)
	want := access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(time.Hour), Sessions: 6, For: access.Duration(2 * time.Minute)}
	require.Equal(t, &want, q.Usage)

	q = happens(of(access.EventAccessReopened, "a"), of(access.EventGrantClosed, "a"))
	require.Equal(t, access.UsageSeen, q.Usage.Kind, "one of its two targets does not say")
	require.EqualValues(t, 11, q.Events.Closed)
}
