package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/directorysync"
	"ramp.dev/ramp/workflows"
)

// directoryRuns tells requests' workflows what a change of the directory means
// for them.
type directoryRuns struct{ temporal client.Client }

var _ directorysync.Runs = directoryRuns{}

// Offboard asks a workflow to end its request.
func (r directoryRuns) Offboard(ctx context.Context, requestID, reason string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return api.FromTemporal(workflows.End(ctx, r.temporal, requestID, workflows.EndRequest{Kind: workflows.EndOffboard,
		By: access.ActorDirectory, Via: access.ViaDirectory, Reason: reason, At: at}))
}

// Recount asks a workflow to count its decisions again.
func (r directoryRuns) Recount(ctx context.Context, requestID string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return api.FromTemporal(r.temporal.SignalWorkflow(ctx, workflows.AccessWorkflowID(requestID), "", workflows.SignalRecount, nil))
}
