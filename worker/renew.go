package worker

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/activities"
)

const (
	meaningsEvery = 24 * time.Hour
	// Contracts take inventories that are an hour old, or as old as they say; the least is
	// five minutes.
	inventoriesEvery = 4 * time.Minute
	renewAgain       = time.Minute // after a time that failed
)

// keepMeanings renews what entitlements on a target mean, when this worker starts, since
// its configuration may be another than before, and each day.
func keepMeanings(ctx context.Context, t *activities.Targets, target string, log logrus.FieldLogger) {
	renew(ctx, meaningsEvery, func(ctx context.Context) error { return t.RenewMeanings(ctx, target) },
		func(err error) {
			log.WithError(err).Warn("what entitlements mean could not be renewed; it is tried again")
		})
}

// keepInventories renews the lists of what a target has, when this worker starts and then
// again and again.
func keepInventories(ctx context.Context, t *activities.Targets, target string, log logrus.FieldLogger) {
	renew(ctx, inventoriesEvery, func(ctx context.Context) error { return t.RenewInventories(ctx, target) },
		func(err error) {
			log.WithError(err).Warn("what the target has could not be listed; it is tried again")
		})
}

// renew calls once at the start and then at an interval, sooner after a time that failed,
// until ctx ends.
func renew(ctx context.Context, every time.Duration, once func(context.Context) error, failed func(error)) {
	for wait := time.Duration(0); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = every
		if err := once(ctx); err != nil && ctx.Err() == nil {
			wait = renewAgain
			failed(err)
		}
	}
}
