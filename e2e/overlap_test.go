package e2e

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// opened asks, is approved, and picks up.
func (in *installation) opened(p *person, contract, duration string) (request, key) {
	in.Helper()
	r := p.asks(contract, duration)
	in.as("bob").approves(r)
	r = p.awaits(r.ID, "active", 60*time.Second)
	k := p.picksUp(r.ID)
	require.True(in, k.works())
	return r, k
}

func alive(session chan struct{}) bool {
	select {
	case <-session:
		return false
	default:
		return true
	}
}

func (in *installation) isCut(session chan struct{}) {
	in.Helper()
	select {
	case <-session:
	case <-time.After(60 * time.Second):
		in.Fatal("the live session was not cut (case 31)")
	}
}

// testOverlaps: grants of the same thing, of one person and of two, all live at
// the same time with a session each. What ends one leaves the others.
func testOverlaps(t *testing.T, in *installation) {
	alice := in.as("alice")
	anna := in.person("anna", map[string]any{"groups": []string{"engineering"}})
	act := func(p *person, r request, what string) {
		require.Equal(t, http.StatusOK, p.call("POST", "/api/v1/requests/"+r.ID+"/"+what, map[string]any{"reason": "as agreed"}, nil))
	}
	first, k1 := in.opened(alice, "ssh-demo", "30m")
	second, k2 := in.opened(alice, "ssh-demo", "40m")
	third, k3 := in.opened(anna, "ssh-demo", "30m")
	// The last to begin is the first to expire.
	short, k4 := in.opened(alice, "ssh-demo", "15s")
	s1, s2, s3, s4 := k1.session(), k2.session(), k3.session(), k4.session()

	t.Run("Case29 the earlier expiry ends itself alone", func(t *testing.T) {
		in := in.within(t)
		in.isCut(s4)
		alice.awaits(short.ID, "ended", 60*time.Second)
		require.False(t, k4.works())
		for i, k := range []key{k1, k2, k3} {
			require.True(t, k.works(), "access %d was lost with it", i+1)
		}
		require.True(t, alive(s1) && alive(s2) && alive(s3), "a session was lost with it")
	})
	t.Run("Case29 a revoke cuts its own session alone", func(t *testing.T) {
		in := in.within(t)
		act(in.as("oscar"), second, "revoke")
		in.isCut(s2)
		alice.awaits(second.ID, "ended", 60*time.Second)
		require.False(t, k2.works())
		require.True(t, k1.works() && k3.works(), "access was lost with another's")
		require.True(t, alive(s1) && alive(s3), "a session was lost with another's")
	})
	t.Run("Case29 a release, and another person's goes on", func(t *testing.T) {
		in := in.within(t)
		act(alice, first, "release")
		in.isCut(s1)
		alice.awaits(first.ID, "ended", 60*time.Second)
		require.False(t, k1.works())
		require.True(t, k3.works() && alive(s3), "access of another person was lost")
		act(anna, third, "release")
		in.isCut(s3)
		require.False(t, k3.works())
	})
}

// testExtension: a client that logs in again and again, from before an
// extension until after the old end, is never refused; one that may not ask any
// more keeps the old end.
func testExtension(t *testing.T, in *installation) {
	alice := in.as("alice")
	r, k := in.opened(alice, "ssh-demo", "25s")
	session := k.session()
	old, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(t, err)

	in.person("alice", map[string]any{"groups": []string{"marketing"}}).
		sends("/api/v1/requests/"+r.ID+"/extend", map[string]any{"for": "10m"}).refuses(t, 403, "no_longer_eligible", "no longer for you")
	require.Equal(t, r.ExpiresAt, alice.sees(r.ID).ExpiresAt)

	var logins, refused atomic.Int32
	var now atomic.Pointer[key] // what the client has picked up last
	now.Store(&k)
	stop := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if logins.Add(1); !now.Load().works() {
				refused.Add(1)
			}
		}
	})
	a := alice.sends("/api/v1/requests/"+r.ID+"/extend", map[string]any{"for": "10m"})
	require.Equal(t, http.StatusOK, a.status, a.body)
	again := alice.picksUp(r.ID)
	now.Store(&again)
	require.True(t, time.Now().Before(old), "the machine is too slow for this test")
	in.eventually(2*time.Minute, "the old end is well past", func() bool { return time.Now().After(old.Add(5 * time.Second)) })
	close(stop)
	client.Wait()
	require.Greater(t, logins.Load(), int32(5))
	require.Zero(t, refused.Load(), "of %d logins", logins.Load())
	require.True(t, alive(session), "a session from before the extension was cut at the old end")
	require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/release", map[string]any{}, nil))
	in.isCut(session)
	require.False(t, again.works())
	require.False(t, k.works())
}

// TestOverlapsAndExtensions are on the demo host, by real ssh clients.
func TestOverlapsAndExtensions(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	t.Run("overlaps", func(t *testing.T) { testOverlaps(t, in.within(t)) })
	t.Run("extension", func(t *testing.T) { testExtension(t, in.within(t)) })
}
