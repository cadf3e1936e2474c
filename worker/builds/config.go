// Package builds is worker versioning for operators: which builds of the workers
// there are, which one gets new requests, and moving requests from one to another.
package builds

import (
	"regexp"

	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// Config switches worker versioning on (docs/threats.md, case 37): a request then stays with the
// build that it began on. Only workflows have builds, since only
// their code must go on where it was. Activities read inputs that only ever
// grow, so any worker of a target closes what any build opened: ending access
// never waits for one build's workers.
type Config struct {
	Name    string `yaml:"name,omitempty"`    // of all workers of one namespace; ramp if empty
	BuildID string `yaml:"buildId,omitempty"` // another for each release; versioning is off if empty
}

// DefaultName is the name of a deployment that has none in its configuration.
const DefaultName = "ramp"

// Temporal joins name and build with a colon, and bounds both.
var deploymentWord = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

// On reports whether workers are versioned.
func (c Config) On() bool { return c.BuildID != "" }

func (c Config) name() string {
	if c.Name == "" {
		return DefaultName
	}
	return c.Name
}

// Validate returns what is wrong with the names, as issues of the field
// worker.deployment.
func (c Config) Validate() []access.Issue {
	var issues access.Issues
	check := func(field, word string) {
		if word != "" && !deploymentWord.MatchString(word) {
			issues.Add("deployment_malformed", "worker.deployment."+field, "letters, digits, dot, dash and underscore are allowed, 100 at the most")
		}
	}
	check("name", c.name())
	check("buildId", c.BuildID)
	return issues
}

func (c Config) version(build string) worker.WorkerDeploymentVersion {
	return worker.WorkerDeploymentVersion{DeploymentName: c.name(), BuildID: build}
}

// Options returns the versioning options of the worker of one task queue.
func (c Config) Options(queue string) worker.DeploymentOptions {
	if !c.On() || queue != workflows.ControlQueue {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{UseVersioning: true, Version: c.version(c.BuildID)}
}
