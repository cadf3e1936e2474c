package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// status queries the running workflow after a time.
func (s *story) status(after time.Duration) *workflows.Status {
	st := &workflows.Status{}
	s.at(after, func() {
		v, err := s.env.QueryWorkflow(workflows.QueryStatus)
		require.NoError(s, err)
		require.NoError(s, v.Get(st))
	})
	return st
}

func TestCase11TwoApproversAtOneInstant(t *testing.T) {
	s := newStory(t)
	one, two := s.decide(time.Minute), s.decide(time.Minute)
	require.Equal(t, access.OutcomeExpired, s.run().Outcome)
	require.NoError(t, one.err)
	require.NoError(t, two.err)
	require.ElementsMatch(t, []string{"verify", "verify", "open", "close"}, s.calls, "one grant, one end")
	require.WithinDuration(t, start.Add(31*time.Minute), s.closedAt, time.Second)
}

// TestCase12ApproveAndDenyAtOneInstant: both are verified, in the order in which
// they came, and the denial wins either way: before access opens or after.
func TestCase12ApproveAndDenyAtOneInstant(t *testing.T) {
	for name, tallies := range map[string][]access.Tally{
		"the approval came first": {access.TallySatisfied, access.TallyDenied},
		"the denial came first":   {access.TallyDenied, access.TallyDenied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.tallies = tallies
			s.decide(time.Minute)
			s.decide(time.Minute)
			res := s.run()
			require.NotEqual(t, access.OutcomeExpired, res.Outcome)
			opened := 0
			for _, c := range s.calls {
				opened += map[string]int{"open": 1, "close": -1}[c]
			}
			require.LessOrEqual(t, opened, 0, "what was opened was closed")
			require.False(t, s.closedAt.After(start.Add(2*time.Minute)))
		})
	}
}

// TestCase12TakenBack: a denial that stood is not taken back by a decision that was
// waiting for the lock.
func TestCase12TakenBack(t *testing.T) {
	s := newStory(t)
	s.verifiesIn(300*time.Millisecond, access.TallyDenied, access.TallyUndecided)
	for n, by := range []string{"bob", "bob again"} { // by signals, which are taken one after the other with no pause
		s.at(time.Minute+time.Duration(n)*50*time.Millisecond, func() {
			s.env.SignalWorkflow(workflows.SignalDecision, workflows.SignedStatement{Envelope: unsigned(access.Decision{RequestID: requestID, Comment: by})})
		})
	}
	require.Equal(t, access.StateDenied, s.run().State)
}

// verifiesIn has each verification take so long, and return these tallies in turn. While
// it runs, time in the test environment passes as it does outside.
func (s *story) verifiesIn(d time.Duration, tallies ...access.Tally) {
	s.env.RegisterActivityWithOptions(func(context.Context, api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
		time.Sleep(d)
		answer := api.VerifyDecisionsResult{Tally: tallies[0]}
		tallies = tallies[1:]
		return answer, nil
	}, activity.RegisterOptions{Name: api.VerifyInTask, DisableAlreadyRegisteredCheck: true})
}

// TestCase13VerifiedAcrossTheDeadline: a decision that was made in time counts,
// although the worker that verifies it is slow; one that comes later does not.
func TestCase13VerifiedAcrossTheDeadline(t *testing.T) {
	s := newStory(t, func(p *access.Plan) { p.PendingUntil = start.Add(time.Minute) })
	s.verifiesIn(500*time.Millisecond, access.TallySatisfied)
	s.decide(time.Minute - 100*time.Millisecond)
	require.Equal(t, access.StateEnded, s.run().State)

	late := newStory(t, func(p *access.Plan) { p.PendingUntil = start.Add(time.Minute) })
	late.decide(61 * time.Second)
	require.Equal(t, access.StateLapsed, late.run().State)
	require.Empty(t, late.calls)
}

// TestCase49LateDenial: a denial that comes after the time for decisions still
// keeps a scheduled request from opening, and closes access that has opened.
func TestCase49LateDenial(t *testing.T) {
	both := []access.Tally{access.TallySatisfied, access.TallyDenied}
	at := start.Add(30 * time.Minute)
	scheduled := newStory(t, func(p *access.Plan) { p.PendingUntil, p.StartAt = start.Add(time.Minute), &at })
	scheduled.tallies = both
	scheduled.decide(30 * time.Second)
	scheduled.decide(10 * time.Minute)
	require.Equal(t, access.StateDenied, scheduled.run().State)
	require.NotContains(t, scheduled.calls, "open")

	active := newStory(t, func(p *access.Plan) { p.PendingUntil = start.Add(time.Minute) })
	active.tallies = both
	active.decide(30 * time.Second)
	active.decide(10 * time.Minute)
	require.Equal(t, access.OutcomeRevoked, active.run().Outcome)
	require.WithinDuration(t, start.Add(10*time.Minute), active.closedAt, time.Second)
}

// TestCase25NobodyToClose: with the closing worker away for more than a day the request is
// overdue, never ended, and is closed by the first that comes back.
func TestCase25NobodyToClose(t *testing.T) {
	s := newStory(t)
	s.decide(time.Minute)
	back := start.Add(30 * time.Hour)
	s.onClose = func(api.CloseGrantInput) error {
		if s.env.Now().Before(back) {
			return api.ToTemporalRetryable(access.Errorf(access.CodeUnavailable, "nobody is there"))
		}
		return nil
	}
	meanwhile := s.status(20 * time.Hour)
	require.Equal(t, access.StateEnded, s.run().State)
	require.Equal(t, access.StateEnding, meanwhile.State)
	require.True(t, meanwhile.Overdue)
	require.WithinDuration(t, back, s.closedAt, 31*time.Second, "noticed within the longest pause")
}

// TestCase34NotTooEarly: the workflow waits for the end that the target was given:
// no default, and no extension that failed, ends access before.
func TestCase34NotTooEarly(t *testing.T) {
	for name, d := range map[string]time.Duration{"a second": time.Second, "half an hour": 30 * time.Minute, "a week": 7 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, func(p *access.Plan) { p.Duration = access.Duration(d) })
			var until time.Time
			s.onOpen = func(in api.OpenGrantInput) error { until = in.ExpiresAt; return nil }
			s.decide(time.Minute)
			require.Equal(t, access.OutcomeExpired, s.run().Outcome)
			require.Equal(t, start.Add(time.Minute+d), until)
			require.False(t, s.closedAt.Before(until))
		})
	}
}

// TestCase35RevokedAndStillThere: a revocation that the target refuses does not
// turn into an ended request.
func TestCase35RevokedAndStillThere(t *testing.T) {
	s := newStory(t)
	s.decide(time.Minute)
	s.end(2*time.Minute, access.EndRevoke)
	s.onClose = func(api.CloseGrantInput) error {
		if s.env.Now().Before(start.Add(5 * time.Hour)) {
			return api.ToTemporalRetryable(access.Errorf(access.CodeForbidden, "no"))
		}
		return nil
	}
	meanwhile := s.status(4 * time.Hour)
	require.Equal(t, access.OutcomeRevoked, s.run().Outcome)
	require.Equal(t, access.StateEnding, meanwhile.State)
	require.True(t, meanwhile.Overdue)
}
