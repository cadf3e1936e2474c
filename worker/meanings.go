package worker

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/activities"
)

const (
	renewEvery = 24 * time.Hour
	renewAgain = time.Minute // after one that failed
)

// keepMeanings renews what entitlements on a target mean, when this worker starts, since
// its configuration may be another than before, and each day.
func keepMeanings(ctx context.Context, t *activities.Targets, target string, log logrus.FieldLogger) {
	for wait := time.Duration(0); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = renewEvery
		if err := t.RenewMeanings(ctx, target); err != nil && ctx.Err() == nil {
			wait = renewAgain
			log.WithError(err).WithField("target", target).Warn("what entitlements mean could not be renewed; it is tried again")
		}
	}
}
