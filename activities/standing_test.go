package activities_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
)

// standing runs work as the activity of a standing job, and returns the details
// of its heartbeats.
func standing(t *testing.T, in api.StandingInput, work activities.StandingWork, change func(*testsuite.TestActivityEnvironment)) (beats []string, err error) {
	t.Helper()
	var ts testsuite.WorkflowTestSuite
	env := ts.NewTestActivityEnvironment()
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var text string
		require.NoError(t, details.Get(&text))
		beats = append(beats, text)
	})
	if change != nil {
		change(env)
	}
	env.RegisterActivityWithOptions(activities.Standing(work), activity.RegisterOptions{Name: "work"})
	_, err = env.ExecuteActivity("work", in)
	return beats, err
}

func TestStandingWork(t *testing.T) {
	// Temporal's test environment lets no activity last longer than ten minutes.
	in := api.StandingInput{Heartbeat: 30 * time.Second, Duration: 9 * time.Minute}
	t.Run("rounds come as often as asked, heartbeats as often as they must", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rounds := 0
			began := time.Now()
			beats, err := standing(t, in, activities.Every(3*time.Second, func(context.Context) (string, error) {
				rounds++
				return "all is well", nil
			}), nil)
			require.NoError(t, err)
			require.Equal(t, 9*time.Minute, time.Since(began))
			require.InDelta(t, 9*20, rounds, 1)
			require.InDelta(t, 9*2, len(beats), 1)
			require.Equal(t, "all is well", beats[0])
		})
	})
	t.Run("a round that fails is not the last, and is reported", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rounds := 0
			beats, err := standing(t, in, activities.Every(time.Minute, func(context.Context) (string, error) {
				rounds++
				return "", context.DeadlineExceeded
			}), nil)
			require.NoError(t, err)
			require.InDelta(t, 9, rounds, 1)
			require.Contains(t, beats[0], "deadline exceeded")
		})
	})
	t.Run("a round that hangs is not the last", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rounds := 0
			_, err := standing(t, in, activities.Every(30*time.Second, func(ctx context.Context) (string, error) {
				rounds++
				<-ctx.Done()
				return "", ctx.Err()
			}), nil)
			require.NoError(t, err)
			require.Equal(t, 2, rounds)
			time.Sleep(10 * time.Minute) // until the last one is over
		})
	})
	t.Run("a worker that stops hands over at once, and a round that has begun is finished", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			finished := false
			began := time.Now()
			_, err := standing(t, in, activities.Every(time.Hour, func(context.Context) (string, error) {
				time.AfterFunc(time.Second, func() { close(stop) })
				time.Sleep(3 * time.Second)
				finished = true
				return "", nil
			}), func(env *testsuite.TestActivityEnvironment) { env.SetWorkerStopChannel(stop) })
			require.ErrorContains(t, err, "this worker stops")
			require.True(t, finished)
			require.Equal(t, 3*time.Second, time.Since(began))
		})
	})
	t.Run("work that does not listen keeps no worker waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			close(stop)
			deaf := func(context.Context, func(string)) error { time.Sleep(time.Minute); return nil }
			began := time.Now()
			_, err := standing(t, in, deaf, func(env *testsuite.TestActivityEnvironment) { env.SetWorkerStopChannel(stop) })
			require.ErrorContains(t, err, "this worker stops")
			require.Less(t, time.Since(began), 10*time.Second)
			time.Sleep(time.Minute) // until it is gone
		})
	})
	t.Run("work that ends by itself is an error, which is retried", func(t *testing.T) {
		_, err := standing(t, in, func(context.Context, func(string)) error { return nil }, nil)
		require.ErrorContains(t, err, "ended by itself")
	})
}
