package sshcert

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

// faultyHosts are hosts on the way to which call n meets a fault.
type faultyHosts struct {
	fault targettest.Fault
	n     int32
	calls atomic.Int32
}

type faultyHost struct {
	hostcall.Host
	faults *faultyHosts
	dead   hostcall.Host // to nowhere
}

var errWire = access.Errorf(access.CodeUnavailable, "connection reset by peer")

// strike makes one call, on the host, or on one that is not there.
func (h faultyHost) strike(call func(h hostcall.Host) error) error {
	k := h.faults.calls.Add(1)
	switch {
	case h.faults.fault == targettest.LostReply && k == h.faults.n:
		return errors.Join(errWire, call(h.Host))
	case h.faults.fault == targettest.Unavailable && k >= h.faults.n:
		return call(h.dead)
	}
	return call(h.Host)
}

func (h faultyHost) Grant(ctx context.Context, g access.Grant) error {
	return h.strike(func(h hostcall.Host) error { return h.Grant(ctx, g) })
}

func (h faultyHost) Ping(ctx context.Context) error {
	return h.strike(func(h hostcall.Host) error { return h.Ping(ctx) })
}

func (h faultyHost) Revoke(ctx context.Context, g access.Grant) error {
	return h.strike(func(h hostcall.Host) error { return h.Revoke(ctx, g) })
}

func (h faultyHost) Inspect(ctx context.Context, g access.Grant) (found access.ReadBack, err error) {
	err = h.strike(func(h hostcall.Host) (err error) { found, err = h.Inspect(ctx, g); return err })
	return found, err
}

func (h faultyHost) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	err = h.strike(func(h hostcall.Host) (err error) { listed, err = h.List(ctx); return err })
	return listed, err
}

// nowhere is a network on which nobody is.
func nowhere(context.Context, string) (net.Conn, error) { return nil, errors.New("no route to host") }

func (f *fleetOf) faulty(t *testing.T, fault targettest.Fault, n int) *fleet {
	target, dead, faults := f.open(t, nil), f.open(t, nowhere), &faultyHosts{fault: fault, n: int32(n)}
	for name, h := range target.hosts {
		target.hosts[name] = faultyHost{h, faults, dead.hosts[name]}
	}
	return target
}

// TestConformanceFleet: three real sshd, each with its helper.
func TestConformanceFleet(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	names := f.config.names()
	h := harness(Config{}, f.user)
	h.Open = func(t *testing.T) integrations.Target { return f.open(t, nil) }
	h.Faulty = func(t *testing.T, fault targettest.Fault, n int) integrations.Target { return f.faulty(t, fault, n) }
	h.Entitlement = access.Entitlement{"user": f.user, "labels": map[string]any{"site": "eu"}}
	h.Other = f.on("web1")
	for name, e := range h.Invalid {
		e["hosts"] = []any{"web1"}
		h.Invalid[name] = e
	}
	h.Invalid["no host"] = access.Entitlement{"user": f.user}
	h.Invalid["unknown host"] = f.on("web9")
	h.Invalid["nobody has the label"] = access.Entitlement{"user": f.user, "labels": map[string]any{"site": "us"}}
	h.Invalid["a label that is a list"] = access.Entitlement{"user": f.user, "labels": map[string]any{"site": []any{"eu"}}}
	h.Invalid["a host without the label"] = access.Entitlement{"user": f.user, "hosts": []any{"db1"}, "labels": map[string]any{"role": "web"}}
	dir := func(name string) string { return f.hosts[name].process.Helper.Dir }
	h.ListNames = func(context.Context) (all []string, err error) {
		for _, name := range names {
			found, err := marked(dir(name))
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	}
	h.Remove = func(_ context.Context, grant string) error {
		for _, name := range names {
			if err := removeByHand(dir(name), f.user, grant); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	h.Widen = widen(dir("web2"), f.user)
	h.Foreign = func(t *testing.T) func(context.Context) error { return foreign(t, dir("db1"), f.user) }
	h.Use = func(ctx context.Context, g access.Grant, cred access.Credential) error {
		return everywhere(ctx, t, g, cred, names...)
	}
	h.Dial = func(_ context.Context, _ access.Grant, cred access.Credential) (targettest.Session, error) {
		return shellOn(t, cred, "web2")
	}
	h.Slack = 5 * time.Second // each helper looks once a second, and this machine may be busy
	targettest.Run(t, h)
}

// cut is a network on which some hosts cannot be reached.
type cut struct {
	mu    sync.Mutex
	ports map[string]bool
}

func (c *cut) set(f *fleetOf, name string, off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ports == nil {
		c.ports = map[string]bool{}
	}
	c.ports[f.hosts[name].process.Listen] = off
}

func (c *cut) dial(ctx context.Context, address string) (net.Conn, error) {
	c.mu.Lock()
	off := c.ports[address]
	c.mu.Unlock()
	if off {
		return nil, errors.New("no route to host")
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// TestCase146HostDownAtTheEnd: while one of three hosts is away, the end is not said to be
// over, and says how far it is; when the host is back, it takes the end, too.
func TestCase146HostDownAtTheEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := startFleet(t)

	t.Run("Crashed", func(t *testing.T) {
		target := f.open(t, nil)
		g, cred := minted(t, target, f.on("web1", "web2", "db1"))
		for _, name := range f.config.names() {
			require.NoError(t, everywhere(ctx, t, g, cred, name), name)
		}
		f.hosts["db1"].crash()
		err := target.Revoke(ctx, g)
		require.ErrorContains(t, err, "2 of 3 hosts have ended it; db1: ")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		for _, name := range []string{"web1", "web2"} {
			require.ErrorIs(t, everywhere(ctx, t, g, cred, name), targettest.ErrRefused, name)
		}
		_, err = target.Inspect(ctx, g)
		require.ErrorContains(t, err, "2 of 3 hosts say what there is")
		listed, err := target.List(ctx)
		require.NoError(t, err)
		require.Len(t, listed, 1, "the ledger says that it may be on db1")
		require.Equal(t, g.Name, listed[0].Name)
		_, err = target.Mint(ctx, g)
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "nobody picks it up any more: %v", err)

		f.hosts["db1"].start(t)
		require.NoError(t, target.Revoke(ctx, g))
		require.ErrorIs(t, everywhere(ctx, t, g, cred, "db1"), targettest.ErrRefused)
		revoked, err := os.ReadFile(filepath.Join(f.hosts["db1"].process.Helper.Dir, "revoked_keys"))
		require.NoError(t, err)
		require.Contains(t, string(revoked), g.Name)
		found, err := target.Inspect(ctx, g)
		require.NoError(t, err)
		require.True(t, found.Gone())
	})

	t.Run("NetworkCutWithALiveSession", func(t *testing.T) {
		var wire cut
		target := f.open(t, wire.dial)
		g, cred := minted(t, target, f.on("web1", "db1"))
		here, err := shellOn(t, cred, "web1")
		require.NoError(t, err)
		defer here.Close()
		away, err := shellOn(t, cred, "db1")
		require.NoError(t, err)
		defer away.Close()
		found, err := target.Inspect(ctx, g)
		require.NoError(t, err)
		require.Equal(t, 2, found.Sessions)

		wire.set(f, "db1", true)
		require.ErrorContains(t, target.Revoke(ctx, g), "1 of 2 hosts have ended it")
		require.Error(t, here.Alive(ctx))
		require.NoError(t, away.Alive(ctx), "which is why the end is not over")
		wire.set(f, "db1", false)
		require.NoError(t, target.Revoke(ctx, g))
		require.Error(t, away.Alive(ctx))
	})

	t.Run("NobodyHearsFromRampAgain", func(t *testing.T) {
		target := f.open(t, nil)
		g := newGrant(f.on("web1", "web2", "db1"))
		g.ExpiresAt = time.Now().UTC().Add(time.Minute).Truncate(time.Second)
		require.NoError(t, target.Grant(ctx, g))
		cred, err := target.Mint(ctx, g)
		require.NoError(t, err)
		session, err := shellOn(t, cred, "web1")
		require.NoError(t, err)
		defer session.Close()
		require.Eventually(t, func() bool { return session.Alive(ctx) != nil }, 3*time.Minute, 100*time.Millisecond, "it goes on")
		require.False(t, time.Now().Before(g.ExpiresAt.Add(-time.Second)), "it ended early")
		require.NoError(t, target.Revoke(ctx, g))
	})
}

// A host that is down when access opens is left out, and holds up no end; that the rest
// of the fleet has it is enough.
func TestHostDownAtTheStart(t *testing.T) {
	ctx := context.Background()
	f := startFleet(t)
	var wire cut
	target := f.open(t, wire.dial)
	wire.set(f, "db1", true)
	g, cred := minted(t, target, f.on("web1", "web2", "db1"))
	require.NotContains(t, cred.Files["config"], "Host db1\n")
	require.Contains(t, cred.Hint, "not on db1")
	left, err := target.LeftOut(ctx, g)
	require.NoError(t, err)
	require.Equal(t, []string{"db1"}, left)
	require.NoError(t, everywhere(ctx, t, g, cred, "web1"))
	require.NoError(t, target.Revoke(ctx, g), "db1 never heard of it")
	found, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, found.Gone())
	err = target.Ping(ctx)
	require.ErrorContains(t, err, "2 of 3 hosts respond; db1: ")
	require.Equal(t, []string{"db1"}, integrations.Partly(err).Missing, "the others can be used")

	alone := newGrant(f.on("db1"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Grant(ctx, alone)), "no host has it")
	wire.set(f, "db1", false)
	require.NoError(t, target.Revoke(ctx, alone))

	// What people approved are hosts, by name: a host that got the label since is none.
	t.Run("Case146HostsAreThoseApproved", func(t *testing.T) {
		e := access.Entitlement{"user": f.user, "labels": map[string]any{"role": "web"}}
		scope, err := target.Resolve(ctx, e)
		require.NoError(t, err)
		require.Equal(t, "web1, web2", scope.Facts["hosts"])
		g := newGrant(e)
		g.Approved = &scope
		require.NoError(t, target.Grant(ctx, g))
		require.NoError(t, target.Revoke(ctx, g))
		f.config.Hosts[2].Labels["role"] = "web"
		later := newGrant(e)
		later.Approved = &scope
		err = f.open(t, nil).Grant(ctx, later)
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	})
}

// TestCase146WhoMayCallAHelper: a helper lets in the worker's key alone, and does nothing that
// its own set-up does not list, whoever asks; and nothing at a host's address passes for it.
func TestCase146WhoMayCallAHelper(t *testing.T) {
	ctx := context.Background()
	f := startFleet(t)
	at := f.hosts["web1"].process.Listen
	anyHost := ssh.InsecureIgnoreHostKey() // the test's own client
	worker, err := privateKey(string(f.config.HelperKey))
	require.NoError(t, err)
	g := newGrant(access.Entitlement{"user": f.user})

	stranger := hostcall.NewClient(at, newSigner(t), anyHost, nil)
	_, err = stranger.List(ctx)
	require.True(t, hostcall.NotReached(err), "%v", err)
	require.Error(t, stranger.Grant(ctx, g))

	own := hostcall.NewClient(at, worker, anyHost, nil)
	for name, bad := range map[string]access.Grant{
		"another login":      {Name: g.Name, Entitlement: access.Entitlement{"user": "daemon"}, ExpiresAt: g.ExpiresAt},
		"no login":           {Name: g.Name, Entitlement: access.Entitlement{}, ExpiresAt: g.ExpiresAt},
		"a path":             {Name: "../../etc/passwd", Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt},
		"not a grant's name": {Name: "root", Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt},
		"over already":       {Name: g.Name, Entitlement: g.Entitlement, ExpiresAt: time.Now().Add(-time.Minute)},
		"without an end":     {Name: g.Name, Entitlement: g.Entitlement},
	} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(own.Grant(ctx, bad)), name)
	}
	require.Equal(t, access.CodeInvalid, access.CodeOf(own.Revoke(ctx, access.Grant{Name: "../x"})))
	listed, err := own.List(ctx)
	require.NoError(t, err)
	require.Empty(t, listed)

	t.Run("AnotherHostAtItsAddress", func(t *testing.T) {
		// web2's address leads to web1, whose certificate is for another address.
		target := f.open(t, func(ctx context.Context, _ string) (net.Conn, error) { return net.Dial("tcp", at) })
		err := target.Grant(ctx, newGrant(f.on("web2")))
		require.ErrorContains(t, err, "reach the host's helper")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	})
}

// TestLedgerForgotAHost: the ledger was set back to before it said that a grant may be on a
// host. The host lists it, and is asked to end it with the others.
func TestLedgerForgotAHost(t *testing.T) {
	ctx := context.Background()
	f := startFleet(t)
	g, cred := minted(t, f.open(t, nil), f.on("web1", "web2"))
	earlier, err := ledger.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	f.led.Close()
	f.led = earlier
	for _, place := range []string{marker, "web1"} {
		require.NoError(t, earlier.Holders("ssh/demo").Hold(ctx, object(place, g.Name), g.Name))
	}
	target := f.open(t, nil)
	listed, err := integrations.Guard(target).List(ctx)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.NoError(t, target.Revoke(ctx, g))
	for _, host := range []string{"web1", "web2"} {
		require.ErrorIs(t, everywhere(ctx, t, g, cred, host), targettest.ErrRefused, host)
	}
	found, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, found.Gone())
	listed, err = target.List(ctx)
	require.NoError(t, err)
	require.Empty(t, listed)
}
