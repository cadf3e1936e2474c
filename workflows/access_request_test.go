package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

func TestAccessLifecycle(t *testing.T) {
	t.Run("approved, active, expired, proven gone", func(t *testing.T) {
		s := newStory(t)
		o := s.decide(time.Minute)
		res := s.run()
		require.NoError(t, o.err)
		require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeExpired}, res)
		require.Equal(t, []string{"verify", "open", "close"}, s.calls)
		require.Equal(t, []access.State{access.StateActive, access.StateEnding, access.StateEnded}, s.states())
		require.WithinDuration(t, start.Add(31*time.Minute), s.closedAt, time.Second)
	})
	t.Run("approved for less, and from later on", func(t *testing.T) {
		s := newStory(t)
		from := start.Add(20 * time.Minute)
		s.update(time.Minute, workflows.UpdateDecide, unsigned(access.Decision{RequestID: requestID, PlanDigest: s.input().Plan.Digest, Verdict: access.Approve,
			Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}, At: start.Add(time.Minute),
			UpTo: access.Duration(10 * time.Minute), StartAt: &from}))
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.WithinDuration(t, start.Add(30*time.Minute), s.closedAt, time.Second)
	})
	t.Run("denied", func(t *testing.T) {
		s := newStory(t)
		s.tallies = []access.Tally{access.TallyDenied}
		s.decide(time.Minute)
		require.Equal(t, access.StateDenied, s.run().State)
		require.NotContains(t, s.calls, "open")
	})
	t.Run("Case11 ask: nobody decides, it lapses on its own clock", func(t *testing.T) {
		s := newStory(t)
		require.Equal(t, access.StateLapsed, s.run().State)
		require.Equal(t, start.Add(time.Hour), s.recorded[0].At)
	})
	t.Run("cancelled while pending", func(t *testing.T) {
		s := newStory(t)
		s.end(time.Minute, access.EndCancel)
		require.Equal(t, access.StateCancelled, s.run().State)
	})
	t.Run("released early", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.end(10*time.Minute, access.EndRelease)
		require.Equal(t, access.OutcomeReleased, s.run().Outcome)
		require.WithinDuration(t, start.Add(10*time.Minute), s.closedAt, time.Second)
	})
	t.Run("automatic approval is proven by a worker", func(t *testing.T) {
		s := newStory(t, func(p *access.Plan) { p.Rule = access.Rule{Auto: true, DenyThreshold: 1} })
		require.Equal(t, access.StateEnded, s.run().State)
		require.Equal(t, []string{"verify", "open", "close"}, s.calls)
	})
	t.Run("scheduled start waits", func(t *testing.T) {
		at := start.Add(30 * time.Minute)
		s := newStory(t, func(p *access.Plan) { p.StartAt = &at })
		s.decide(time.Minute)
		var opened time.Time
		s.onOpen = func(api.OpenGrantInput) error { opened = s.env.Now(); return nil }
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.WithinDuration(t, at, opened, time.Second)
		require.Equal(t, access.StateScheduled, s.states()[0])
	})
	t.Run("access lasts from its opening, which may come late", func(t *testing.T) {
		s := newStory(t, func(p *access.Plan) { p.Duration = access.Duration(time.Minute) })
		s.decide(time.Minute)
		late := false
		s.onOpen = func(in api.OpenGrantInput) error {
			require.True(t, in.FromOpening)
			if !late { // the queue is busy
				late = true
				return api.ToTemporal(access.Errorf(access.CodeUnavailable, "not now"))
			}
			return nil
		}
		s.lasts = 5 * time.Minute
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.WithinDuration(t, start.Add(6*time.Minute), s.closedAt, 5*time.Second)
	})
	t.Run("several grants have one end", func(t *testing.T) {
		s := newStory(t, func(p *access.Plan) {
			second := p.Grants[0]
			second.Name = access.GrantName(requestID, 1)
			p.Grants = append(p.Grants, second)
		})
		s.decide(time.Minute)
		s.onOpen = func(in api.OpenGrantInput) error { require.False(t, in.FromOpening); return nil }
		s.lasts = time.Hour // a later end of one of them moves nothing
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.WithinDuration(t, start.Add(31*time.Minute), s.closedAt, time.Second)
	})
	t.Run("Case15 a denial after access opened closes it", func(t *testing.T) {
		s := newStory(t)
		s.tallies = []access.Tally{access.TallySatisfied, access.TallyDenied}
		s.decide(time.Minute)
		s.decide(5 * time.Minute)
		require.Equal(t, access.OutcomeRevoked, s.run().Outcome)
		require.WithinDuration(t, start.Add(5*time.Minute), s.closedAt, time.Second)
	})
	t.Run("Case14 a second approval changes nothing", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.decide(5 * time.Minute)
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
		require.WithinDuration(t, start.Add(31*time.Minute), s.closedAt, time.Second)
	})
	t.Run("a decision by signal ends in the same place", func(t *testing.T) {
		s := newStory(t)
		s.at(time.Minute, func() {
			s.env.SignalWorkflow(workflows.SignalDecision, workflows.SignedStatement{Envelope: unsigned(s.another())})
		})
		require.Equal(t, access.OutcomeExpired, s.run().Outcome)
	})
}

func TestAccessEndsWhateverBreaks(t *testing.T) {
	t.Run("a target that nobody serves: the request is recorded as ending without it", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		recorded := time.Time{}
		s.onRecord = func(in access.Transition) error {
			if in.To == access.StateEnding {
				recorded = s.env.Now()
			}
			return nil
		}
		tries := 0
		s.onClose = func(api.CloseGrantInput) error {
			switch tries++; {
			case tries == 1: // the first try is not taken up in time
				return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil)
			case tries < 6:
				return errors.New("not now")
			}
			return nil
		}
		require.Equal(t, access.StateEnded, s.run().State)
		require.WithinDuration(t, start.Add(31*time.Minute), recorded, 10*time.Second)
		require.Equal(t, access.StateEnded, s.states()[len(s.states())-1])
	})
	t.Run("several grants: active and ended are what all of them are", func(t *testing.T) {
		s := newStory(t, func(p *access.Plan) {
			second := p.Grants[0]
			second.Name = access.GrantName(requestID, 1)
			p.Grants = append(p.Grants, second)
		})
		s.decide(time.Minute)
		s.onOpen = func(in api.OpenGrantInput) error { require.False(t, in.OnlyGrant); return nil }
		s.onClose = func(in api.CloseGrantInput) error { require.False(t, in.OnlyGrant); return nil }
		require.Equal(t, access.StateEnded, s.run().State)
		require.Equal(t, []access.State{access.StateActive, access.StateEnding, access.StateEnded}, s.states())
	})
	t.Run("cancelling the workflow revokes, and still closes", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.at(5*time.Minute, s.env.CancelWorkflow)
		require.Equal(t, access.OutcomeRevoked, s.run().Outcome)
		require.Contains(t, s.calls, "close")
	})
	t.Run("opening fails: what may be open is closed", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.onOpen = func(api.OpenGrantInput) error {
			return temporal.NewNonRetryableApplicationError("no rights", string(access.CodeForbidden), nil)
		}
		require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeFailed}, s.run())
		require.Contains(t, s.calls, "close")
	})
	t.Run("Case28 closing is retried past any error, and overdue meanwhile", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		tries := 0
		s.onClose = func(api.CloseGrantInput) error {
			if tries++; tries < 20 {
				return api.ToTemporalRetryable(access.Errorf(access.CodeForbidden, "denied for ever"))
			}
			return nil
		}
		require.Equal(t, access.StateEnded, s.run().State)
		require.Equal(t, 20, tries)
		var overdue []bool
		for _, r := range s.recorded {
			if r.Overdue != nil {
				overdue = append(overdue, *r.Overdue)
			}
		}
		require.Equal(t, []bool{true, false}, overdue)
	})
	t.Run("a ledger that is down does not delay closing", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.onRecord = func(access.Transition) error {
			if s.env.Now().Before(start.Add(2 * time.Hour)) {
				return errors.New("ledger down")
			}
			return nil
		}
		require.Equal(t, access.StateEnded, s.run().State)
		require.WithinDuration(t, start.Add(31*time.Minute), s.closedAt, time.Second)
		require.Equal(t, []access.State{access.StateActive, access.StateEnding, access.StateEnded}, s.states())
	})
	t.Run("Case39 a flood of decisions is refused, and revoking still works", func(t *testing.T) {
		s := newStory(t)
		s.tallies = []access.Tally{access.TallyUndecided}
		var last *outcome
		for i := range 150 {
			last = s.decide(time.Duration(i+1) * time.Second)
		}
		s.end(10*time.Minute, access.EndCancel)
		require.Equal(t, access.StateCancelled, s.run().State)
		require.True(t, last.rejected)
	})
}

func TestPickUpNamesTheDecisions(t *testing.T) {
	s := newStory(t)
	s.decide(0)
	grant := access.GrantName(requestID, 0)
	o := s.update(10*time.Minute, workflows.UpdatePickUp, unsigned(access.PickUpOrder{RequestID: requestID, Grant: grant, By: access.Person{ID: "alice"}}))
	s.run()
	require.NoError(t, o.err)
	require.Len(t, s.minted, 1)
	require.Len(t, s.minted[0].Decided, 1, "the worker requires the decisions that the request has")
}

func TestExtension(t *testing.T) {
	extendFrom := func(s *story, after time.Duration, n int, from, adds time.Duration) *outcome {
		return s.update(after, workflows.UpdateExtend, unsigned(access.ExtensionOrder{RequestID: requestID,
			Number: n, From: start.Add(from), Adds: access.Duration(adds), By: access.Person{ID: "alice"}}))
	}
	extend := func(s *story, after time.Duration, n int, adds time.Duration) *outcome {
		return extendFrom(s, after, n, 30*time.Minute, adds)
	}
	t.Run("moves the end", func(t *testing.T) {
		s := newStory(t)
		s.decide(0)
		var decided []string
		s.onExtend = func(in api.ExtendGrantInput) error {
			decided = in.Decided
			return nil
		}
		o := extend(s, 10*time.Minute, 1, 30*time.Minute)
		s.run()
		require.NoError(t, o.err)
		require.Len(t, decided, 1, "the worker requires the decisions that the request has")
		require.WithinDuration(t, start.Add(time.Hour), s.closedAt, 2*time.Second)
	})
	t.Run("a target that cannot leaves the old end", func(t *testing.T) {
		s := newStory(t)
		s.decide(0)
		s.onExtend = func(api.ExtendGrantInput) error {
			return temporal.NewNonRetryableApplicationError("cannot", string(access.CodeInvalid), nil)
		}
		o := extend(s, 10*time.Minute, 1, time.Hour)
		s.run()
		require.Error(t, o.err)
		require.WithinDuration(t, start.Add(30*time.Minute), s.closedAt, 2*time.Second)
	})
	t.Run("out of turn, told twice, or before it is active", func(t *testing.T) {
		s := newStory(t)
		early := extend(s, time.Second, 1, time.Hour)
		s.decide(time.Minute)
		elsewhere := extend(s, 9*time.Minute, 1, time.Hour)
		first := extendFrom(s, 10*time.Minute, 1, 31*time.Minute, time.Hour)
		again := extendFrom(s, 11*time.Minute, 1, 31*time.Minute, 2*time.Hour)
		s.run()
		require.ErrorContains(t, elsewhere.err, "access ends at", "Case55 it starts from another end")
		require.True(t, early.rejected)
		require.NoError(t, first.err)
		require.Error(t, again.err)
	})
}
