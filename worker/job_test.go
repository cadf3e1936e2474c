package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/workflows"
)

// TestIdleTargetCostsUnder500Actions lets a day pass over one standing job
// and counts what Temporal Cloud bills: a workflow that starts (or continues as
// new), an activity that starts or is retried, a heartbeat that is sent, a timer,
// a signal. The reconciler looks every 30 s all the while.
func TestIdleTargetCostsUnder500Actions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, actions := 0, 0
		j := StandingJob{ID: "ramp-reconcile-one", Activity: "work", Queue: "queue", Summary: "work",
			Work: activities.Every(defaultReconcile, func(context.Context) (string, error) { looks++; return "", nil })}
		var ts testsuite.WorkflowTestSuite
		env := ts.NewTestWorkflowEnvironment()
		env.SetTestTimeout(72 * time.Hour)
		env.RegisterWorkflow(workflows.StandingJob)
		j.register(env)
		env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { actions++ })
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { actions++ })
		env.SetOnTimerScheduledListener(func(string, time.Duration) { actions++ })
		actions++ // the workflow
		began := time.Now()
		env.ExecuteWorkflow(workflows.StandingJob, j.input())
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, env.GetWorkflowError(), &next)
		require.Equal(t, 24*time.Hour, time.Since(began))
		require.InDelta(t, 24*60*2, looks, 2)
		t.Logf("%d billable actions a day, %d looks", actions, looks)
		require.Less(t, actions, 500)
	})
}
