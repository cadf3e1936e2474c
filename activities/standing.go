package activities

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// StandingWork is what a standing job does: it works until ctx ends, for hours.
// report sets the sentence that the Temporal UI shows beside the activity; it is
// sent with the next heartbeat and costs nothing. An error is never permanent:
// the work is started again. Two workers may do the same work at the same time
// for as long as a heartbeat takes, after one was cut off from Temporal.
type StandingWork func(ctx context.Context, report func(details string)) error

// handOverWithin is how long work may take to stop once its time is over. It is
// shorter than what the worker gives its activities when it stops.
const handOverWithin = 5 * time.Second

// Standing makes an activity of w: it sends heartbeats, ends after the time that
// the workflow sets, and gives the work up at once when this worker stops, so
// that another takes it over without waiting for a missing heartbeat.
func Standing(w StandingWork) func(context.Context, api.StandingInput) error {
	return func(ctx context.Context, in api.StandingInput) error {
		working, stop := context.WithCancel(ctx)
		defer stop()
		var details atomic.Value
		details.Store("")
		ended := make(chan error, 1)
		go func() { ended <- w(working, func(text string) { details.Store(text) }) }()
		heartbeat := time.NewTicker(in.Heartbeat)
		defer heartbeat.Stop()
		over := time.NewTimer(in.Duration)
		defer over.Stop()
		for {
			select {
			case err := <-ended:
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err == nil {
					err = access.Errorf(access.CodeInternal, "the work of a standing job ended by itself")
				}
				return api.ToTemporalRetryable(err)
			case <-heartbeat.C:
				activity.RecordHeartbeat(ctx, details.Load())
			case <-over.C:
				stop()
				await(ended)
				return nil
			case <-activity.GetWorkerStopChannel(ctx):
				stop()
				await(ended)
				return handOver()
			case <-ctx.Done(): // cancelled, or given to another worker
				await(ended)
				return ctx.Err()
			}
		}
	}
}

// await waits for work that was told to stop, but not long: what does not listen
// must not keep the next worker waiting.
func await(ended <-chan error) {
	timeout := time.NewTimer(handOverWithin)
	defer timeout.Stop()
	select {
	case <-ended:
	case <-timeout.C:
	}
}

// handOver has Temporal give the activity to the next worker without a pause.
func handOver() error {
	return temporal.NewApplicationErrorWithOptions("this worker stops", "handover", temporal.ApplicationErrorOptions{
		NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign})
}

// roundWithin bounds one round of periodic work. One that hangs must not be the
// last.
const roundWithin = 5 * time.Minute

// Every makes standing work of a round that is repeated, the first one at once.
// A round that fails is logged and reported, and tried again as the next. One
// that has begun is finished, so that an orderly stop interrupts nothing half way.
func Every(interval time.Duration, round func(context.Context) (details string, err error)) StandingWork {
	return func(ctx context.Context, report func(string)) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), roundWithin)
			details, err := round(bounded)
			cancel()
			if err != nil {
				details = "the last round failed: " + access.Clip(err.Error(), 300)
				activity.GetLogger(ctx).Warn("a round of a standing job failed; the next one tries again", "error", err)
			}
			report(details)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}
