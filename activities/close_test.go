package activities_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

const requestID = "0123456789abcdef"

// callLog is a target and a ledger that keep their calls in one list.
type callLog struct {
	integrations.Target
	activities.GrantLedger
	seen    []string
	advance func(ctx context.Context, a access.Transition) error
}

func (w *callLog) Bounds() integrations.Bounds { return integrations.Bounds{} }

func (w *callLog) Revoke(context.Context, access.Grant) error {
	w.seen = append(w.seen, "revoke")
	return nil
}

func (w *callLog) Inspect(context.Context, access.Grant) (access.ReadBack, error) {
	w.seen = append(w.seen, "inspect")
	return access.ReadBack{}, nil
}

func (w *callLog) MarkClosed(ctx context.Context, _ string, _ time.Time, steps ...access.Transition) error {
	w.seen = append(w.seen, "closed")
	for _, s := range steps {
		if err := w.Advance(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (w *callLog) Grants(context.Context, ledger.GrantFilter) ([]ledger.GrantRecord, error) {
	return nil, nil
}

func (w *callLog) PlanEnvelope(context.Context, string) ([]byte, error) {
	return nil, access.Errorf(access.CodeNotFound, "no plan")
}

func (w *callLog) Advance(ctx context.Context, a access.Transition) error {
	if w.advance != nil {
		if err := w.advance(ctx, a); err != nil {
			return err
		}
	}
	w.seen = append(w.seen, string(a.To))
	return nil
}

func (w *callLog) close(t *testing.T) error {
	var ts testsuite.WorkflowTestSuite
	env := ts.NewTestActivityEnvironment()
	targets := &activities.Targets{Ledger: w, Broker: integrations.NewBroker(map[string]integrations.Target{"x/y": w}, nil)}
	env.RegisterActivityWithOptions(targets.CloseGrant, activity.RegisterOptions{Name: api.CloseGrant})
	_, err := env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{
		RequestID: requestID, Target: "x/y", Grant: access.GrantName(requestID, 0),
		Ending: &access.Transition{RequestID: requestID, To: access.StateEnding},
		Ended:  &access.Transition{RequestID: requestID, To: access.StateEnded},
	})
	return err
}

func TestClose(t *testing.T) {
	t.Run("the ledger knows of the ending before the target is touched, and of the end after it was read back", func(t *testing.T) {
		w := &callLog{}
		require.NoError(t, w.close(t))
		require.Equal(t, []string{"ending", "revoke", "inspect", "closed", "ended"}, w.seen)
	})
	t.Run("a ledger that hangs does not keep access open", func(t *testing.T) {
		w := &callLog{}
		revoked := false
		w.advance = func(ctx context.Context, _ access.Transition) error {
			if revoked = slices.Contains(w.seen, "revoke"); revoked {
				return access.Errorf(access.CodeUnavailable, "down")
			}
			<-ctx.Done()
			return ctx.Err()
		}
		require.Error(t, w.close(t), "what was not recorded is tried again")
		require.True(t, revoked)
		require.NotContains(t, w.seen, "ended")
	})
	t.Run("the ending that was not recorded at once is recorded before the end", func(t *testing.T) {
		w := &callLog{}
		w.advance = func(context.Context, access.Transition) error {
			if len(w.seen) == 0 {
				return access.Errorf(access.CodeUnavailable, "down")
			}
			return nil
		}
		require.NoError(t, w.close(t))
		require.Equal(t, []string{"revoke", "inspect", "closed", "ending", "ended"}, w.seen)
	})
	t.Run("a request that the ledger does not know is closed all the same", func(t *testing.T) {
		w := &callLog{advance: func(context.Context, access.Transition) error {
			return access.Errorf(access.CodeNotFound, "unknown")
		}}
		require.NoError(t, w.close(t))
		require.Contains(t, w.seen, "revoke")
	})
}
