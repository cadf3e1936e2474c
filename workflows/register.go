package workflows

import "go.temporal.io/sdk/workflow"

// Registry is where workflows are registered: a worker, or a replayer.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers every workflow under its name. Where builds are told apart,
// a request stays with the one that it began on. A standing job goes to the
// current one, so that a build that is gone does not hold it: a change of it must
// replay what runs.
func Register(r Registry) {
	r.RegisterWorkflowWithOptions(AccessRequest, workflow.RegisterOptions{Name: AccessRequestType, VersioningBehavior: workflow.VersioningBehaviorPinned})
	r.RegisterWorkflowWithOptions(StandingJob, workflow.RegisterOptions{Name: StandingJobType, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
}
