package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/workflows"
)

// newSealedSite returns a site with payload keys, and a client without any.
func newSealedSite(t *testing.T) (*site, client.Client) {
	s := newSite(t, nil)
	c, err := codec.New(codec.Key{7})
	require.NoError(t, err)
	data, failures := c.Converters()
	plain := s.temporal
	s.temporal, err = client.NewClientFromExistingWithContext(t.Context(), plain, client.Options{Logger: sdklog.New(quiet()), DataConverter: data, FailureConverter: failures})
	require.NoError(t, err)
	return s.start(), plain
}

// TestCase52ClearPayloadsAreRefused: somebody who has all rights on the namespace, and no
// payload key, says nothing to a worker, not even what a server once signed.
func TestCase52ClearPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	s, plain := newSealedSite(t)
	a := s.asks(time.Hour, lead)
	approval := a.decision(s.signer, "bob", access.Approve)
	require.NoError(t, plain.SignalWorkflow(t.Context(), a.id(), "", workflows.SignalDecision, workflows.SignedStatement{Envelope: approval}))
	rogue := asked{&site{T: t, temporal: plain}, a.plan}
	_, err := update[workflows.DecideResult](rogue, workflows.UpdateDecide, approval)
	require.Error(t, err)
	// The two came before this denial, so that the workflow has seen them by now.
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, a.decision(s.signer, "ben", access.Deny))
	require.NoError(t, err)
	row := a.awaits(access.StateDenied)
	require.Len(t, row.Decisions, 1)
	require.Equal(t, access.Deny, row.Decisions[0].Verdict)

	b := s.asks(time.Hour, lead)
	w, err := plain.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: access.NewRequestID(), TaskQueue: workflows.ControlQueue},
		workflows.AccessRequestType, started(b.envelope()))
	require.NoError(t, err)
	require.Error(t, w.Get(t.Context(), nil), "the workflow does not read its input")
	require.Zero(t, s.opened())
}

// TestCase41HistoriesAreSealed lives a request, with a refusal in it, under the
// codec, then reads every history as Temporal keeps it.
func TestCase41HistoriesAreSealed(t *testing.T) {
	t.Parallel()
	s, plain := newSealedSite(t)
	a := s.asks(time.Hour, lead, func(p *access.Plan) { p.Reason, p.Requester.Email = "MARKEDREASON", "MARKEDMAIL" })
	_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, evidence.Envelope{PayloadType: "x"})
	require.ErrorContains(t, err, "is not valid under", "the caller reads why")
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, a.decision(s.signer, "bob", access.Approve))
	require.NoError(t, err)
	a.awaits(access.StateActive)
	a.stops(access.EndRelease)
	a.awaits(access.StateEnded)

	var raw []byte
	s.eventually(func() bool {
		list, err := plain.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
		require.NoError(t, err)
		raw = nil
		for _, e := range list.Executions {
			h := plain.GetWorkflowHistory(t.Context(), e.Execution.WorkflowId, e.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for h.HasNext() {
				event, err := h.Next()
				require.NoError(t, err)
				b, err := proto.Marshal(event) // not JSON, which would hide text in base64
				require.NoError(t, err)
				raw = append(raw, b...)
			}
		}
		return len(raw) > 0
	}, "histories are listed")
	require.NotContains(t, string(raw), "MARKED")
	require.Contains(t, string(raw), a.id(), "search attributes and ids are in clear")
	require.NotContains(t, string(raw), "is not valid under", "a failure is in clear")
}
