package worker

import (
	"context"
	"regexp"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// DeploymentConfig switches worker versioning on (CASES 37): a request then
// stays with the build that it began on. Only workflows have builds, since only
// their code must go on where it was. Activities read inputs that only ever
// grow, so any worker of a target closes what any build opened: ending access
// never waits for one build's workers.
type DeploymentConfig struct {
	Name    string `yaml:"name,omitempty"`    // of all workers of one namespace; ramp if empty
	BuildID string `yaml:"buildId,omitempty"` // another for each release; versioning is off if empty
}

// DefaultDeployment is the name of a deployment that has none.
const DefaultDeployment = "ramp"

// Temporal joins name and build with a colon, and bounds both.
var deploymentWord = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

func (c DeploymentConfig) on() bool { return c.BuildID != "" }

func (c DeploymentConfig) name() string {
	if c.Name == "" {
		return DefaultDeployment
	}
	return c.Name
}

func (c DeploymentConfig) validate() (issues access.Issues) {
	for _, word := range []struct{ field, text string }{{"name", c.name()}, {"buildId", c.BuildID}} {
		if word.text != "" && !deploymentWord.MatchString(word.text) {
			issues.Add("deployment_malformed", "worker.deployment."+word.field, "letters, digits, dot, dash and underscore are allowed, 100 at the most")
		}
	}
	return issues
}

func (c DeploymentConfig) version(build string) worker.WorkerDeploymentVersion {
	return worker.WorkerDeploymentVersion{DeploymentName: c.name(), BuildID: build}
}

// options are those of the worker of one queue.
func (c DeploymentConfig) options(queue string) worker.DeploymentOptions {
	if !c.on() || queue != workflows.ControlQueue {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{UseVersioning: true, Version: c.version(c.BuildID)}
}

// waitCurrent tells whether this build gets new requests. A versioned worker
// gets none until somebody makes its build current, and looks alive all the
// while.
func waitCurrent(ctx context.Context, d Deployments, log logrus.FieldLogger) {
	log = log.WithField("build", d.config.BuildID)
	tick := time.NewTicker(lookAtDeployment)
	defer tick.Stop()
	for told := false; ; {
		current, err := d.currentBuild(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && current == d.config.BuildID:
			log.Info("this build is current: it gets new requests")
			return
		case err != nil && access.CodeOf(err) != access.CodeNotFound:
			log.WithError(err).Debug("cannot see which build is current")
		case !told:
			told = true
			log.WithField("current", current).Warnf("this build is not current and gets no new requests: `ramp deploy current %s` makes it", d.config.BuildID)
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
