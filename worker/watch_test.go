package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// TestCase59NobodysGoodwill: somebody who may write to Temporal's namespace puts a
// job that does nothing in the place of the reconciler's. The worker looks by
// itself.
func TestCase59NobodysGoodwill(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.config.Reconcile.Every = access.Duration(time.Second)
	s.start()
	id := workflows.ReconcileID(targetName)
	s.eventually(func() bool {
		res, err := s.temporal.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && res.WorkflowExecutionInfo.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, "the reconciler runs")
	require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), id, "", "by an attacker"))
	theirs, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: workflows.ControlQueue},
		workflows.StandingJobType, workflows.StandingJobInput{Activity: "Nothing", Queue: "nowhere", Heartbeat: time.Hour, Duration: 1000 * time.Hour})
	require.NoError(t, err)

	orphan := access.GrantName(access.NewRequestID(), 0)
	s.service.mu.Lock()
	s.service.ends[orphan] = time.Now().Add(time.Hour)
	s.service.mu.Unlock()
	s.eventually(func() bool { return s.service.open() == 0 }, "what nothing explains is closed")
	still := s.runOf(id).WorkflowExecutionInfo
	require.Equal(t, theirs.GetRunID(), still.Execution.RunId, "nobody has put the job back")
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, still.Status)
}
