package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUsageOfSessions(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	minutes := func(from, to int) Session {
		return Session{at.Add(time.Duration(from) * time.Minute), at.Add(time.Duration(to) * time.Minute)}
	}
	require.Equal(t, Usage{Kind: UsageSessions}, UsageOf(nil))
	u := UsageOf([]Session{minutes(50, 55), minutes(0, 20), minutes(10, 15), minutes(18, 30)})
	require.Equal(t, Usage{Kind: UsageSessions, First: at, Last: at.Add(55 * time.Minute), Sessions: 4, For: Duration(35 * time.Minute)}, u)
	require.Equal(t, "used from 2026-11-24T09:00:00Z to 2026-11-24T09:55:00Z: 4 sessions, 35m of 1h", u.Words(Duration(time.Hour)))
}

// TestUsageOfMoments: what was shorter than a second is rounded up once, and said to be so.
func TestUsageOfMoments(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	moment := func(from time.Duration) Session { return Session{at.Add(from), at.Add(from + 90*time.Millisecond)} }
	u := UsageOf([]Session{moment(0), moment(time.Second), moment(2 * time.Second)})
	require.Equal(t, Usage{Kind: UsageSessions, First: at, Last: at.Add(2 * time.Second), Sessions: 3, For: Duration(time.Second)}, u)
	require.Empty(t, u.Validate())
	require.Equal(t, "used from 2026-11-24T09:00:00Z to 2026-11-24T09:00:02Z: 3 sessions, at most 1s of 3s", u.Words(Duration(3*time.Second)))
	require.Equal(t, "used from 2026-11-24T09:00:00Z to 2026-11-24T09:00:00Z: 1 session, at most 1s", UsageOf([]Session{moment(0)}).Words(0))
	u.Sessions, u.For = 2, Duration(2*time.Second) // an event of before, which rounded up each
	require.Contains(t, u.Words(Duration(2*time.Second)), "2 sessions, at most 2s of 2s")
	require.Contains(t, UsageOf([]Session{{at, at.Add(time.Minute)}}).Words(0), "1 session, 1m")
}

// TestUsageInAnEvent: what an event says is read back, and what somebody made of it is not
// believed.
func TestUsageInAnEvent(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for words, u := range map[string]Usage{
		"not used": {Kind: UsageSessions},
		"used from 2026-11-24T09:00:00Z to 2026-11-24T09:30:00Z: 1 session, 12m":            {Kind: UsageSessions, First: at, Last: at.Add(30 * time.Minute), Sessions: 1, For: Duration(12 * time.Minute)},
		"used, seen from 2026-11-24T09:00:00Z to 2026-11-24T09:30:00Z: 2 sessions at least": {Kind: UsageSeen, First: at, Last: at.Add(30 * time.Minute), Sessions: 2, For: Duration(time.Minute)},
		"not seen in use; sessions between two looks are not seen":                          {Kind: UsageSeen},
		"last used at 2026-11-24T09:00:00Z":                                                 {Kind: UsageLast, Last: at},
		"not known: the target learns of use hours later":                                   {Kind: UsageLast},
		"not known: the target did not say in time":                                         {Kind: UsageNotKnown},
	} {
		e := Event{Kind: EventGrantClosed, Detail: map[string]string{"grant": "g", "target": "ssh/demo"}}
		u.Into(e.Detail)
		read, said := e.Usage()
		require.True(t, said, e.Detail)
		require.Equal(t, u, read)
		require.Equal(t, words, u.Words(0))
	}
	for name, d := range map[string]map[string]string{
		"nothing": {}, "another kind": {detailUsage: "often"}, "no number": {detailUsage: "seen", detailSessions: "many", detailFor: "1m"},
		"no time": {detailUsage: "last_used", detailLast: "today"}, "no length": {detailUsage: "sessions", detailSessions: "1"},
		"longer than from the first to the last": {detailUsage: "seen", detailSessions: "1", detailFor: "32m", detailFirst: "2026-11-24T09:00:00Z", detailLast: "2026-11-24T09:30:00Z"},
		"negative":                               {detailUsage: "seen", detailSessions: "-1", detailFor: "1m"},
	} {
		u, said := Event{Detail: d}.Usage()
		require.False(t, said, name)
		require.Equal(t, Usage{}, u, name)
	}
}

// TestAlteredUsageIsNotShown: an event that is no longer what was recorded says nothing of
// use, like the timeline, which shows it as altered.
func TestAlteredUsageIsNotShown(t *testing.T) {
	e := Event{Seq: 7, Kind: EventGrantClosed, Detail: map[string]string{"grant": "g", "target": "ssh/demo"}}
	Usage{Kind: UsageSessions}.Into(e.Detail)
	r := Request{Timeline: []Event{e}}
	require.Len(t, r.Usage(), 1)
	r.TimelineCheck = &TimelineCheck{Altered: []int64{7}}
	require.Empty(t, r.Usage())
}
