package worker

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// small makes Temporal suggest a new run after few events.
var small = map[string]any{"limit.historyCount.suggestContinueAsNew": 60}

// flood sends signals of every kind, readable and not, as somebody with access
// to the namespace can.
func (a asked) flood(n int) {
	a.site.Helper()
	var group sync.WaitGroup
	junk := []func() (string, any){
		func() (string, any) { return workflows.SignalDecision, workflows.SignedStatement{} },
		func() (string, any) { return workflows.SignalDecision, "no decision" },
		func() (string, any) { return workflows.SignalEnd, []int{1, 2, 3} },
		func() (string, any) { return "unheard of", strings.Repeat("x", 1<<10) },
		func() (string, any) {
			return workflows.SignalDecision, workflows.SignedStatement{Envelope: evidence.Envelope{Payload: strings.Repeat("x", 100<<10)}}
		},
	}
	for part := range 8 {
		group.Go(func() {
			for i := range n / 8 {
				name, payload := junk[(i+part)%len(junk)]()
				for a.site.temporal.SignalWorkflow(context.Background(), a.id(), "", name, payload) != nil {
					time.Sleep(10 * time.Millisecond) // Temporal itself may push back
				}
			}
		})
	}
	group.Wait()
}

func (a asked) runs() (n int) {
	a.site.Helper()
	for run := ""; ; n++ {
		d, err := a.site.temporal.DescribeWorkflowExecution(context.Background(), a.id(), run)
		require.NoError(a.site, err)
		info := d.WorkflowExecutionInfo
		if info.Execution.RunId == info.FirstRunId {
			return n + 1
		}
		i := a.site.temporal.GetWorkflowHistory(context.Background(), a.id(), info.Execution.RunId, false, 0)
		e, err := i.Next()
		require.NoError(a.site, err)
		run = e.GetWorkflowExecutionStartedEventAttributes().ContinuedExecutionRunId
	}
}

func (a asked) signs(approver string, v access.Verdict) evidence.Envelope {
	a.site.Helper()
	e, err := a.site.signer.SignDecision(access.Decision{RequestID: a.id(), PlanDigest: a.plan.Digest, Verdict: v, At: time.Now().UTC(),
		Approver: access.Person{ID: approver, Kind: access.KindHuman, Groups: []string{"approvers"}}})
	require.NoError(a.site, err)
	return e
}

func (a asked) orders(number int, adds time.Duration) evidence.Envelope {
	a.site.Helper()
	v, err := a.site.temporal.QueryWorkflow(context.Background(), a.id(), "", workflows.QueryStatus)
	require.NoError(a.site, err)
	var now workflows.Status
	require.NoError(a.site, v.Get(&now))
	e, err := a.site.signer.SignExtension(access.ExtensionOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Number: number,
		From: *now.ExpiresAt, Adds: access.Duration(adds), By: a.plan.Requester, At: time.Now().UTC()})
	require.NoError(a.site, err)
	return e
}

func twoApprovers(p *access.Plan) {
	p.Rule = access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "two", From: []string{"approvers"}, Approvals: 2}}}
	p.Extend = &access.ExtensionLimits{Times: 3, UpTo: access.Duration(24 * time.Hour)}
}

// TestCase39Flood: floods while a request is pending and while it is active make
// its history turn over, many times. The approvals survive it and count once,
// extensions go on counting, and a revoke ends the access.
func TestCase39Flood(t *testing.T) {
	t.Parallel()
	s := newSite(t, small).start()
	a := s.asks(time.Hour, twoApprovers)
	first := a.signs("bob", access.Approve)
	res, err := update[workflows.DecideResult](a, workflows.UpdateDecide, first)
	require.NoError(t, err)
	require.Equal(t, access.TallyUndecided, res.Tally)
	require.Equal(t, []string{"bob"}, a.row().Stages[0].Approved)

	a.flood(400)
	s.eventually(func() bool { return a.runs() > 1 }, "the history turns over")
	res, err = update[workflows.DecideResult](a, workflows.UpdateDecide, first)
	require.NoError(t, err, "a decision told twice, across runs, is one")
	require.Equal(t, access.TallyUndecided, res.Tally)
	require.Equal(t, []string{"bob"}, a.row().Stages[0].Approved)
	require.Len(t, a.events(access.EventDecisionRecorded), 1)
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, a.signs("carol", access.Approve))
	require.NoError(t, err)
	a.awaits(access.StateActive)
	require.True(t, s.service.works(a.grant()))

	order := a.orders(1, time.Hour)
	one, err := update[workflows.ExtendResult](a, workflows.UpdateExtend, order)
	require.NoError(t, err)
	before := a.runs()
	a.flood(1600)
	s.eventually(func() bool { return a.runs() > before }, "the history turns over while active")
	again, err := update[workflows.ExtendResult](a, workflows.UpdateExtend, order)
	require.NoError(t, err)
	require.Equal(t, one, again, "told twice, it is one")
	_, err = update[workflows.ExtendResult](a, workflows.UpdateExtend, a.orders(1, 2*time.Hour))
	require.Error(t, err, "the first extension was made")
	two, err := update[workflows.ExtendResult](a, workflows.UpdateExtend, a.orders(2, time.Hour))
	require.NoError(t, err)
	require.Equal(t, one.ExpiresAt.Add(time.Hour), two.ExpiresAt)
	require.True(t, s.service.works(a.grant()))

	a.stops(access.EndRevoke)
	require.Equal(t, access.OutcomeRevoked, a.awaits(access.StateEnded).Outcome)
	require.Zero(t, s.service.open())
	for _, kind := range []access.EventKind{access.EventAccessActive, access.EventAccessEnding, access.EventAccessEnded} {
		require.Len(t, a.events(kind), 1, kind)
	}
	require.Len(t, a.events(access.EventAccessExtended), 2)
}

// TestCase39NothingIsLostBetweenRuns: while no worker runs, a flood is followed
// by an approval and by a stop. The worker that comes back finds a full history
// and all of them in one task: the run that gives way must hand them on.
func TestCase39NothingIsLostBetweenRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t, small).start()
	a, b := s.asks(time.Hour), s.asks(time.Hour, twoApprovers)
	a.awaits(access.StateActive)
	_, err := update[workflows.DecideResult](b, workflows.UpdateDecide, b.signs("bob", access.Approve))
	require.NoError(t, err)
	s.stop()
	for range 100 { // nothing of a name that the workflow reads: that would stand before what counts
		require.NoError(t, s.temporal.SignalWorkflow(t.Context(), a.id(), "", "unheard of", nil))
		require.NoError(t, s.temporal.SignalWorkflow(t.Context(), b.id(), "", "unheard of", nil))
	}
	a.stops(access.EndRevoke)
	require.NoError(t, s.temporal.SignalWorkflow(t.Context(), b.id(), "", workflows.SignalDecision,
		workflows.SignedStatement{Envelope: b.signs("carol", access.Approve)}))
	s.start()
	require.Equal(t, access.OutcomeRevoked, a.awaits(access.StateEnded).Outcome)
	b.awaits(access.StateActive)
	require.Greater(t, a.runs()+b.runs(), 2)
}

// TestCase39FloodWhileEnding: a target that is down keeps a request ending; a
// flood meanwhile neither ends the workflow nor makes it forget.
func TestCase39FloodWhileEnding(t *testing.T) {
	t.Parallel()
	s := newSite(t, small)
	down := access.Errorf(access.CodeUnavailable, "down")
	s.service.fail("revoke", down)
	s.start()
	a := s.asks(time.Hour)
	a.awaits(access.StateActive)
	a.stops(access.EndRelease)
	a.awaits(access.StateEnding)
	a.flood(800)
	s.eventually(func() bool { return a.runs() > 1 }, "the history turns over while ending")
	require.Equal(t, access.StateEnding, a.row().State)
	s.service.fail("revoke", nil)
	require.Equal(t, access.OutcomeReleased, a.awaits(access.StateEnded).Outcome)
	require.Zero(t, s.service.open())
}

func (a asked) events(kind access.EventKind) (out []access.Event) {
	a.site.Helper()
	all, err := a.site.ledger.Events(context.Background(), eventsOf(a.id()))
	require.NoError(a.site, err)
	for _, e := range all {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func eventsOf(id string) ledger.EventFilter { return ledger.EventFilter{RequestID: id, Limit: 10000} }
