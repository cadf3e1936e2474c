package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/dev/temporalserver"
)

// TestRunning: a look that asks only for what began or stopped knows what runs, also
// after a workflow was terminated, reset, or deleted with all that Temporal knew of it.
func TestRunning(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	list := newRuns(s.temporal)
	has := func(a asked, want bool, why string) {
		t.Helper()
		s.eventually(func() bool {
			ids, err := list.ListRunning(t.Context(), targetName)
			require.NoError(t, err)
			return ids[a.id()] == want
		}, why)
	}
	before := s.asks(time.Hour)
	has(before, true, "what ran before is listed")
	full := list.listed.listed

	after := s.asks(time.Hour)
	has(after, true, "and what began since")
	require.Equal(t, full, list.listed.listed, "without listing all again")
	require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), after.id(), "", "by hand"))
	has(after, false, "one that was terminated is not")
	has(before, true, "the other still is")

	deleted := s.asks(time.Hour)
	deleted.awaits(access.StateActive)
	has(deleted, true, "one that is deleted later")
	_, err := s.temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: temporalserver.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: deleted.id()}})
	require.NoError(t, err)
	has(deleted, false, "nothing is left of it, but that there are fewer")
	has(before, true, "the other still is")
}
