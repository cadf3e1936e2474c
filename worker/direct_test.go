package worker

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

func lead(p *access.Plan) {
	p.Rule = access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "lead", From: []string{"leads"}, Approvals: 1}}}
}

// decision is what the server would sign for one of the leads.
func (a asked) decision(signer *evidence.Signer, who string, v access.Verdict) evidence.Envelope {
	a.site.Helper()
	e, err := signer.SignDecision(access.Decision{RequestID: a.id(), PlanDigest: a.plan.Digest, Verdict: v, At: time.Now().UTC(),
		Approver: access.Person{ID: who, Kind: access.KindHuman, Groups: []string{"leads"}}})
	require.NoError(a.site, err)
	return e
}

func (a asked) signals(e evidence.Envelope) {
	a.site.Helper()
	require.NoError(a.site, a.site.temporal.SignalWorkflow(a.site.Context(), a.id(), "", workflows.SignalDecision, workflows.SignedStatement{Envelope: e}))
}

// leaves waits for the record of a refusal about a request.
func (s *site) leaves(requestID, text string) {
	s.Helper()
	s.eventually(func() bool {
		list, err := s.ledger.Events(s.Context(), ledger.EventFilter{RequestID: requestID, Limit: 1000})
		require.NoError(s, err)
		for _, e := range list {
			if (e.Kind == access.EventActRefused || e.Kind == access.EventDecisionRefused) && strings.Contains(e.Message, text) {
				return true
			}
		}
		return false
	}, "a record of %q about %s", text, requestID)
}

func (s *site) opened() int { return len(s.service.asked("grant")) }

// TestStraightAtTemporal acts as somebody with all rights on the namespace, and
// none on the server's key: nothing opens, and each try leaves a record.
func TestStraightAtTemporal(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	_, stolen, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	mallory := evidence.NewSigner(stolen)
	run := s.attackers()

	t.Run("Case40 a made-up plan", func(t *testing.T) {
		id := access.NewRequestID()
		p := access.Plan{RequestID: id, Requester: access.Person{ID: "mallory", Kind: access.KindHuman}, Principal: "mallory",
			Duration: access.Duration(time.Hour), CreatedAt: time.Now().UTC(), PendingUntil: time.Now().Add(time.Hour).UTC(),
			Rule:   access.Rule{Auto: true, DenyThreshold: 1},
			Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: targetName, Entitlement: access.Entitlement{"what": "db"}}}}
		signed, _, err := mallory.SignPlan(p)
		require.NoError(t, err)
		earlier, err := workflows.EarlierAccessRequestInput(signed, workflows.LeanShape)
		require.NoError(t, err)
		for why, in := range map[string]workflows.AccessRequestInput{"the ledger has no plan": started(signed), "is not valid under any trusted key": earlier} {
			w, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: workflows.ControlQueue},
				workflows.AccessRequestType, in)
			require.NoError(t, err)
			var res workflows.AccessRequestResult
			require.NoError(t, w.Get(t.Context(), &res))
			require.Equal(t, access.StateFailed, res.State)
			s.leaves(id, why)
		}
		require.Error(t, run(api.OpenGrantInput{Plan: signed, Grant: p.Grants[0].Name, ExpiresAt: time.Now().Add(time.Minute)}))
		require.ErrorContains(t, run(api.OpenGrantInput{Of: &api.PlanRef{RequestID: id, Digest: started(signed).Plan.Digest}, Grant: p.Grants[0].Name,
			ExpiresAt: time.Now().Add(time.Minute)}), "the ledger has no plan")
		require.Zero(t, s.opened())
	})
	t.Run("Case40 unsigned and wrongly signed decisions", func(t *testing.T) {
		a := s.asks(time.Hour, lead)
		forged := a.decision(mallory, "bob", access.Approve)
		a.signals(forged)
		s.leaves(a.id(), "is not valid under any trusted key")
		forged.Signatures = nil
		a.signals(forged)
		a.signals(evidence.Envelope{})
		_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, forged)
		require.Error(t, err)
		require.Equal(t, access.StatePending, a.row().State)
		require.Zero(t, s.opened())
	})
	t.Run("Case10 a decision of another request", func(t *testing.T) {
		a, b := s.asks(time.Hour, lead), s.asks(time.Hour, lead)
		b.signals(a.decision(s.signer, "bob", access.Approve))
		s.leaves(b.id(), "another plan")
		require.Equal(t, access.StatePending, b.row().State)
		require.Zero(t, s.opened())
	})

	t.Run("Case52 a scope other than the one that opens", func(t *testing.T) {
		for _, lie := range []access.Scope{{Summary: "read one table"}, {}, {Summary: "the database", Facts: map[string]string{"rights": "read only"}}} {
			a := s.asks(time.Hour, lead, func(p *access.Plan) { p.Grants[0].Scope = lie })
			approval := a.decision(s.signer, "bob", access.Approve)
			_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, approval)
			require.NoError(t, err)
			s.eventually(func() bool { return a.row().State.Final() }, "%s is over", a.id())
			s.leaves(a.id(), "is not what was approved")
			err = run(api.OpenGrantInput{Plan: a.envelope(), Decisions: []evidence.Envelope{approval}, Grant: a.grant(), ExpiresAt: time.Now().Add(time.Minute)})
			require.ErrorContains(t, err, "is not what was approved")
			require.Equal(t, access.IssueScopeChanged, access.IssuesOf(api.FromTemporal(err))[0].Code)
			require.Zero(t, s.opened())
		}
	})

	// From here on there is a request that was open, and everything about it is
	// in the attacker's hands.
	a := s.asks(time.Hour, lead)
	approval := a.decision(s.signer, "bob", access.Approve)
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, approval)
	require.NoError(t, err)
	a.awaits(access.StateActive)
	plan, err := s.ledger.PlanEnvelope(t.Context(), a.id())
	require.NoError(t, err)
	var signed evidence.Envelope
	require.NoError(t, json.Unmarshal(plan, &signed))
	captured := api.OpenGrantInput{Plan: signed, Decisions: []evidence.Envelope{approval}, Grant: a.grant(), ExpiresAt: *a.row().ExpiresAt}

	t.Run("Case09 a grant other than the approved", func(t *testing.T) {
		for what, change := range map[string]func(*api.OpenGrantInput){
			"the plan has no grant":         func(in *api.OpenGrantInput) { in.Grant = access.GrantName(a.id(), 1) },
			"longer than what was approved": func(in *api.OpenGrantInput) { in.ExpiresAt = in.ExpiresAt.Add(10 * time.Second) },
			"do not satisfy": func(in *api.OpenGrantInput) { // of a request that nobody has approved
				pending := s.asks(time.Hour, lead)
				*in = api.OpenGrantInput{Plan: pending.signedPlan(), Grant: pending.grant(), ExpiresAt: in.ExpiresAt}
			},
		} {
			in := captured
			change(&in)
			require.ErrorContains(t, run(in), what)
			if what != "do not satisfy" {
				s.leaves(a.id(), what)
			}
		}
		require.Equal(t, 1, s.opened())
	})

	denial := a.decision(s.signer, "ben", access.Deny)
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, denial)
	require.NoError(t, err)
	a.awaits(access.StateEnded)

	t.Run("Case10 replayed after it was closed", func(t *testing.T) {
		require.ErrorContains(t, run(captured), "do not satisfy the plan's rule (denied)", "the ledger has the denial that is left out here")
		s.leaves(a.id(), "do not satisfy the plan's rule (denied)")
		require.Equal(t, 1, s.opened())
	})
	t.Run("Case10 another run of the same workflow id", func(t *testing.T) {
		w, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: a.id(), TaskQueue: workflows.ControlQueue,
			WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE},
			workflows.AccessRequestType, started(signed))
		require.NoError(t, err)
		a.signals(approval)
		require.NoError(t, w.Get(t.Context(), nil))
		require.Equal(t, 1, s.opened())
	})
	t.Run("Case38 reset to before a denial", func(t *testing.T) {
		_, err := s.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: temporalserver.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: a.id(), RunId: firstRun(t, s, a.id())},
			Reason: "attack", RequestId: access.NewRequestID(), WorkflowTaskFinishEventId: 4,
			ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE},
		})
		require.NoError(t, err)
		a.signals(approval)
		require.NoError(t, s.temporal.GetWorkflow(t.Context(), a.id(), "").Get(t.Context(), nil))
		require.Equal(t, 1, s.opened())
		require.False(t, s.service.works(a.grant()))
		require.Equal(t, access.StateEnded, a.row().State)
	})
}

// attackers is a worker and a workflow of the attacker's own, which calls the
// activities on the target's queue with whatever it is given.
func (s *site) attackers() func(api.OpenGrantInput) error {
	s.Helper()
	w := worker.New(s.temporal, "mallory", worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, in api.OpenGrantInput) error {
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: workflows.TargetQueue(targetName),
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}}), api.OpenGrant, in).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: "attack"})
	require.NoError(s, w.Start())
	s.Cleanup(w.Stop)
	return func(in api.OpenGrantInput) error {
		ctx, cancel := context.WithTimeout(s.Context(), within)
		defer cancel()
		r, err := s.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: "mallory"}, "attack", in)
		require.NoError(s, err)
		return r.Get(ctx, nil)
	}
}

// firstRun is the run that was open, not the attacker's own.
func firstRun(t *testing.T, s *site, id string) string {
	var runs []string
	s.eventually(func() bool {
		res, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: `WorkflowId = "` + id + `"`})
		require.NoError(t, err)
		runs = nil
		for _, e := range res.Executions { // the latest first
			runs = append(runs, e.Execution.RunId)
		}
		return len(runs) == 2
	}, "both runs are listed")
	return runs[1]
}
