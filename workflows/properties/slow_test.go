package properties

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/activities/api"
)

// slowly lets an activity take as long as the scenario says. It takes effect at
// the end of that time: a request that was long on its way to a cloud.
func slowly[In, Out any](s *simulation, name string, do func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		var zero Out
		info := activity.GetInfo(ctx)
		s.mu.Lock()
		d := time.Duration(0)
		if next := s.slow[name]; len(next) > 0 {
			d, s.slow[name] = next[0], next[1:]
		}
		stopped := s.cancelled[info.ActivityID]
		s.mu.Unlock()
		if stopped {
			// The server hands out no further attempt of a cancelled activity; the
			// test environment does.
			return zero, temporal.NewCanceledError()
		}
		if name == api.OpenGrant {
			s.openingBegins()
		}
		if d == 0 {
			return do(ctx, in)
		}
		late := context.WithoutCancel(ctx) // the activity returns now; its work does not
		s.completeAfter(info, d, func() (any, error) { return do(late, in) })
		return zero, activity.ErrResultPending
	}
}

// completeAfter has an activity take effect after d, or at once when it is cancelled: whichever it is,
// the workflow learns of it only then.
func (s *simulation) completeAfter(info activity.Info, d time.Duration, do func() (any, error)) {
	effect := func() {
		s.mu.Lock()
		_, waiting := s.landing[info.ActivityID]
		delete(s.landing, info.ActivityID)
		stopped := s.cancelled[info.ActivityID]
		s.mu.Unlock()
		if !waiting {
			return
		}
		out, err := do()
		if err != nil && !stopped && retried(err) {
			s.completeAfter(info, time.Second, do)
			return
		}
		_ = s.env.CompleteActivity(info.TaskToken, out, err) // one that was cancelled is not waited for
	}
	s.mu.Lock()
	s.landing[info.ActivityID] = effect
	s.mu.Unlock()
	s.env.RegisterDelayedCallback(effect, d)
}

func retried(err error) bool {
	var app *temporal.ApplicationError
	return !errors.As(err, &app) || !app.NonRetryable()
}

// stopped is told when the workflow cancels an activity. The server would have
// the workflow wait for it where it asked to; the test environment does not, so
// what is under way takes effect here, before the workflow goes on.
func (s *simulation) stopped(info *activity.Info) {
	s.mu.Lock()
	s.cancelled[info.ActivityID] = true
	effect := s.landing[info.ActivityID]
	s.mu.Unlock()
	if effect != nil && info.ActivityType.Name == api.OpenGrant {
		effect()
	}
}
