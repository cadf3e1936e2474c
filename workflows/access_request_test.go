package workflows_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

var start = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

const requestID = "0123456789abcdef"

func plan(change ...func(*access.Plan)) access.Plan {
	p := access.Plan{
		RequestID: requestID, Contract: "ssh-demo", ContractVersion: "sha256:c0ffee",
		Requester: access.Person{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering"}},
		Principal: "alice", Reason: "fix the stuck order", Duration: access.Duration(30 * time.Minute),
		CreatedAt: start, PendingUntil: start.Add(time.Hour),
		Grants: []access.PlannedGrant{{Name: access.GrantName(requestID, 0), Target: "ssh/demo",
			Entitlement: access.Entitlement{"user": "demo"}, Scope: access.Scope{Summary: "log in as demo"}}},
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "lead", From: []string{"approvers"}, Approvals: 1}}},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func unsigned(v any) evidence.Envelope {
	b, _ := json.Marshal(v)
	types := map[string]string{"access.Plan": evidence.TypePlan, "access.Decision": evidence.TypeDecision,
		"access.ExtensionOrder": evidence.TypeExtension}
	return evidence.Envelope{PayloadType: types[fmt.Sprintf("%T", v)], Payload: base64.StdEncoding.EncodeToString(b)}
}

// story runs one request against fakes of the activities, and keeps the calls in
// order.
type story struct {
	*testing.T
	env      *testsuite.TestWorkflowEnvironment
	plan     access.Plan
	calls    []string
	recorded []access.Transition
	closedAt time.Time
	onOpen   func(api.OpenGrantInput) error
	onClose  func(api.CloseGrantInput) error
	onExtend func(api.ExtendGrantInput) error
	onRecord func(access.Transition) error
	outcomes []access.DecisionOutcome // what VerifyDecisions returns, in turn
	decided  int
}

func newStory(t *testing.T, change ...func(*access.Plan)) *story {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(quiet{})
	s := &story{T: t, env: ts.NewTestWorkflowEnvironment(), plan: plan(change...),
		outcomes: []access.DecisionOutcome{access.DecisionsSatisfied}}
	s.env.SetStartTime(start)
	s.env.SetStartWorkflowOptions(clientOptions())
	s.env.RegisterWorkflow(workflows.AccessRequest)
	named := func(name string, f any) { s.env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name}) }
	named(api.VerifyDecisions, func(in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
		s.calls = append(s.calls, "verify")
		next := s.outcomes[0]
		if len(s.outcomes) > 1 {
			s.outcomes = s.outcomes[1:]
		}
		return api.VerifyDecisionsResult{Outcome: next, Decision: &access.Decision{Approver: access.Person{ID: "bob"}}}, nil
	})
	named(api.RecordTransition, func(in access.Transition) error {
		if s.onRecord != nil {
			if err := s.onRecord(in); err != nil {
				return err
			}
		}
		s.note(&in)
		return nil
	})
	named(api.OpenGrant, func(in api.OpenGrantInput) (api.OpenGrantResult, error) {
		s.calls = append(s.calls, "open")
		if s.onOpen != nil {
			if err := s.onOpen(in); err != nil {
				return api.OpenGrantResult{}, err
			}
		}
		if in.OnlyGrant {
			s.recorded = append(s.recorded, access.Activation(requestID, s.env.Now(), in.ExpiresAt))
		}
		return api.OpenGrantResult{}, nil
	})
	named(api.ExtendGrant, func(in api.ExtendGrantInput) error {
		s.calls = append(s.calls, "extend")
		if s.onExtend != nil {
			return s.onExtend(in)
		}
		return nil
	})
	named(api.CloseGrant, func(in api.CloseGrantInput) error {
		s.calls = append(s.calls, "close")
		s.note(in.Ending)
		if s.onClose != nil {
			if err := s.onClose(in); err != nil {
				return err
			}
		}
		s.closedAt = s.env.Now()
		s.note(in.Ended)
		return nil
	})
	return s
}

// note keeps a transition once, as the ledger does.
func (s *story) note(in *access.Transition) {
	if in == nil || slices.ContainsFunc(s.recorded, func(r access.Transition) bool { return r.Events[0].Key == in.Events[0].Key }) {
		return
	}
	s.recorded = append(s.recorded, *in)
}

func (s *story) at(after time.Duration, f func()) { s.env.RegisterDelayedCallback(f, after) }

func (s *story) decide(after time.Duration) *outcome {
	return s.update(after, workflows.UpdateDecide, unsigned(s.another()))
}

// another returns a decision that differs from every one before it.
func (s *story) another() access.Decision {
	s.decided++
	return access.Decision{RequestID: requestID, Comment: fmt.Sprint(s.decided)}
}

func (s *story) end(after time.Duration, kind workflows.EndKind) {
	s.at(after, func() {
		s.env.SignalWorkflow(workflows.SignalEnd, workflows.EndRequest{Kind: kind, By: "alice", At: s.env.Now()})
	})
}

type outcome struct {
	err      error
	rejected bool
	done     bool
}

func (s *story) update(after time.Duration, name string, e evidence.Envelope) *outcome {
	o := &outcome{}
	s.at(after, func() {
		s.env.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
			OnAccept:   func() {},
			OnReject:   func(err error) { o.err, o.rejected, o.done = err, true, true },
			OnComplete: func(_ any, err error) { o.err, o.done = err, true },
		}, workflows.SignedStatement{Envelope: e})
	})
	return o
}

// input starts the request.
func (s *story) input() workflows.AccessRequestInput {
	s.Helper()
	in, err := workflows.NewAccessRequestInput(unsigned(s.plan))
	require.NoError(s, err)
	return in
}

func (s *story) run() workflows.AccessRequestResult {
	s.Helper()
	s.env.ExecuteWorkflow(workflows.AccessRequest, s.input())
	require.True(s, s.env.IsWorkflowCompleted())
	require.NoError(s, s.env.GetWorkflowError())
	var res workflows.AccessRequestResult
	require.NoError(s, s.env.GetWorkflowResult(&res))
	return res
}

func (s *story) states() []access.State {
	var out []access.State
	for _, r := range s.recorded {
		if r.To != "" {
			out = append(out, r.To)
		}
	}
	return out
}

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
	t.Run("denied", func(t *testing.T) {
		s := newStory(t)
		s.outcomes = []access.DecisionOutcome{access.DecisionsDenied}
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
		s.end(time.Minute, workflows.EndCancel)
		require.Equal(t, access.StateCancelled, s.run().State)
	})
	t.Run("released early", func(t *testing.T) {
		s := newStory(t)
		s.decide(time.Minute)
		s.end(10*time.Minute, workflows.EndRelease)
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
	t.Run("Case15 a denial after access opened closes it", func(t *testing.T) {
		s := newStory(t)
		s.outcomes = []access.DecisionOutcome{access.DecisionsSatisfied, access.DecisionsDenied}
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
		s.at(time.Minute, func() { s.env.SignalWorkflow(workflows.SignalDecision, workflows.SignedStatement{}) })
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
			if tries++; tries < 6 {
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
		s.onClose = func(in api.CloseGrantInput) error { require.Nil(t, in.Ended); return nil }
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
		s.outcomes = []access.DecisionOutcome{access.DecisionsUndecided}
		var last *outcome
		for i := range 150 {
			last = s.decide(time.Duration(i+1) * time.Second)
		}
		s.end(10*time.Minute, workflows.EndCancel)
		require.Equal(t, access.StateCancelled, s.run().State)
		require.True(t, last.rejected)
	})
}

func TestExtension(t *testing.T) {
	extend := func(s *story, after time.Duration, n int, adds time.Duration) *outcome {
		return s.update(after, workflows.UpdateExtend, unsigned(access.ExtensionOrder{RequestID: requestID,
			Number: n, Adds: access.Duration(adds), By: access.Person{ID: "alice"}}))
	}
	t.Run("moves the end", func(t *testing.T) {
		s := newStory(t)
		s.decide(0)
		o := extend(s, 10*time.Minute, 1, 30*time.Minute)
		s.run()
		require.NoError(t, o.err)
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
		first := extend(s, 10*time.Minute, 1, time.Hour)
		again := extend(s, 11*time.Minute, 1, 2*time.Hour)
		s.run()
		require.True(t, early.rejected)
		require.NoError(t, first.err)
		require.Error(t, again.err)
	})
}
