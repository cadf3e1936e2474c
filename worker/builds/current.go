package builds

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// LogCurrent logs whether the build of this process gets new requests, until it
// does. A versioned worker gets none until somebody makes its build current, and
// looks alive all the while.
func (d Deployment) LogCurrent(ctx context.Context, log logrus.FieldLogger) {
	log = log.WithField("build", d.config.BuildID)
	tick := time.NewTicker(lookAtDeployment)
	defer tick.Stop()
	for warned := false; ; {
		current, err := d.currentBuild(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && current == d.config.BuildID:
			log.Info("this build is current: it gets new requests")
			return
		case err != nil && access.CodeOf(err) != access.CodeNotFound:
			log.WithError(err).Debug("cannot see which build is current")
		case !warned:
			warned = true
			log.WithField("current", current).Warnf("this build is not current and gets no new requests: make it current with `ramp deploy current %s`", d.config.BuildID)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookAtDeployment is how often a worker that is not current looks again.
const lookAtDeployment = 5 * time.Second
