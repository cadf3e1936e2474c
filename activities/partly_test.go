package activities_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// threeHosts is a target of three hosts.
type threeHosts struct {
	*faketarget.Target
	mu      sync.Mutex
	leftOut []string
	down    []string
	slow    chan struct{} // nil: none is
}

func (p *threeHosts) LeftOut(context.Context, access.Grant) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leftOut, nil
}

func (p *threeHosts) opensOnAllBut(hosts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leftOut = hosts
}

func (p *threeHosts) Joined(ctx context.Context, _ access.Grant) error {
	if p.slow == nil {
		return nil
	}
	select {
	case <-p.slow:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *threeHosts) Revoke(ctx context.Context, g access.Grant) error {
	if len(p.down) > 0 {
		return access.Errorf(access.CodeUnavailable, "%w", &integrations.PartlyError{Parts: 3, Missing: p.down, Why: "some have ended it; " + p.down[0] + ": no route to host"})
	}
	return p.Target.Revoke(ctx, g)
}

// TestPartsAreRecorded: which hosts an access is not on, and which have not ended it, is in
// the request's events, each once, and in what is said of the grant.
func TestPartsAreRecorded(t *testing.T) {
	w := newWorker(t)
	hosts := &threeHosts{Target: w.target, leftOut: []string{"db1", "web2"}}
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: hosts}, nil)
	a := w.approvedAndOpen()
	told := func() (messages []string) {
		timeline, _, err := a.ledger.Timeline(context.Background(), a.plan.RequestID)
		require.NoError(t, err)
		for _, e := range timeline {
			if e.Kind == access.EventGrantPartly {
				require.Equal(t, targetName, e.Detail["target"])
				messages = append(messages, e.Message)
			}
		}
		return messages
	}
	require.Equal(t, []string{"It is not on db1, web2."}, told())

	w.now = w.now.Add(31 * time.Minute)
	hosts.down = []string{"db1", "web1"}
	require.Error(t, a.close())
	require.Error(t, a.close())
	hosts.down = []string{"web1"}
	require.Error(t, a.close())
	require.Equal(t, []string{"It is not on db1, web2.", "some have ended it; db1: no route to host", "some have ended it; web1: no route to host"}, told())
	hosts.down = nil
	require.NoError(t, a.close())
	require.Len(t, told(), 3)
}

// TestSlowPartsJoin: an opening does not wait for slow hosts; who of them has joined since is
// in the request's events, and what is still missing stands after it.
func TestSlowPartsJoin(t *testing.T) {
	w := newWorker(t)
	hosts := &threeHosts{Target: w.target, leftOut: []string{"db1", "web2"}, slow: make(chan struct{})}
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: hosts}, nil)
	a := w.approvedAndOpen()
	hosts.opensOnAllBut("web2")
	close(hosts.slow)
	told := func() (messages []string) {
		timeline, _, err := a.ledger.Timeline(context.Background(), a.plan.RequestID)
		require.NoError(t, err)
		for _, e := range timeline {
			if e.Kind == access.EventGrantPartly || e.Kind == access.EventGrantJoined {
				messages = append(messages, e.Message)
			}
		}
		return messages
	}
	require.Eventually(t, func() bool { return len(told()) == 3 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, []string{"It is not on db1, web2.", "It is on db1 by now.", "It is not on web2."}, told())
}
