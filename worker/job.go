package worker

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// StandingJob is work that goes on all the time on one worker of the whole
// installation: see workflows.StandingJob. Every worker that can do it sees to
// it that its workflow runs.
type StandingJob struct {
	ID       string // of the workflow, such as ramp-reconcile-ssh/demo
	Activity string // the name under which Work is registered on Queue
	Queue    string
	Summary  string // a line for the Temporal UI
	// AtStart begins the work again whenever a worker starts: for work whose first
	// round must not wait until the heartbeat of a worker that died is missed.
	AtStart bool
	Work    activities.StandingWork
	// Heartbeat is how often the worker tells Temporal that it is alive;
	// standingHeartbeat if zero.
	Heartbeat time.Duration
}

// standingHeartbeat decides what a standing job costs, since Temporal Cloud bills
// each heartbeat as an action: 480 a day. A worker that dies without a word is
// replaced when the next heartbeat is 25 s late, so within 205 s. Until then other
// workers of the same target look by themselves, every three intervals (watch.go).
const standingHeartbeat = 180 * time.Second

// standingDuration is how long one run of a standing job lasts.
const standingDuration = 24 * time.Hour

func (j StandingJob) register(r activities.Registry) {
	r.RegisterActivityWithOptions(activities.Standing(j.Work), activity.RegisterOptions{Name: j.Activity})
}

func (j StandingJob) input() workflows.StandingJobInput {
	in := workflows.StandingJobInput{Activity: j.Activity, Queue: j.Queue, Summary: j.Summary,
		Heartbeat: standingHeartbeat, Duration: standingDuration}
	if j.Heartbeat > 0 {
		in.Heartbeat = j.Heartbeat
	}
	return in
}

// ScheduledJob is a workflow that a Temporal Schedule starts from time to time.
type ScheduledJob struct {
	ID       string // of the schedule, and the beginning of its workflows' ids
	Workflow string
	Args     []any
	Spec     client.ScheduleSpec
	Catchup  time.Duration // how late a missed start is still made: the schedule's catch-up window
	Note     string
	AtStart  bool          // it is also started whenever a worker starts
	Timeout  time.Duration // of one workflow
}

// jobs are the jobs that one worker can do, and whose workflows and schedules it
// keeps running.
type jobs struct {
	standing  []StandingJob
	scheduled []ScheduledJob
	retired   []string // ids of schedules that older versions made
}

// keepJobs is how often a worker looks whether its jobs still run, should
// somebody have ended, paused or deleted one, or Temporal have lost it.
const keepJobs = time.Minute

// jobKeeper keeps jobs running until its context ends. Several workers may keep
// the same ones.
type jobKeeper struct {
	temporal client.Client
	jobs
	log logrus.FieldLogger
}

func (k jobKeeper) run(ctx context.Context) {
	for _, id := range k.retired {
		k.try(ctx, id, func(ctx context.Context) error { return k.retire(ctx, id) })
	}
	tick := time.NewTicker(keepJobs)
	defer tick.Stop()
	for first := true; ; first = false {
		for _, j := range k.standing {
			k.try(ctx, j.ID, func(ctx context.Context) error { return k.keepStanding(ctx, j, first) })
		}
		for _, j := range k.scheduled {
			k.try(ctx, j.ID, func(ctx context.Context) error { return k.keepScheduled(ctx, j, first) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (k jobKeeper) try(ctx context.Context, id string, do func(context.Context) error) {
	bounded, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if err := do(bounded); err != nil && ctx.Err() == nil {
		k.log.WithError(err).WithField("job", id).Error("cannot keep a job running; it is tried again within a minute")
	}
}

// keepStanding starts a standing job that does not run. Asking whether it runs
// is no billable action; starting what runs already would be none either, but
// leaves a job that somebody paused as it is.
func (k jobKeeper) keepStanding(ctx context.Context, j StandingJob, starting bool) error {
	runs, stuck, err := k.standingState(ctx, j.ID)
	if err != nil {
		return err
	}
	if stuck {
		if err := k.temporal.TerminateWorkflow(ctx, j.ID, "", "paused; a standing job is started again by the workers"); err != nil {
			return api.FromTemporal(err)
		}
	}
	options := client.StartWorkflowOptions{ID: j.ID, TaskQueue: workflows.ControlQueue, StaticSummary: j.Summary,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING}
	in := j.input()
	switch {
	case starting && j.AtStart:
		_, err = k.temporal.SignalWithStartWorkflow(ctx, j.ID, workflows.SignalRunNow, workflows.RunNow{Job: &in},
			options, workflows.StandingJobType, in)
	case !runs || stuck:
		_, err = k.temporal.ExecuteWorkflow(ctx, options, workflows.StandingJobType, in)
	}
	return api.FromTemporal(err)
}

// standingState reports whether a standing job runs, and whether it is stuck:
// paused, or with its activity paused.
func (k jobKeeper) standingState(ctx context.Context, id string) (runs, stuck bool, err error) {
	res, err := k.temporal.DescribeWorkflowExecution(ctx, id, "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return false, false, nil
	}
	if err != nil {
		return false, false, api.FromTemporal(err)
	}
	switch res.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		runs = true
	case enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return true, true, nil
	}
	for _, a := range res.GetPendingActivities() {
		stuck = stuck || a.GetPaused()
	}
	return runs, stuck, nil
}

// keepScheduled makes a schedule, or makes it what it should be.
func (k jobKeeper) keepScheduled(ctx context.Context, j ScheduledJob, starting bool) error {
	want := client.ScheduleOptions{
		ID: j.ID, Spec: j.Spec, Note: j.Note, TriggerImmediately: j.AtStart,
		Action: &client.ScheduleWorkflowAction{ID: j.ID, Workflow: j.Workflow, TaskQueue: workflows.ControlQueue,
			Args: j.Args, WorkflowExecutionTimeout: j.Timeout},
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: max(j.Catchup, 10*time.Second), // unset, it is a year
	}
	_, err := k.temporal.ScheduleClient().Create(ctx, want)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	h := k.temporal.ScheduleClient().GetHandle(ctx, want.ID)
	err = h.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		now := in.Description.Schedule
		if !starting && now.State != nil && !now.State.Paused {
			return nil, temporal.ErrSkipScheduleUpdate
		}
		return &client.ScheduleUpdate{Schedule: &client.Schedule{Action: want.Action, Spec: &want.Spec,
			Policy: &client.SchedulePolicies{Overlap: want.Overlap, CatchupWindow: want.CatchupWindow},
			State:  &client.ScheduleState{Note: want.Note}}}, nil
	}})
	if err != nil || !starting || !j.AtStart {
		return err
	}
	return h.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP})
}

// retire deletes a schedule of an older version. Its job is done otherwise now.
func (k jobKeeper) retire(ctx context.Context, id string) error {
	err := k.temporal.ScheduleClient().GetHandle(ctx, id).Delete(ctx)
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return nil
	}
	return api.FromTemporal(err)
}

// RunNow has a standing job begin its work again, at once. Errors are also of
// code not_found: no worker that can do it has run yet.
func RunNow(ctx context.Context, c client.Client, id string) error {
	err := c.SignalWorkflow(ctx, id, "", workflows.SignalRunNow, workflows.RunNow{})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return access.Errorf(access.CodeNotFound, "the job %s does not run: no worker that can do it has started yet", access.Clip(id, 80))
	}
	return api.FromTemporal(err)
}

// ReconcileNow has a target reconciled now; the requests, if none is named.
func ReconcileNow(ctx context.Context, c client.Client, target string) error {
	return RunNow(ctx, c, workflows.ReconcileID(target))
}
