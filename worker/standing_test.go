package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/workflows"
)

// holder is a process that can do the job "ramp-count": it counts its rounds.
type holder struct {
	site   *site
	job    StandingJob
	keeper jobKeeper
	worker worker.Worker
	rounds atomic.Int64
	cut    atomic.Bool // its calls to Temporal fail
}

func (s *site) holder(interval, heartbeat time.Duration) *holder {
	s.Helper()
	h := &holder{site: s}
	h.job = StandingJob{ID: "ramp-count", Activity: "Count", Queue: workflows.ControlQueue, Summary: "count", Heartbeat: heartbeat,
		Work: activities.Every(interval, func(context.Context) (string, error) { h.rounds.Add(1); return "", nil })}
	c, err := client.Dial(client.Options{HostPort: s.address, Namespace: temporalserver.Namespace, Logger: sdklog.New(quiet()),
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(h.intercept)}}})
	require.NoError(s, err)
	s.Cleanup(c.Close)
	h.worker = worker.New(c, workflows.ControlQueue, worker.Options{WorkerStopTimeout: max(stopWithin, heartbeat), DisableRegistrationAliasing: true})
	workflows.Register(h.worker)
	h.job.register(h.worker)
	h.keeper = jobKeeper{temporal: c, jobs: jobs{standing: []StandingJob{h.job}}, log: quiet()}
	require.NoError(s, h.worker.Start())
	return h
}

func (h *holder) intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if h.cut.Load() {
		return status.Error(codes.Unavailable, "cut")
	}
	return next(ctx, method, req, reply, cc, opts...)
}

// keeps does what a worker does at its start, and once a minute from then on.
func (h *holder) keeps(starting bool) {
	h.site.Helper()
	require.NoError(h.site, h.keeper.keepStanding(h.site.Context(), h.job, starting))
}

// works waits until it has done a round more than it has now.
func (h *holder) works() {
	h.site.Helper()
	before := h.rounds.Load()
	h.site.eventually(func() bool { return h.rounds.Load() > before }, "it works")
}

func (s *site) runOf(id string) *workflowservice.DescribeWorkflowExecutionResponse {
	s.Helper()
	res, err := s.temporal.DescribeWorkflowExecution(s.Context(), id, "")
	require.NoError(s, err)
	return res
}

func TestStandingJob(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	a := s.holder(50*time.Millisecond, 4*time.Second)
	t.Run("a worker that starts starts it", func(t *testing.T) {
		a.keeps(true)
		a.works()
	})
	b := s.holder(50*time.Millisecond, 4*time.Second)
	t.Run("a second worker leaves it where it is", func(t *testing.T) {
		run := s.runOf(a.job.ID).WorkflowExecutionInfo.Execution.RunId
		b.keeps(true)
		b.keeps(false)
		a.works()
		require.Zero(t, b.rounds.Load())
		require.Equal(t, run, s.runOf(a.job.ID).WorkflowExecutionInfo.Execution.RunId)
	})
	t.Run("a worker that stops hands it over", func(t *testing.T) {
		a.worker.Stop()
		stopped := a.rounds.Load()
		b.works()
		require.Equal(t, stopped, a.rounds.Load())
	})
	t.Run("somebody ends it: it is started again", func(t *testing.T) {
		require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), b.job.ID, "", "by hand"))
		b.keeps(false)
		b.works()
		require.NoError(t, s.temporal.CancelWorkflow(t.Context(), b.job.ID, ""))
		s.eventually(func() bool {
			return s.runOf(b.job.ID).WorkflowExecutionInfo.Status == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED
		}, "it is cancelled")
		b.keeps(false)
		b.works()
	})
	t.Run("somebody pauses it: it is started again", func(t *testing.T) {
		// What worked just now may have been the activity of the run before: a run
		// that has only begun has none to pause.
		s.eventually(func() bool { return len(s.runOf(b.job.ID).PendingActivities) > 0 }, "it has its activity")
		res := s.runOf(b.job.ID)
		_, err := s.temporal.WorkflowService().PauseActivity(t.Context(), &workflowservice.PauseActivityRequest{
			Namespace: temporalserver.Namespace, Execution: res.WorkflowExecutionInfo.Execution,
			Activity: &workflowservice.PauseActivityRequest_Type{Type: b.job.Activity}, Identity: "somebody"})
		require.NoError(t, err)
		s.eventually(func() bool { a := s.runOf(b.job.ID).PendingActivities; return len(a) > 0 && a[0].Paused }, "it is paused")
		b.keeps(false)
		b.works()
		require.NotEqual(t, res.WorkflowExecutionInfo.Execution.RunId, s.runOf(b.job.ID).WorkflowExecutionInfo.Execution.RunId)
	})
	t.Run("a worker that dies without a word is replaced after a heartbeat", func(t *testing.T) {
		c := s.holder(50*time.Millisecond, 4*time.Second)
		b.cut.Store(true)
		c.works()
		b.cut.Store(false)
		// Which of the two has it is up to the machine: a slow one lets a heartbeat of c's be
		// missing too.
		s.eventually(func() bool {
			bs, cs := b.rounds.Load(), c.rounds.Load()
			for b.rounds.Load()+c.rounds.Load() < bs+cs+5 {
				time.Sleep(10 * time.Millisecond)
			}
			return b.rounds.Load() == bs || c.rounds.Load() == cs
		}, "what was cut off learns that it is not its job any more: one of them does five rounds in a row")
		b.worker.Stop()
		c.works()
		c.worker.Stop()
	})
}

// TestStandingJobIsHandedOver: by the activity itself, once its worker is told to stop. A
// heartbeat would be missing after an hour, and a worker would cut an activity off after one.
func TestStandingJobIsHandedOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	a, b := s.holder(50*time.Millisecond, time.Hour), s.holder(50*time.Millisecond, time.Hour)
	a.keeps(true)
	s.eventually(func() bool { return a.rounds.Load()+b.rounds.Load() > 0 }, "one of them works")
	if a.rounds.Load() == 0 {
		a, b = b, a
	}
	stopped := make(chan struct{})
	go func() { a.worker.Stop(); close(stopped) }()
	b.works()
	<-stopped
	b.worker.Stop()
}

func TestStandingJobRunsNow(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	require.Equal(t, access.CodeNotFound, access.CodeOf(RunNow(t.Context(), s.temporal, "ramp-count")))
	a := s.holder(time.Hour, 4*time.Second)
	defer a.worker.Stop()
	a.keeps(true)
	s.eventually(func() bool { return a.rounds.Load() == 1 }, "the first round")
	require.NoError(t, RunNow(t.Context(), s.temporal, a.job.ID))
	s.eventually(func() bool { return a.rounds.Load() == 2 }, "one more")
	a.keeps(false)
	a.job.AtStart = true
	a.keeps(true) // as a worker does that starts, maybe after it died
	s.eventually(func() bool { return a.rounds.Load() == 3 }, "one more")
}

// TestScheduledJob: a schedule is made, made again when it is gone or paused, and
// one that an older version made is deleted.
func TestScheduledJob(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	j := ScheduledJob{ID: "ramp-weekly", Workflow: "Weekly", Note: "every week",
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: 7 * 24 * time.Hour}}}}
	k := jobKeeper{temporal: s.temporal, jobs: jobs{scheduled: []ScheduledJob{j}}, log: quiet()}
	h := s.temporal.ScheduleClient().GetHandle(t.Context(), j.ID)
	require.NoError(t, k.keepScheduled(t.Context(), j, true))
	require.NoError(t, h.Pause(t.Context(), client.SchedulePauseOptions{Note: "by hand"}))
	require.NoError(t, k.keepScheduled(t.Context(), j, false))
	d, err := h.Describe(t.Context())
	require.NoError(t, err)
	require.False(t, d.Schedule.State.Paused)
	require.Equal(t, "every week", d.Schedule.State.Note)
	require.Equal(t, 7*24*time.Hour, d.Schedule.Spec.Intervals[0].Every)

	require.NoError(t, k.retire(t.Context(), j.ID))
	require.NoError(t, k.retire(t.Context(), j.ID), "it is gone")
	_, err = h.Describe(t.Context())
	var none *serviceerror.NotFound
	require.True(t, errors.As(err, &none), "%v", err)
	require.NoError(t, k.keepScheduled(t.Context(), j, false))
	_, err = s.temporal.ScheduleClient().Create(t.Context(), client.ScheduleOptions{ID: j.ID, Action: &client.ScheduleWorkflowAction{Workflow: "x", TaskQueue: "q"}})
	require.ErrorIs(t, err, temporal.ErrScheduleAlreadyRunning)
}
