package worker

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

const (
	defaultReconcile = 30 * time.Second
	// keepSchedules is how often schedules are made again, should somebody have
	// deleted, paused or changed one, or Temporal lost them.
	keepSchedules = time.Minute
	reconcileCap  = 10 * time.Minute // of one run
)

func (c ReconcileConfig) every() (time.Duration, error) {
	switch every := c.Every.Std(); {
	case every == 0:
		return defaultReconcile, nil
	case every < time.Second:
		return 0, access.Errorf(access.CodeInvalid, "worker.reconcile.every: a second is the least")
	default:
		return every, nil
	}
}

// schedules keeps a schedule for each place that this worker can reconcile: its
// targets, and the requests ("") where it has control. Several workers may keep
// the same ones.
type schedules struct {
	temporal client.Client
	every    time.Duration
	places   []string
	failed   func(place string, err error)
}

// run makes the schedules at once, with a first look each, and keeps them until
// ctx ends.
func (s schedules) run(ctx context.Context) {
	tick := time.NewTicker(keepSchedules)
	defer tick.Stop()
	for first := true; ; first = false {
		for _, place := range s.places {
			if err := s.ensure(ctx, place, first); err != nil && ctx.Err() == nil {
				s.failed(place, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s schedules) options(place string) client.ScheduleOptions {
	id := workflows.ReconcileID(place)
	return client.ScheduleOptions{
		ID:   id,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.every}}},
		Action: &client.ScheduleWorkflowAction{ID: id, Workflow: workflows.ReconcileType, TaskQueue: workflows.ControlQueue,
			Args: []any{api.ReconcileInput{Target: place}}, WorkflowExecutionTimeout: reconcileCap},
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: max(s.every, 10*time.Second), // unset, it is a year
		Note:          "The third line of Ramp's guarantee. Workers make it again if it is deleted or paused.",
		// The first look comes at once: whatever expired while all was down ends now.
		TriggerImmediately: true,
	}
}

// ensure makes one schedule, or makes it what it should be.
func (s schedules) ensure(ctx context.Context, place string, trigger bool) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	want := s.options(place)
	_, err := s.temporal.ScheduleClient().Create(ctx, want)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	h := s.temporal.ScheduleClient().GetHandle(ctx, want.ID)
	err = h.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		now := in.Description.Schedule
		if !trigger && now.State != nil && !now.State.Paused && now.Spec != nil && len(now.Spec.Intervals) == 1 && now.Spec.Intervals[0].Every == s.every {
			return nil, temporal.ErrSkipScheduleUpdate
		}
		return &client.ScheduleUpdate{Schedule: &client.Schedule{Action: want.Action, Spec: &want.Spec,
			Policy: &client.SchedulePolicies{Overlap: want.Overlap, CatchupWindow: want.CatchupWindow},
			State:  &client.ScheduleState{Note: want.Note}}}, nil
	}})
	if err != nil || !trigger {
		return err
	}
	return ReconcileNow(ctx, s.temporal, place)
}

// ReconcileNow has a place reconciled now: a target, or the requests (""). Errors
// are also of code not_found: no worker keeps a schedule for it.
func ReconcileNow(ctx context.Context, c client.Client, place string) error {
	err := c.ScheduleClient().GetHandle(ctx, workflows.ReconcileID(place)).Trigger(ctx,
		client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return access.Errorf(access.CodeNotFound, "nothing reconciles %q: no worker that serves it has run yet", access.Clip(place, 60))
	}
	return api.FromTemporal(err)
}
