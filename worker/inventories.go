package worker

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/activities"
)

// Contracts take inventories that are an hour old, or as old as they say; the least is five
// minutes.
const inventoryEvery = 4 * time.Minute

// keepInventories renews the lists of what a target has, when this worker starts and then
// again and again.
func keepInventories(ctx context.Context, t *activities.Targets, target string, log logrus.FieldLogger) {
	for wait := time.Duration(0); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = inventoryEvery
		if err := t.RenewInventories(ctx, target); err != nil && ctx.Err() == nil {
			wait = renewAgain
			log.WithError(err).WithField("target", target).Warn("what the target has could not be listed; it is tried again")
		}
	}
}
