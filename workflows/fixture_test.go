package workflows_test

import (
	"encoding/base64"
	"encoding/json"

	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

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
		"access.ExtensionOrder": evidence.TypeExtension, "access.PickUpOrder": evidence.TypePickUp}
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
	lasts    time.Duration // from its opening; 0: until the end that the workflow asks for
	onClose  func(api.CloseGrantInput) error
	onExtend func(api.ExtendGrantInput) error
	minted   []api.MintCredentialInput
	onRecord func(access.Transition) error
	tallies  []access.Tally // what VerifyDecisions returns, in turn
	decided  int
}

func newStory(t *testing.T, change ...func(*access.Plan)) *story {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(quiet{})
	s := &story{T: t, env: ts.NewTestWorkflowEnvironment(), plan: plan(change...),
		tallies: []access.Tally{access.TallySatisfied}}
	s.env.SetTestTimeout(time.Minute) // a machine that is busy is no defect
	s.env.SetStartTime(start)
	s.env.SetStartWorkflowOptions(clientOptions())
	s.env.RegisterWorkflow(workflows.AccessRequest)
	named := func(name string, f any) { s.env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name}) }
	verify := func(in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
		s.calls = append(s.calls, "verify")
		next := s.tallies[0]
		if len(s.tallies) > 1 {
			s.tallies = s.tallies[1:]
		}
		return api.VerifyDecisionsResult{Tally: next, Decision: &access.Decision{Approver: access.Person{ID: "bob"}}}, nil
	}
	named(api.VerifyDecisions, verify)
	named(api.VerifyInTask, verify)
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
		if s.lasts > 0 {
			return api.OpenGrantResult{ExpiresAt: s.env.Now().Add(s.lasts)}, nil
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
	named(api.MintCredential, func(in api.MintCredentialInput) (evidence.SealedCredential, error) {
		s.minted = append(s.minted, in)
		return evidence.SealedCredential{}, nil
	})
	named(api.CloseGrant, func(in api.CloseGrantInput) error {
		s.calls = append(s.calls, "close")
		ending := in.End.Transition(requestID)
		s.note(&ending)
		if s.onClose != nil {
			if err := s.onClose(in); err != nil {
				return err
			}
		}
		s.closedAt = s.env.Now()
		if in.OnlyGrant {
			ended := access.Ended(requestID, in.End.Outcome, s.env.Now())
			s.note(&ended)
		}
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

func (s *story) end(after time.Duration, kind access.EndKind) {
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

func clientOptions() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: requestID}
}
