package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/activities/api"
)

// StandingJobInput says which activity a standing job keeps at work.
type StandingJobInput struct {
	Activity  string        `json:"activity"`
	Queue     string        `json:"queue"`
	Summary   string        `json:"summary"`   // a line for the Temporal UI
	Heartbeat time.Duration `json:"heartbeat"` // how often the worker tells that it is alive
	Duration  time.Duration `json:"duration"`  // how long one run lasts
}

// StandingJob keeps one activity at work for ever, on one worker at a time.
// Temporal keeps it single by its workflow id, which is all the leader election
// that Ramp has. When the worker dies the activity is given to another after a
// missing heartbeat; when it shuts down, at once. After a day the workflow
// continues as new, so that its history stays short.
//
// SignalRunNow begins the work again, and with it the first round. The worker
// that held it until then learns so with its next heartbeat.
func StandingJob(ctx workflow.Context, in StandingJobInput) error {
	runNow := workflow.GetSignalChannel(ctx, SignalRunNow)
	// A run that was continued as new has no static summary.
	workflow.SetCurrentDetails(ctx, "**"+in.Summary+"**\n\nThe latest heartbeat of the pending activity says how it goes.")
	for {
		// What was asked for before the work begins is done by beginning it.
		for m := (RunNow{}); runNow.ReceiveAsync(&m); m = (RunNow{}) {
			if m.Job != nil {
				in = *m.Job
			}
		}
		attempt, cancel := workflow.WithCancel(ctx)
		work := workflow.ExecuteActivity(standingOptions(attempt, in), in.Activity,
			api.StandingInput{Heartbeat: in.Heartbeat, Duration: in.Duration})
		if err := workflow.Await(ctx, func() bool { return work.IsReady() || runNow.Len() > 0 }); err != nil {
			cancel()
			return err // cancelled; the workers start it again
		}
		if !work.IsReady() {
			cancel()
			continue
		}
		err := work.Get(ctx, nil)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil || workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, StandingJobType, in)
		case noWorker(err):
			now := workflow.Now(ctx)
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("**No worker took this work** from the task queue `%s` between %s and %s. "+
				"Where a pending activity is started, one has taken it since.", in.Queue, formatTime(now.Add(-noWorkerAfter)), formatTime(now)))
			continue
		}
		workflow.GetLogger(ctx).Error("the activity of a standing job ended for good; it is started again", "error", err)
		if err := workflow.Sleep(ctx, noWorkerAfter); err != nil {
			return err
		}
	}
}

// noWorkerAfter is how long the work may wait for a worker before the Temporal
// UI says that there is none.
const noWorkerAfter = 2 * time.Minute

// noWorker reports whether an activity failed because no worker took it.
func noWorker(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// standingOptions are for work that lasts for hours and is retried for ever.
func standingOptions(ctx workflow.Context, in StandingJobInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              in.Queue,
		ScheduleToStartTimeout: noWorkerAfter,
		StartToCloseTimeout:    in.Duration + time.Hour,
		// The SDK holds back heartbeats that come sooner than after 0.8 of this.
		HeartbeatTimeout: in.Heartbeat * 5 / 4,
		RetryPolicy:      &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second, MaximumAttempts: forever},
		Summary:          clip(in.Summary),
	})
}
