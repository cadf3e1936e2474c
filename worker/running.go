package worker

import (
	"context"
	"maps"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// running is which requests have a workflow that runs, as Temporal lists them. A look
// of the reconciler asks for what began or stopped since the look before, and not for
// all that runs: thousands that sleep cost nothing then. All are listed at the start,
// once in ten minutes, and whenever Temporal counts fewer than are known here, as when
// a workflow was deleted or a database lost.
type running struct {
	temporal client.Client

	mu     sync.Mutex
	ids    map[string]bool
	latest time.Time // of the times of beginning and stopping that were listed, by Temporal's clock
	listed time.Time // when all were listed last, by this machine's passing of time
}

const (
	listAllEvery = 10 * time.Minute
	// listOverlap is how late Temporal's list may be: what is older was there to be
	// listed before.
	listOverlap = time.Minute

	listRequests = "WorkflowType = '" + workflows.AccessRequestType + "'"
	listRunning  = listRequests + " AND ExecutionStatus = 'Running'"
)

// list returns the requests whose workflows run. Errors are those of asking Temporal.
func (r *running) list(ctx context.Context) (map[string]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest.IsZero() || time.Since(r.listed) >= listAllEvery {
		return r.listAll(ctx)
	}
	since := r.latest.Add(-listOverlap).UTC().Format(time.RFC3339Nano)
	if err := r.take(ctx, listRequests+" AND (StartTime > '"+since+"' OR CloseTime > '"+since+"')"); err != nil {
		return nil, err
	}
	counted, err := r.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: listRunning})
	if err != nil {
		return nil, api.FromTemporal(err)
	}
	if counted.GetCount() < int64(len(r.ids)) {
		return r.listAll(ctx)
	}
	return maps.Clone(r.ids), nil
}

func (r *running) listAll(ctx context.Context) (map[string]bool, error) {
	r.ids, r.latest = map[string]bool{}, time.Time{} // after an error the next look begins again
	if err := r.take(ctx, listRunning); err != nil {
		r.latest = time.Time{}
		return nil, err
	}
	r.listed = time.Now()
	return maps.Clone(r.ids), nil
}

// take lists workflows and notes which run. A request may have several runs, of which
// the last one runs.
func (r *running) take(ctx context.Context, query string) error {
	var run []string
	err := r.each(ctx, query, func(e *workflowpb.WorkflowExecutionInfo) {
		if id := e.GetExecution().GetWorkflowId(); e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			run = append(run, id)
		} else {
			delete(r.ids, id)
		}
		for _, at := range []time.Time{e.GetStartTime().AsTime(), e.GetCloseTime().AsTime()} {
			if at.After(r.latest) {
				r.latest = at
			}
		}
	})
	for _, id := range run {
		r.ids[id] = true
	}
	return err
}

func (r *running) each(ctx context.Context, query string, do func(*workflowpb.WorkflowExecutionInfo)) error {
	for page := []byte(nil); ; {
		res, err := r.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000, NextPageToken: page, Query: query})
		if err != nil {
			return api.FromTemporal(err)
		}
		for _, e := range res.Executions {
			do(e)
		}
		if page = res.NextPageToken; len(page) == 0 {
			return nil
		}
	}
}
