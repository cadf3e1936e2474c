package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// standingJob is the workflow id of a standing job, and the name of its history.
const standingJob = "standing-job"

// keepAtWork runs a standing job until it has begun its work again once, because
// somebody asked for it, and has continued as new.
func (e *environment) keepAtWork(ctx context.Context) error {
	in := workflows.StandingJobInput{Activity: api.ReconcileRequests, Queue: workflows.ControlQueue, Summary: "reconcile",
		Heartbeat: time.Second, Duration: 3 * time.Second}
	run, err := e.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: standingJob, TaskQueue: workflows.ControlQueue},
		workflows.StandingJobType, in)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil { // until the work has begun
		return err
	}
	if err := e.temporal.SignalWorkflow(ctx, standingJob, "", workflows.SignalRunNow, workflows.RunNow{}); err != nil {
		return err
	}
	for {
		d, err := e.temporal.DescribeWorkflowExecution(ctx, standingJob, "")
		if err != nil || d.WorkflowExecutionInfo.Execution.RunId != run.GetRunID() {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
