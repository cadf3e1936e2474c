package access

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestGrantStates of a request with three grants, through its life and its failures.
func TestGrantStates(t *testing.T) {
	at := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	plan := Plan{Grants: []PlannedGrant{{Name: "a", Target: "ssh/a"}, {Name: "b", Target: "ssh/b"}, {Name: "c", Target: "ssh/c"}}}
	events := func(spec ...string) []Event {
		kinds := map[byte]EventKind{'i': EventGrantIntended, 'o': EventGrantOpened, 'x': EventGrantClosed, 'n': EventGrantNotBegun, 'e': EventAccessEnding}
		out := []Event{}
		for i, s := range spec {
			out = append(out, Event{Seq: int64(i + 1), Kind: kinds[s[0]], At: at, Detail: map[string]string{"grant": s[1:]}})
			if s == "e" {
				out[i].Detail, out[i].Message = nil, "opening failed: no route"
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		state   State
		outcome Outcome
		events  []Event
		want    [3]GrantCondition
	}{
		"nobody has decided":         {StatePending, "", events(), [3]GrantCondition{GrantWaiting, GrantWaiting, GrantWaiting}},
		"the second is being opened": {StateGranting, "", events("ia", "oa", "ib"), [3]GrantCondition{GrantOpen, GrantOpening, GrantWaiting}},
		"all are open":               {StateActive, "", events("ia", "oa", "ib", "ob", "ic", "oc"), [3]GrantCondition{GrantOpen, GrantOpen, GrantOpen}},
		"the last is closed":         {StateEnding, OutcomeExpired, events("ia", "oa", "ib", "ob", "ic", "oc", "xc"), [3]GrantCondition{GrantClosing, GrantClosing, GrantClosed}},
		"it is over":                 {StateEnded, OutcomeExpired, events("ia", "oa", "ib", "ob", "ic", "oc", "xc", "xb", "xa"), [3]GrantCondition{GrantClosed, GrantClosed, GrantClosed}},
		"the second is failing":      {StateEnding, OutcomeFailed, events("ia", "oa", "ib"), [3]GrantCondition{GrantClosing, GrantClosing, GrantUnopened}},
		"nobody has confirmed yet":   {StateEnding, OutcomeFailed, events("ia", "oa", "e", "xa"), [3]GrantCondition{GrantClosed, GrantUnopened, GrantUnopened}},
		"ruled out":                  {StateEnding, OutcomeFailed, events("ia", "oa", "e", "nb", "nc"), [3]GrantCondition{GrantClosing, GrantFailed, GrantUnopened}},
		"ruled out, and over":        {StateEnded, OutcomeFailed, events("ia", "oa", "e", "nb", "nc", "xa"), [3]GrantCondition{GrantClosed, GrantFailed, GrantUnopened}},
		"the second failed":          {StateEnded, OutcomeFailed, events("ia", "oa", "ib", "xb", "xa"), [3]GrantCondition{GrantClosed, GrantFailed, GrantUnopened}},
		"the second failed at once":  {StateEnded, OutcomeFailed, events("ia", "oa", "xa"), [3]GrantCondition{GrantClosed, GrantFailed, GrantUnopened}},
		"somebody ended it early":    {StateEnded, OutcomeRevoked, events("ia", "oa", "xa"), [3]GrantCondition{GrantClosed, GrantUnopened, GrantUnopened}},
		"it was denied":              {StateDenied, "", events(), [3]GrantCondition{GrantUnopened, GrantUnopened, GrantUnopened}},
	} {
		r := Request{State: c.state, Outcome: c.outcome, Plan: plan, Timeline: c.events, Problem: "opening failed: no route"}
		if strings.HasPrefix(name, "ruled out") {
			r.Problem = "2 of 3 grants are not proven closed after 1m; Ramp keeps trying"
		}
		var got [3]GrantCondition
		for i, s := range r.GrantStates() {
			got[i] = s.Condition
			unconfirmed := s.Condition == GrantUnopened && c.state == StateEnding && !strings.HasPrefix(name, "ruled out")
			require.Equal(t, s.Condition == GrantFailed || unconfirmed || name == "the second is failing" && i == 1, s.Reason != "", "%s %d", name, i)
			require.Equal(t, unconfirmed, strings.Contains(s.Reason, "has yet to confirm"), "%s %d", name, i)
			require.NotContains(t, s.Reason, "not proven closed", "%s: the later problem is not why it failed", name)
		}
		require.Equal(t, c.want, got, name)
		require.Equal(t, len(c.events) == 0, r.NothingBegun(), name)
	}
	altered := Request{State: StateActive, Plan: plan, Timeline: events("ia", "oa", "xa"), TimelineCheck: &TimelineCheck{Altered: []int64{3}}}
	require.Equal(t, GrantOpen, altered.GrantStates()[0].Condition, "what was altered says nothing")
	require.Empty(t, Request{Plan: plan}.GrantStates())
	require.False(t, Request{Plan: plan}.NothingBegun(), "it says nothing")

	// What was done in part is said last, and only while it is so.
	partly := func(done, why string) Event {
		return Event{Seq: 9, Kind: EventGrantPartly, At: at, Message: why, Detail: map[string]string{"grant": "a", DetailDone: done}}
	}
	said := func(state State, timeline ...Event) string {
		return Request{State: state, Plan: plan, Timeline: timeline}.GrantStates()[0].Reason
	}
	open, left := events("ia", "oa"), partly(PartlyOpened, "It is not on db1.")
	require.Equal(t, left.Message, said(StateActive, append(open, left)...))
	require.Empty(t, said(StateEnding, append(open, left)...))
	joined := Event{Seq: 10, Kind: EventGrantJoined, At: at, Message: "It is on db1 by now.", Detail: map[string]string{"grant": "a"}}
	require.Empty(t, said(StateActive, append(open, left, joined)...), "it is on all of its target")
	require.Equal(t, "It is not on db2.", said(StateActive, append(open, left, joined, partly(PartlyOpened, "It is not on db2."))...))
	require.Equal(t, "db1 has not", said(StateEnding, append(open, partly(PartlyEnded, "db1 has not"), joined)...), "of how it opened, at the end")
	require.Equal(t, "web1 has not", said(StateEnding, append(open, left, partly(PartlyEnded, "db1 has not"), partly(PartlyEnded, "web1 has not"))...))
	require.Empty(t, said(StateEnded, append(open, left, partly(PartlyEnded, "db1 has not"), events("xa")[0])...))
	altered = Request{State: StateActive, Plan: plan, Timeline: append(open, left), TimelineCheck: &TimelineCheck{Altered: []int64{9}}}
	require.Empty(t, altered.GrantStates()[0].Reason)
}
