package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

func TestOffboarding(t *testing.T) {
	t.Run("live access is closed at once", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.end(10*time.Minute, access.EndOffboard)
		require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeOffboarded}, s.run())
		require.WithinDuration(t, start.Add(10*time.Minute), s.closedAt, time.Second)
	})
	t.Run("a pending request is cancelled", func(t *testing.T) {
		s := newStory(t)
		s.end(time.Minute, access.EndOffboard)
		require.Equal(t, access.StateCancelled, s.run().State)
		require.NotContains(t, s.calls, "open")
	})
}

// TestCase100EndedByCondition: an order that a condition gave ends access as any other does.
func TestCase100EndedByCondition(t *testing.T) {
	s := newStory(t)
	s.decide(time.Minute)
	s.end(10*time.Minute, access.EndByCondition)
	require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeCondition}, s.run())
	require.WithinDuration(t, start.Add(10*time.Minute), s.closedAt, time.Second)
}

func (s *story) recount(after time.Duration) {
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.SignalRecount, nil) }, after)
}

func TestCase06Recount(t *testing.T) {
	t.Run("counts again, and waits on", func(t *testing.T) {
		s := newStory(t)
		s.tallies = []access.Tally{access.TallyUndecided, access.TallyUndecided, access.TallySatisfied}
		s.decide(time.Minute)
		s.recount(2 * time.Minute)
		s.decide(3 * time.Minute)
		require.Equal(t, access.StateEnded, s.run().State)
		require.Equal(t, []string{"verify", "verify", "verify", "open", "close"}, s.calls)
	})
	t.Run("nothing to count, too late, or a flood", func(t *testing.T) {
		s := newStory(t)
		s.recount(time.Second) // nobody has decided
		s.decide(time.Minute)
		for range 200 {
			s.recount(10 * time.Minute) // it is open: a denial would end it, a recount does not
		}
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.Equal(t, []string{"verify", "open", "close"}, s.calls)
	})
	t.Run("cannot keep a decision out", func(t *testing.T) {
		s := newStory(t)
		s.tallies = []access.Tally{access.TallyUndecided}
		s.decide(time.Second)
		for i := range 300 {
			s.recount(time.Minute + time.Duration(i)*time.Second)
		}
		s.env.RegisterDelayedCallback(func() { s.tallies = []access.Tally{access.TallySatisfied} }, 8*time.Minute)
		s.decide(9 * time.Minute)
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		verified := 0
		for _, c := range s.calls {
			if c == "verify" {
				verified++
			}
		}
		require.Less(t, verified, 110)
	})
}
