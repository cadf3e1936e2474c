package worker

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	_ "modernc.org/sqlite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// calls runs one activity on a target's queue, as somebody does who may write to the
// namespace.
func (s *site) calls(name string, in any) error {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), within)
	defer cancel()
	h, err := s.temporal.ExecuteActivity(ctx, client.StartActivityOptions{ID: access.NewRequestID(), TaskQueue: workflows.TargetQueue(targetName),
		StartToCloseTimeout: 30 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}}, name, in)
	require.NoError(s, err)
	return api.FromTemporal(h.Get(ctx, nil))
}

// signedPlan is the request's plan as the server signed it.
func (a asked) signedPlan() (signed evidence.Envelope) {
	a.site.Helper()
	b, err := a.site.ledger.PlanEnvelope(context.Background(), a.id())
	require.NoError(a.site, err)
	require.NoError(a.site, json.Unmarshal(b, &signed))
	return signed
}

func (a asked) orderedTo(number int, from time.Time, adds time.Duration) evidence.Envelope {
	a.site.Helper()
	e, err := a.site.signer.SignExtension(access.ExtensionOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Number: number,
		From: from, Adds: access.Duration(adds), By: a.plan.Requester, At: time.Now().UTC()})
	require.NoError(a.site, err)
	return e
}

// picksUp orders a credential straight from the worker.
func (a asked) picksUp() error {
	a.site.Helper()
	recipient, err := evidence.NewRecipient()
	require.NoError(a.site, err)
	e, err := a.site.signer.SignPickUp(access.PickUpOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Grant: a.grant(),
		Recipient: recipient.Public(), By: a.plan.Requester, At: time.Now().UTC()})
	require.NoError(a.site, err)
	return a.site.calls(api.MintCredential, api.MintCredentialInput{Plan: a.signedPlan(), Order: e})
}

// ordersEnd is what the server does when somebody ends a request, but for telling
// Temporal.
func (a asked) ordersEnd(kind access.EndKind, at time.Time) {
	a.site.Helper()
	o := access.EndOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Kind: kind, By: "bob", Reason: "why", At: at.UTC()}
	e, err := a.site.signer.SignEnd(o)
	require.NoError(a.site, err)
	b, err := json.Marshal(e)
	require.NoError(a.site, err)
	require.NoError(a.site, a.site.ledger.OrderEnd(context.Background(), o, b))
}

// beginsAgain terminates a request's workflow and starts it again in a state of the
// attacker's own.
func (a asked) beginsAgain(state workflows.RequestState) {
	a.site.Helper()
	ctx := context.Background()
	_ = a.site.temporal.TerminateWorkflow(ctx, a.id(), "", "attack")
	in := started(a.signedPlan())
	in.State = &state
	_, err := a.site.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: a.id(), TaskQueue: workflows.ControlQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE}, workflows.AccessRequestType, in)
	require.NoError(a.site, err)
}

// sql runs statements on the ledger's database, as somebody who owns it.
func (s *site) sql(statement string, args ...any) {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "ledger.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(s, err)
	defer db.Close()
	_, err = db.Exec(statement, args...)
	require.NoError(s, err)
}

func (a asked) end() time.Time {
	a.site.Helper()
	rows, err := a.site.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: a.id()})
	require.NoError(a.site, err)
	require.Len(a.site, rows, 1)
	return rows[0].ExpiresAt
}

func extendable(p *access.Plan) {
	p.Extend = &access.ExtensionLimits{Times: 3, UpTo: access.Duration(24 * time.Hour)}
}

// TestCase55ReplayedExtension: somebody with one signed order to extend, and all rights
// on the namespace and the ledger, gets from it what it says, once.
func TestCase55ReplayedExtension(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	a := s.asks(time.Hour, extendable)
	first := *a.awaits(access.StateActive).ExpiresAt
	order := a.orderedTo(1, first, 10*time.Minute)
	res, err := update[workflows.ExtendResult](a, workflows.UpdateExtend, order)
	require.NoError(t, err)
	extended := first.Add(10 * time.Minute)
	require.True(t, res.ExpiresAt.Equal(extended))

	in := api.ExtendGrantInput{Plan: a.signedPlan(), Order: order, Grant: a.grant()}
	for range 3 {
		require.NoError(t, s.calls(api.ExtendGrant, in), "the same again is no other extension")
	}
	require.True(t, a.end().Equal(extended))

	t.Run("a workflow that was started again with a made-up state", func(t *testing.T) {
		later := extended.Add(3 * time.Hour)
		a.beginsAgain(workflows.RequestState{State: access.StateActive, Tally: access.TallySatisfied, ActiveAt: time.Now(), ExpiresAt: later, EndingBound: time.Minute})
		_, err := update[workflows.ExtendResult](a, workflows.UpdateExtend, order)
		require.ErrorContains(t, err, "access ends at")
		require.True(t, a.end().Equal(extended))
		require.WithinDuration(t, extended, s.service.ends[a.grant()], time.Second)
	})
	t.Run("and a row that was changed", func(t *testing.T) {
		s.sql(`UPDATE grants SET expires_at = ? WHERE name = ?`, extended.Add(time.Hour).UnixMicro(), a.grant())
		require.ErrorContains(t, a.picksUp(), "longer than was approved")
		require.ErrorContains(t, s.calls(api.ExtendGrant, in), "longer than was approved")
		require.ErrorContains(t, s.calls(api.ExtendGrant, api.ExtendGrantInput{Plan: a.signedPlan(), Grant: a.grant(),
			Order: a.orderedTo(2, extended.Add(time.Hour), 10*time.Minute)}), "no end of this access", "and a server that was told so signs an order")
		s.leaves(a.id(), "longer than was approved")
		require.Empty(t, s.service.asked("mint"))
		require.WithinDuration(t, extended, s.service.ends[a.grant()], time.Second)
	})
}

// TestCase57StarvedStop: somebody with all rights on the namespace takes the tasks
// that would close access, and has the workflow begin again. Access ends all the same,
// since the order to end was in the ledger before Temporal heard of it.
func TestCase57StarvedStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.config.Reconcile.Every = access.Duration(time.Second)
	starving := worker.New(s.temporal, workflows.CloseQueue(targetName), worker.Options{DisableWorkflowWorker: true})
	starving.RegisterActivityWithOptions(func(ctx context.Context, _ api.CloseGrantInput) error {
		<-ctx.Done() // it never closes anything
		return ctx.Err()
	}, activity.RegisterOptions{Name: api.CloseGrant})
	require.NoError(t, starving.Start())
	t.Cleanup(starving.Stop)
	s.start()
	a := s.asks(time.Hour, extendable)
	first := *a.awaits(access.StateActive).ExpiresAt
	made := workflows.RequestState{State: access.StateActive, Tally: access.TallySatisfied, ActiveAt: time.Now(), ExpiresAt: first, EndingBound: time.Minute}

	a.ordersEnd(access.EndRevoke, time.Now())
	a.beginsAgain(made) // Temporal knows nothing of it any more
	require.ErrorContains(t, a.picksUp(), "is not open")
	require.Equal(t, access.CodeConflict, access.CodeOf(s.calls(api.ExtendGrant, api.ExtendGrantInput{Plan: a.signedPlan(), Grant: a.grant(), Order: a.orderedTo(1, first, 10*time.Minute)})))
	require.Equal(t, access.CodeConflict, access.CodeOf(s.calls(api.OpenGrant, api.OpenGrantInput{Plan: a.signedPlan(), Grant: a.grant(), ExpiresAt: first})))
	require.Empty(t, s.service.asked("mint"))
	require.False(t, a.end().After(time.Now()), "its end is now")

	ended := a.awaits(access.StateEnded)
	require.Equal(t, access.OutcomeRevoked, ended.Outcome)
	require.False(t, s.service.works(a.grant()))
	events, _, err := s.ledger.Timeline(t.Context(), a.id())
	require.NoError(t, err)
	told := map[access.EventKind]bool{}
	for _, e := range events {
		told[e.Kind] = true
	}
	require.True(t, told[access.EventEndOrdered] && told[access.EventGrantClosed])
}

// TestCase60Case61HeldBack: an approval that somebody keeps opens nothing after its
// time, and at a planned start nothing without a server's fresh word.
func TestCase60Case61HeldBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	ago := func(d time.Duration) func(*access.Plan) {
		return func(p *access.Plan) {
			lead(p)
			p.CreatedAt = time.Now().Add(-d).UTC()
		}
	}
	approvedAgo := func(a asked, d time.Duration) evidence.Envelope {
		e, err := s.signer.SignDecision(access.Decision{RequestID: a.id(), PlanDigest: a.plan.Digest, Verdict: access.Approve, At: time.Now().Add(-d).UTC(),
			Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"leads"}}})
		require.NoError(t, err)
		return e
	}
	opens := func(a asked, decisions ...evidence.Envelope) error {
		return s.calls(api.OpenGrant, api.OpenGrantInput{Plan: a.signedPlan(), Decisions: decisions, Grant: a.grant(), ExpiresAt: time.Now().Add(20 * time.Minute).UTC()})
	}
	t.Run("Case61 an approval, for 17 minutes", func(t *testing.T) {
		a := s.asks(time.Hour, ago(20*time.Minute))
		require.ErrorContains(t, opens(a, approvedAgo(a, 17*time.Minute)), "opens nothing any more")
		require.NoError(t, opens(a, approvedAgo(a, 9*time.Minute)), "a fresh one does")
	})
	t.Run("Case60 an approval of a planned start", func(t *testing.T) {
		a := s.asks(time.Hour, ago(2*time.Hour), func(p *access.Plan) {
			at := time.Now().UTC()
			p.StartAt = &at
		})
		approval := approvedAgo(a, time.Hour)
		require.ErrorContains(t, opens(a, approval), "no server has confirmed")
		// Nor where the ledger holds a confirmation from before the denial, or a made-up one.
		for _, signer := range []*evidence.Signer{s.signer, evidence.NewSigner(strangerKey(t))} {
			confirmation := access.Confirmation{RequestID: a.id(), PlanDigest: a.plan.Digest, At: time.Now().UTC()}
			if signer == s.signer {
				confirmation.At = time.Now().Add(-time.Hour).UTC()
			}
			e, err := signer.SignConfirmation(confirmation)
			require.NoError(t, err)
			b, err := json.Marshal(e)
			require.NoError(t, err)
			s.sql(`INSERT INTO statements (request_id, key, envelope) VALUES (?, ?, ?)`, a.id(), access.KeyConfirmation+access.NewRequestID(), string(b))
			require.ErrorContains(t, opens(a, approval), "no server has confirmed")
		}
	})
	require.Equal(t, 1, s.opened())
}
