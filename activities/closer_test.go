package activities_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
)

// closing is a closer at work, with a clock of its own.
type closing struct {
	*worker
	late atomic.Int64 // how far the closer's clock is past start
}

// startCloser starts a closer of the worker's target. The clock stands at the start.
func (w *worker) startCloser() *closing {
	c := &closing{worker: w}
	log := logrus.New()
	log.SetOutput(io.Discard)
	closer := &activities.Closer{Targets: w.targets, Due: w.ledger, Target: targetName, Log: log,
		Clock: func(context.Context) (time.Time, error) { return start.Add(time.Duration(c.late.Load())), nil }}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { closer.Run(ctx) })
	w.Cleanup(func() { stop(); running.Wait() })
	return c
}

func (c *closing) timeIs(after time.Duration) { c.late.Store(int64(after)) }

func (c *closing) eventually(ok func() bool, msg string) {
	c.Helper()
	require.Eventually(c, ok, time.Minute, 10*time.Millisecond, msg)
}

// looksTwice waits until the closer has looked twice: it looks once a second at least.
func (c *closing) looksTwice() {
	c.Helper()
	time.Sleep(2500 * time.Millisecond)
}

func (w *worker) request(a asked) access.Request {
	w.Helper()
	r, err := w.ledger.Request(context.Background(), a.plan.RequestID)
	require.NoError(w, err)
	return r
}

func (w *worker) revokes(grant string) (n int) {
	for _, e := range w.effects {
		if e.Op == faketarget.OpRevoke && e.Grant.Name == grant {
			n++
		}
	}
	return n
}

// TestCloser: what is due is closed and recorded as any ending, without Temporal.
func TestCloser(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a, forAnHour := w.approvedAndOpen(), w.asks(func(p *access.Plan) { p.Duration = access.Duration(time.Hour) })
	require.NoError(t, forAnHour.open(start.Add(time.Hour), forAnHour.decision(bob, access.Approve)))
	c := w.startCloser()

	c.timeIs(30*time.Minute - time.Second)
	c.looksTwice()
	require.Len(t, w.target.Usable(), 2, "nothing ends early")

	c.timeIs(30*time.Minute + time.Second)
	c.eventually(func() bool { return w.request(a).State == access.StateEnded }, "it is ended")
	require.Equal(t, access.OutcomeExpired, w.request(a).Outcome)
	require.Equal(t, ledger.GrantClosed, a.row().Status)
	require.Equal(t, []string{forAnHour.grant()}, w.target.Objects())
	before := a.eventCounts()
	for _, kind := range []access.EventKind{access.EventAccessEnding, access.EventGrantClosed, access.EventAccessEnded} {
		require.Equal(t, 1, before[kind], kind)
	}

	t.Run("what the workflow does afterwards asks the target, revokes nothing and records nothing", func(t *testing.T) {
		ending, ended := access.Ending(a.plan.RequestID, access.OutcomeReleased, start), access.Ended(a.plan.RequestID, access.OutcomeReleased, start)
		_, err := w.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant(),
			Ending: &ending, Ended: &ended})
		require.NoError(t, err)
		require.Equal(t, 1, w.revokes(a.grant()))
		require.Equal(t, before, a.eventCounts())
		require.Equal(t, access.OutcomeExpired, w.request(a).Outcome)
	})
}

// TestCloserClosedIsAsked: a row that says closed proves nothing, no matter who wrote it.
func TestCloserClosedIsAsked(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	require.NoError(t, w.ledger.MarkClosed(context.Background(), a.grant(), start))
	require.Len(t, w.target.Usable(), 1)
	require.NoError(t, a.close())
	require.Empty(t, w.target.Objects())
}

// TestCloserAndExtension: what was extended in time stays, and an extension that
// comes while access is being closed is refused.
func TestCloserAndExtension(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	extended, late := w.approvedAndOpen(), w.asks()
	require.NoError(t, late.open(start.Add(30*time.Minute), late.decision(bob, access.Approve)))
	require.NoError(t, w.ledger.MarkExtended(context.Background(), extended.grant(), start.Add(time.Hour)))
	letGo := w.target.Block(faketarget.OpRevoke)
	defer letGo()
	c := w.startCloser()
	c.timeIs(30*time.Minute + time.Second)
	c.eventually(func() bool { return w.request(late).State == access.StateEnding }, "it is ending")
	require.Equal(t, access.CodeConflict, access.CodeOf(w.ledger.MarkExtended(context.Background(), late.grant(), start.Add(time.Hour))))
	letGo()
	c.eventually(func() bool { return w.request(late).State == access.StateEnded }, "it is ended")
	require.Equal(t, []string{extended.grant()}, w.target.Usable())
}

// TestCloserWaitsForOpenings: a call that opens may still be under way when the time
// is over already; what it opens would stay if it were closed before.
func TestCloserWaitsForOpenings(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.asks()
	g, err := a.plan.Grant(a.grant(), start.Add(30*time.Minute))
	require.NoError(t, err)
	require.NoError(t, w.ledger.IntendGrant(context.Background(), g, start))
	c := w.startCloser()
	c.timeIs(30*time.Minute + 20*time.Second)
	c.looksTwice()
	require.Equal(t, ledger.GrantIntended, a.row().Status)
	require.NoError(t, w.target.Grant(context.Background(), g), "it arrives late")
	c.timeIs(30*time.Minute + 31*time.Second)
	c.eventually(func() bool { return a.row().Status == ledger.GrantClosed }, "it is closed")
	require.Empty(t, w.target.Objects())
}

// TestCloserOneFlight: the closer and the activity, at the same moment, ask the
// target once.
func TestCloserOneFlight(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.approvedAndOpen()
	letGo := w.target.Block(faketarget.OpRevoke)
	defer letGo()
	c := w.startCloser()
	c.timeIs(30*time.Minute + time.Second)
	c.eventually(func() bool { return w.request(a).State == access.StateEnding }, "the closer has begun")
	closed := make(chan error, 2)
	for range 2 {
		go func() {
			var ts testsuite.WorkflowTestSuite
			env := ts.NewTestActivityEnvironment()
			env.RegisterActivityWithOptions(w.targets.CloseGrant, activity.RegisterOptions{Name: api.CloseGrant})
			_, err := env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant()})
			closed <- err
		}()
	}
	time.Sleep(500 * time.Millisecond) // both have joined, or would have called the target by now
	letGo()
	require.NoError(t, <-closed)
	require.NoError(t, <-closed)
	c.eventually(func() bool { return w.request(a).State == access.StateEnded }, "it is ended")
	require.Equal(t, 1, w.revokes(a.grant()))
}

// TestCloserGoesOn: whatever goes wrong, closing is tried again, and not in a hurry.
func TestCloserGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.approvedAndOpen()
	w.target.FailNext(faketarget.OpRevoke, faketarget.Forbidden, faketarget.StillThere, faketarget.LostReply)
	c := w.startCloser()
	tick := time.NewTicker(100 * time.Millisecond) // time passes, so that pauses do
	defer tick.Stop()
	began := time.Now()
	c.eventually(func() bool {
		c.timeIs(30*time.Minute + time.Second + time.Since(began))
		return w.request(a).State == access.StateEnded
	}, "it is ended")
	require.Empty(t, w.target.Objects())
	require.GreaterOrEqual(t, time.Since(began), 3500*time.Millisecond, "half a second, one, two")
}

// TestCloserKeepsOutcome: a request that was ending for another reason when its time
// was over ends for that reason.
func TestCloserKeepsOutcome(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.approvedAndOpen()
	require.NoError(t, w.ledger.Advance(context.Background(), access.Ending(a.plan.RequestID, access.OutcomeRevoked, start)))
	c := w.startCloser()
	c.timeIs(30*time.Minute + time.Second)
	c.eventually(func() bool { return w.request(a).State == access.StateEnded }, "it is ended")
	require.Equal(t, access.OutcomeRevoked, w.request(a).Outcome)
}

// TestCloserSeveralGrants: a request is ended with the last of its grants, and they are
// closed in the reverse of their order.
func TestCloserSeveralGrants(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.asks(func(p *access.Plan) {
		second := p.Grants[0]
		second.Name = access.GrantName(p.RequestID, 1)
		p.Grants = append(p.Grants, second)
	})
	for _, name := range []string{a.plan.Grants[0].Name, a.plan.Grants[1].Name} {
		_, err := w.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Plan: a.signed, Decisions: []evidence.Envelope{a.decision(bob, access.Approve)},
			Grant: name, ExpiresAt: start.Add(30 * time.Minute)})
		require.NoError(t, err)
	}
	w.target.FailNext(faketarget.OpRevoke, faketarget.NoFault, faketarget.Unavailable)
	c := w.startCloser()
	c.timeIs(30*time.Minute + time.Second)
	c.eventually(func() bool { return len(w.target.Objects()) == 1 }, "one is closed")
	require.Equal(t, []string{a.plan.Grants[0].Name}, w.target.Objects(), "the second is closed first")
	require.Equal(t, access.StateEnding, w.request(a).State)
	c.eventually(func() bool { // what failed is tried again as time goes on
		c.late.Add(int64(time.Second))
		return w.request(a).State == access.StateEnded
	}, "both are closed")
	require.Equal(t, 1, a.eventCounts()[access.EventAccessEnded])
}

// TestCloserTwoWorkers: of two workers that serve one target, one closes a grant.
func TestCloserTwoWorkers(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	a := w.approvedAndOpen()
	letGo := w.target.Block(faketarget.OpRevoke)
	defer letGo()
	one := w.startCloser()
	other := *w
	other.targets = &activities.Targets{Broker: w.targets.Broker, Ledger: w.ledger, Keyring: w.targets.Keyring, Now: w.targets.Now}
	two := other.startCloser()
	one.timeIs(30*time.Minute + time.Second)
	two.timeIs(30*time.Minute + time.Second)
	one.looksTwice()
	letGo()
	one.eventually(func() bool { return w.request(a).State == access.StateEnded }, "it is ended")
	one.looksTwice()
	require.Equal(t, 1, w.revokes(a.grant()))
}
