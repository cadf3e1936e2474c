package builds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// Deployment is the builds of the workers, as Temporal has them.
type Deployment struct {
	temporal client.Client
	config   Config
}

// New returns the deployment that config names.
func New(c client.Client, config Config) Deployment {
	return Deployment{c, config}
}

// Build is one build of the workers.
type Build struct {
	ID       string     `json:"build"`
	Current  bool       `json:"current"`          // it gets new requests
	Requests int64      `json:"requests"`         // that run on it; Temporal may be some seconds late
	Workers  int        `json:"workers"`          // that asked for work within the last minutes
	SeenAt   *time.Time `json:"seenAt,omitempty"` // when one last did
	Since    time.Time  `json:"since"`            // when it was first seen
}

func (d Deployment) handle() client.WorkerDeploymentHandle {
	return d.temporal.WorkerDeploymentClient().GetHandle(d.config.name())
}

// describe describes the deployment. Errors are also CodeNotFound: its first worker
// has not started yet.
func (d Deployment) describe(ctx context.Context) (client.WorkerDeploymentInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	res, err := d.handle().Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return res.Info, access.Errorf(access.CodeNotFound, "no worker of deployment %q has started yet", d.config.name())
	}
	return res.Info, api.FromTemporal(err)
}

// currentBuild returns the build that gets new requests. It is empty if workers
// without a build get them.
func (d Deployment) currentBuild(ctx context.Context) (string, error) {
	info, err := d.describe(ctx)
	if err != nil || info.RoutingConfig.CurrentVersion == nil {
		return "", err
	}
	return info.RoutingConfig.CurrentVersion.BuildID, nil
}

// Builds lists the builds, the newest first. Errors are also of code not_found:
// no worker with a build has started yet.
func (d Deployment) Builds(ctx context.Context) ([]Build, error) {
	info, err := d.describe(ctx)
	if err != nil {
		return nil, err
	}
	current := ""
	if v := info.RoutingConfig.CurrentVersion; v != nil {
		current = v.BuildID
	}
	seen, err := d.seen(ctx)
	if err != nil {
		return nil, err
	}
	var out []Build
	for _, v := range info.VersionSummaries {
		b := Build{ID: v.Version.BuildID, Current: v.Version.BuildID == current, Since: v.CreateTime.UTC()}
		for _, at := range seen[b.ID] {
			if b.Workers++; b.SeenAt == nil || at.After(*b.SeenAt) {
				b.SeenAt = &at
			}
		}
		res, err := d.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: d.runningOn(b.ID)})
		if err != nil {
			return nil, api.FromTemporal(err)
		}
		b.Requests = res.GetCount()
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Build) int { return b.Since.Compare(a.Since) })
	return out, nil
}

// seen returns when the workers of each build last asked for work. Temporal forgets
// a worker after five minutes.
func (d Deployment) seen(ctx context.Context) (map[string][]time.Time, error) {
	res, err := d.temporal.DescribeTaskQueue(ctx, workflows.ControlQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return nil, api.FromTemporal(err)
	}
	out := map[string][]time.Time{}
	for _, p := range res.GetPollers() {
		if v := p.GetDeploymentOptions(); v.GetDeploymentName() == d.config.name() {
			out[v.GetBuildId()] = append(out[v.GetBuildId()], p.GetLastAccessTime().AsTime())
		}
	}
	return out, nil
}

// runningOn returns the query for the requests that run on a build. The name is one of
// deploymentWord, so it needs no quoting.
func (d Deployment) runningOn(build string) string {
	return fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '%s:%s'",
		workflows.AccessRequestType, d.config.name(), build)
}

// SetCurrent has a build get all new requests. It waits until ctx ends for its
// workers to ask for work. Making it current again changes nothing. Errors are
// also of code unavailable: no worker of this build came.
func (d Deployment) SetCurrent(ctx context.Context, build string) error {
	if !deploymentWord.MatchString(build) {
		return access.Errorf(access.CodeInvalid, "%q is not a build", access.Clip(build, 60))
	}
	for {
		_, err := d.handle().SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
		var none *serviceerror.NotFound
		var early *serviceerror.FailedPrecondition
		if err == nil || !errors.As(err, &none) && !errors.As(err, &early) {
			return api.FromTemporal(err)
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "no worker of build %q of deployment %q has asked for work: %w", build, d.config.name(), err)
		case <-time.After(time.Second):
		}
	}
}

// Move moves the requests of a build to the current one, which goes on where the
// old one was, and returns how many it moved. It is for builds whose workers
// are gone, or should be. Repeating it is harmless. Errors are also of code
// invalid: the build is the current one, or none is; and unavailable: some still
// run on the old build when ctx ends.
func (d Deployment) Move(ctx context.Context, old string) (moved int, to string, err error) {
	to, err = d.currentBuild(ctx)
	switch {
	case err != nil:
		return 0, to, err
	case !deploymentWord.MatchString(old):
		return 0, to, access.Errorf(access.CodeInvalid, "%q is not a build", access.Clip(old, 60))
	case to == "":
		return 0, to, access.Errorf(access.CodeInvalid, "no build is current; run `ramp deploy current BUILD` first")
	case to == old:
		return 0, to, access.Errorf(access.CodeInvalid, "build %q is the current one: its requests are where they should be", old)
	}
	done := map[string]bool{}
	for {
		running, err := d.runningIDs(ctx, old)
		if err != nil || len(running) == 0 {
			return len(done), to, err
		}
		for _, id := range running {
			// Those that are still listed are moved again: the list may be late.
			if err := d.move(ctx, id, to); err != nil {
				return len(done), to, err
			}
			done[id] = true
		}
		select {
		case <-ctx.Done():
			return len(done), to, access.Errorf(access.CodeUnavailable, "%d requests are still listed with build %q, such as %s", len(running), old, strings.Join(running[:min(3, len(running))], ", "))
		case <-time.After(time.Second):
		}
	}
}

func (d Deployment) runningIDs(ctx context.Context, build string) (out []string, err error) {
	var page []byte
	for {
		res, err := d.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000, NextPageToken: page, Query: d.runningOn(build)})
		if err != nil {
			return out, api.FromTemporal(err)
		}
		for _, e := range res.Executions {
			out = append(out, e.Execution.GetWorkflowId())
		}
		if page = res.NextPageToken; len(page) == 0 {
			return out, nil
		}
	}
}

// move pins one request to another build. One that is over meanwhile is no error.
func (d Deployment) move(ctx context.Context, id, to string) error {
	_, err := d.temporal.UpdateWorkflowExecutionOptions(ctx, client.UpdateWorkflowExecutionOptionsRequest{WorkflowId: id,
		WorkflowExecutionOptionsChanges: client.WorkflowExecutionOptionsChanges{VersioningOverride: &client.VersioningOverrideChange{
			Value: &client.PinnedVersioningOverride{Version: d.config.version(to)}}}})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return nil
	}
	return api.FromTemporal(err)
}

// askWithin bounds one call to Temporal.
const askWithin = 10 * time.Second
