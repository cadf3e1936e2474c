package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

func (a asked) record(t access.Transition) error {
	t.RequestID, t.At = a.plan.RequestID, a.now
	_, err := a.env.ExecuteActivity(api.RecordTransition, t)
	return api.FromTemporal(err)
}

func (a asked) state() access.State {
	r, err := a.ledger.Request(a.Context(), a.plan.RequestID)
	require.NoError(a, err)
	return r.State
}

// TestCase58Record: somebody with write access to Temporal's namespace asks for any
// transition to be recorded, by the activity for it and by the one that closes.
func TestCase58Record(t *testing.T) {
	w := newWorker(t)
	event := func(kind access.EventKind) []access.Event {
		return []access.Event{{Kind: kind, At: w.now, Actor: "bob", Key: "made up"}}
	}
	t.Run("over, while access is open", func(t *testing.T) {
		a := w.approvedAndOpen()
		require.Error(t, a.record(access.Transition{To: access.StateEnded, Outcome: access.OutcomeExpired, Events: event(access.EventAccessEnded)}))
		require.Error(t, a.record(access.Transition{To: access.StateEnded, Outcome: access.OutcomeExpired, Events: event(access.EventAccessEnded)}))
		require.NotEqual(t, access.StateEnded, a.state())
		require.Zero(t, a.eventCounts()[access.EventAccessEnded])
		require.Equal(t, 1, a.eventCounts()[access.EventActRefused], "the attempt is recorded, once")
	})
	made := map[string]access.Transition{
		"approved by nobody":      {To: access.StateApproved},
		"decisions":               {Decisions: []access.Decision{{Verdict: access.Approve, Approver: bob}}},
		"stages":                  {Stages: []access.StageStatus{{Met: true}}},
		"denied by nobody":        {To: access.StateDenied},
		"scheduled":               {To: access.StateScheduled},
		"being opened":            {To: access.StateGranting},
		"active":                  {To: access.StateActive},
		"ending":                  {To: access.StateEnding},
		"an event of a decision":  {Events: event(access.EventDecisionRecorded)},
		"an event of a grant":     {Events: event(access.EventGrantClosed)},
		"an event of another end": {Events: event(access.EventAccessEnded)},
		"an end of its own":       {ExpiresAt: new(w.now.Add(time.Hour))},
		"a beginning of its own":  {ActiveAt: new(w.now.Add(300 * 24 * time.Hour))},
		"a text for people":       {Problem: new("Call +1 555 0100 and read out your one-time code.")},
		"extensions":              {Extensions: new(99)},
	}
	for name, transition := range made {
		t.Run(name, func(t *testing.T) {
			a := w.asks()
			require.Error(t, a.record(transition))
			_, err := a.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant(),
				Ending: with(transition, a), Ended: with(transition, a)})
			require.NoError(t, err, "closing goes on, whatever it brings along")
			r, err := a.ledger.Request(t.Context(), a.plan.RequestID)
			require.NoError(t, err)
			require.Equal(t, access.StatePending, r.State)
			require.Empty(t, r.Decisions)
			require.Nil(t, r.ExpiresAt)
			counts := a.eventCounts()
			require.Equal(t, map[access.EventKind]int{access.EventRequestCreated: 1, access.EventActRefused: 1}, counts)
		})
	}
}

func with(t access.Transition, a asked) *access.Transition {
	t.RequestID, t.At = a.plan.RequestID, a.now
	return &t
}

// TestCase58BeginningAndExtensions: when access began, which quotas count from, is what
// the ledger's own grants say, once; and no more extensions are recorded than were ordered.
func TestCase58BeginningAndExtensions(t *testing.T) {
	a := newWorker(t).approvedAndOpen()
	before, err := a.ledger.Request(t.Context(), a.plan.RequestID)
	require.NoError(t, err)
	later := a.now.Add(300 * 24 * time.Hour)
	require.Error(t, a.record(access.Transition{ActiveAt: &later}))
	_ = a.record(access.Transition{To: access.StateActive, ActiveAt: &later})
	require.Error(t, a.record(access.Transition{Extensions: new(1)}), "nobody ordered one")
	require.Error(t, a.record(access.Transition{Problem: new("Call +1 555 0100")}))
	after, err := a.ledger.Request(t.Context(), a.plan.RequestID)
	require.NoError(t, err)
	require.Equal(t, before.Extensions, after.Extensions)
	require.Equal(t, before.Problem, after.Problem)
	require.False(t, after.ActiveAt != nil && after.ActiveAt.Equal(later))
}
