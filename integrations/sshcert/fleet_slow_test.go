package sshcert

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// lateHost responds to nothing until the test lets it.
type lateHost struct {
	lyingHost
	pings chan struct{} // or, if nil, it is slow to open only
	asked chan struct{} // has one for each time it was asked whether it is there
}

func (h *lateHost) Ping(ctx context.Context) error {
	h.asked <- struct{}{}
	if h.pings == nil {
		return nil
	}
	select {
	case <-h.pings:
	case <-ctx.Done():
	}
	return nil
}

// TestCase161SlowHost: a host that is slow, which somebody may have taken over, keeps access
// from no other. It is named as left out, and joins when it responds; not if access has ended
// by then.
func TestCase161SlowHost(t *testing.T) {
	for name, c := range map[string]struct{ opens, ended, silent bool }{
		"it does not say that it is there":            {},
		"it does not open":                            {opens: true},
		"it never says that it opened it":             {opens: true, silent: true},
		"access ends before it says that it is there": {ended: true},
		"access ends before it has opened it":         {opens: true, ended: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			let := make(chan struct{})
			honest, slow := &lyingHost{}, &lateHost{pings: let, asked: make(chan struct{}, 10)}
			if c.opens {
				slow.pings, slow.after = nil, let
			}
			if c.silent {
				slow.refuses = access.Errorf(access.CodeUnavailable, "it did not respond")
			}
			f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": slow})
			respond := sync.OnceFunc(func() { close(let) })
			t.Cleanup(respond) // before the helpers stop, which finish what they do
			target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
			target.openPatience, target.patience = time.Millisecond, time.Millisecond
			require.NoError(t, target.Grant(ctx, g))
			require.NoError(t, ctx.Err(), "nobody waits for the slow host")
			require.Contains(t, honest.heard(), "grant")
			left := func() []string {
				out, err := target.LeftOut(ctx, g)
				require.NoError(t, err)
				return out
			}
			require.Equal(t, []string{"web2"}, left())
			select {
			case <-slow.asked: // it is under way
			case <-ctx.Done():
				require.NoError(t, ctx.Err(), "the slow host is not asked")
			}
			if c.ended {
				if c.opens {
					require.Eventually(t, func() bool { return len(slow.heard()) > 0 }, time.Minute, time.Millisecond)
				}
				require.NoError(t, target.Revoke(ctx, g))
			}
			respond()
			require.NoError(t, target.Joined(ctx, g))
			if c.silent {
				require.Equal(t, []string{"web2"}, left(), "nobody knows that it joined")
				slow.turns(func(h *lyingHost) { h.refuses = nil })
				require.NoError(t, target.Grant(ctx, g))
				require.NoError(t, target.Joined(ctx, g))
				require.Empty(t, left(), "asked again, it did")
				return
			}
			if !c.ended {
				require.Empty(t, left(), "it joins")
				require.Equal(t, []string{"grant"}, slow.heard())
				return
			}
			require.Equal(t, []string{"web1", "web2"}, left())
			if !c.opens {
				require.Empty(t, slow.heard(), "nothing opens after the end")
			}
		})
	}
}

// TestCase161SlowHostHoldsUpNoExtension: the others have the new end.
func TestCase161SlowHostHoldsUpNoExtension(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	honest, slow := &lyingHost{}, &lyingHost{}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": slow})
	target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
	require.NoError(t, target.Grant(ctx, g))
	let := make(chan struct{})
	t.Cleanup(func() { close(let) }) // before the helpers stop, which finish what they do
	slow.turns(func(h *lyingHost) { h.after = let })
	target.openPatience = time.Millisecond
	g.ExpiresAt = g.ExpiresAt.Add(time.Minute)
	require.NoError(t, target.Extend(ctx, g))
	require.NoError(t, ctx.Err(), "nobody waits for the slow host")
	require.Contains(t, honest.heard(), "extend")
}

// TestSlowHostsAreAskedNoMoreWhereNobodyWaits: where whoever asked has gone before any host
// has opened it, nothing goes on.
func TestSlowHostsAreAskedNoMoreWhereNobodyWaits(t *testing.T) {
	slow := &lateHost{pings: make(chan struct{}), asked: make(chan struct{}, 10)}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": slow})
	t.Cleanup(func() { close(slow.pings) }) // before the helpers stop, which finish what they do
	target, g := f.open(t, nil), newGrant(f.on("web1"))
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-slow.asked; cancel() }()
	require.Error(t, target.Grant(ctx, g))
	require.NoError(t, target.Joined(context.Background(), g))
	require.Empty(t, slow.heard())
}
