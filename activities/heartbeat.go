package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// heartbeat tells Temporal that the activity is alive until stop is called, so that
// a worker that dies meanwhile is replaced within the heartbeat timeout.
func heartbeat(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { close(done) }
}
