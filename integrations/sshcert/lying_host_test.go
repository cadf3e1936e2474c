package sshcert

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
	"ramp.dev/ramp/ledger"
)

// lyingHost is a host that somebody took over: it says what it is told to, and opens
// everything that it is not told to refuse.
type lyingHost struct {
	hostcall.Host
	ends    time.Time // zero is the grant's own
	refuses error
	after   chan struct{} // says nothing until it is closed
	differs []string
	lists   []integrations.ListedGrant

	mu    sync.Mutex
	calls []string // that it was asked
}

func (h *lyingHost) asked(what string) error {
	h.mu.Lock()
	h.calls = append(h.calls, what)
	after, refuses := h.after, h.refuses
	h.mu.Unlock()
	if after != nil {
		<-after
	}
	return refuses
}

// turns has the host do otherwise from now on.
func (h *lyingHost) turns(how func(h *lyingHost)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	how(h)
}

// heard returns what the host was asked, so far.
func (h *lyingHost) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

func (*lyingHost) Ping(context.Context) error                    { return nil }
func (h *lyingHost) Grant(context.Context, access.Grant) error   { return h.asked("grant") }
func (h *lyingHost) Extend(context.Context, access.Grant) error  { return h.asked("extend") }
func (h *lyingHost) Restore(context.Context, access.Grant) error { return h.asked("restore") }
func (*lyingHost) Revoke(context.Context, access.Grant) error    { return nil }

func (h *lyingHost) Drift(context.Context, access.Grant) ([]string, error) {
	return h.differs, h.asked("drift")
}

func (h *lyingHost) List(context.Context) ([]integrations.ListedGrant, error) { return h.lists, nil }

func (h *lyingHost) Issue(_ context.Context, g access.Grant, _ ssh.PublicKey) (time.Time, error) {
	if h.ends.IsZero() {
		return g.ExpiresAt, h.asked("issue")
	}
	return h.ends, h.asked("issue")
}

// silentHost never says whether it takes a key.
type silentHost struct {
	hostcall.Host
	asked chan struct{} // is closed when it was asked
}

func (h *silentHost) Issue(ctx context.Context, _ access.Grant, _ ssh.PublicKey) (time.Time, error) {
	close(h.asked)
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

// lyingFleet is a fleet of hosts that are not there: helpers that serve what the test says.
func lyingFleet(t *testing.T, hosts map[string]hostcall.Host) *fleetOf {
	ctx, dir, own := context.Background(), shortTemp(t), newSigner(t)
	for _, name := range []string{"ca", "worker"} {
		keygen(t, "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name))
	}
	workers, err := publicKeys("the public keys", filepath.Join(dir, "worker.pub"))
	require.NoError(t, err)
	f := &fleetOf{user: "deploy", config: FleetConfig{CA: field.File(filepath.Join(dir, "ca")), Users: []string{"deploy"}, HelperKey: field.File(filepath.Join(dir, "worker"))}}
	for name, host := range hosts {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		serving, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- hostcall.Server{Host: host, Key: own, Workers: workers}.Serve(serving, l) }()
		t.Cleanup(func() { stop(); require.NoError(t, <-served) })
		f.config.Hosts = append(f.config.Hosts, FleetHost{Name: name, Host: "127.0.0.1", Port: 22, HelperPort: l.Addr().(*net.TCPAddr).Port,
			HostKey: field.FileOrText(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(own.PublicKey()))))})
	}
	f.led, err = ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { f.led.Close() })
	return f
}

// certified returns the certificate that a credential has.
func certified(t *testing.T, c access.Credential) *ssh.Certificate {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.Files["id-cert.pub"]))
	require.NoError(t, err)
	return key.(*ssh.Certificate)
}

// TestCase146HostSaysAnEnd: no host has a certificate of the whole fleet signed that never
// ends. The second before 1970 is the number that SSH takes for no end.
func TestCase146HostSaysAnEnd(t *testing.T) {
	ctx := context.Background()
	for name, ends := range map[string]time.Time{
		"no end to SSH": time.Unix(-1, 0), "before 1970": time.Unix(-1000, 0), "over already": time.Now().Add(-time.Minute),
		"later than the grant": time.Now().Add(48 * time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			f := lyingFleet(t, map[string]hostcall.Host{"web1": &lyingHost{ends: ends}})
			target, g := f.open(t, nil), newGrant(f.on("web1"))
			require.NoError(t, target.Grant(ctx, g))
			credential, err := target.Mint(ctx, g)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v\n%s", err, credential.Files["id-cert.pub"])
			require.ErrorContains(t, err, "no end that the grant may have")
		})
	}
}

// TestCase158HostStopsNoPickUp: of what a host says that somebody took over, nothing keeps
// people from the others, or shortens what they have there.
func TestCase158HostStopsNoPickUp(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		taken  func() *lyingHost
		named  bool // in the credential
		silent bool
	}{
		"it says nothing": {taken: func() *lyingHost { return &lyingHost{} }, silent: true},
		"it is not reached, it says": {taken: func() *lyingHost {
			return &lyingHost{refuses: access.Errorf(access.CodeUnavailable, "no route to host")}
		}},
		"it was revoked, it says":  {taken: func() *lyingHost { return &lyingHost{refuses: access.Errorf(access.CodeConflict, "revoked")} }},
		"it is not open, it says":  {taken: func() *lyingHost { return &lyingHost{refuses: access.Errorf(access.CodeNotFound, "not open")} }},
		"it is malformed, it says": {taken: func() *lyingHost { return &lyingHost{refuses: access.Errorf(access.CodeInvalid, "malformed")} }},
		"no end to SSH":            {taken: func() *lyingHost { return &lyingHost{ends: time.Unix(-1, 0)} }},
		"an end in a minute":       {taken: func() *lyingHost { return &lyingHost{ends: time.Now().Add(time.Minute)} }, named: true},
	} {
		t.Run(name, func(t *testing.T) {
			honest, taken := &lyingHost{}, c.taken()
			f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": taken})
			target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
			refuses := taken.refuses
			taken.refuses = nil // until it is open
			require.NoError(t, target.Grant(ctx, g))
			taken.turns(func(h *lyingHost) { h.refuses = refuses })
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			if c.silent {
				// Without the network, whose calls have a limit of their own. The other responds when
				// this one has been asked, and then it is waited for no more.
				asked := make(chan struct{})
				target.hosts["web2"], target.patience = &silentHost{Host: taken, asked: asked}, time.Millisecond
				honest.turns(func(h *lyingHost) { h.after = asked })
			}
			credential, err := target.Mint(ctx, g)
			require.NoError(t, ctx.Err(), "the host is waited for no more")
			require.NoError(t, err)
			require.Equal(t, uint64(g.ExpiresAt.Unix()), certified(t, credential).ValidBefore, "it has the whole time")
			require.Contains(t, credential.Files["config"], "Host web1\n")
			if c.named {
				require.Contains(t, credential.Files["config"], "Host web2\n")
				return
			}
			require.NotContains(t, credential.Files["config"], "Host web2\n")
			require.Contains(t, credential.Hint, "not on web2", "who picks it up reads it")
		})
	}
}

// TestCase158HostKeepsNothingFromOthers: a host that refuses to open, to extend and to put
// right, or that says that its line was changed, ends access on no other.
func TestCase158HostKeepsNothingFromOthers(t *testing.T) {
	ctx := context.Background()
	for _, code := range []access.Code{access.CodeConflict, access.CodeInvalid, access.CodeUnavailable, access.CodeInternal} {
		t.Run(string(code), func(t *testing.T) {
			honest, taken := &lyingHost{differs: []string{"it ends later"}}, &lyingHost{refuses: access.Errorf(code, "no"), differs: []string{"it ends later"}}
			f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": taken})
			target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
			require.NoError(t, target.Grant(ctx, g))
			left, err := target.LeftOut(ctx, g)
			require.NoError(t, err)
			if code == access.CodeUnavailable {
				require.Empty(t, left, "it may have opened it, and its reply was lost")
			} else {
				require.Equal(t, []string{"web2"}, left)
			}
			require.NoError(t, target.Grant(ctx, g), "again, as after a crash")
			g.ExpiresAt = g.ExpiresAt.Add(time.Minute)
			require.NoError(t, target.Extend(ctx, g))
			differs, err := target.Drift(ctx, g)
			require.NoError(t, err)
			require.Equal(t, []string{"web1: it ends later"}, differs, "what others say is not hidden")
			require.NoError(t, target.Restore(ctx, g))
			require.Subset(t, honest.heard(), []string{"grant", "extend", "drift", "restore"})
			_, err = target.Mint(ctx, g)
			require.NoError(t, err, "it goes on where it can")

			// Alone, it says how it is.
			alone := newGrant(f.on("web2"))
			err = target.Grant(ctx, alone)
			require.Equal(t, code, access.CodeOf(err))
			require.Nil(t, integrations.Partly(err), "none has it")
		})
	}

	// Where the line is gone on every host, nothing is left that could be put right.
	gone := access.Errorf(access.CodeConflict, "its line was removed")
	web1, web2 := &lyingHost{}, &lyingHost{}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": web1, "web2": web2})
	target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
	require.NoError(t, target.Grant(ctx, g))
	web2.turns(func(h *lyingHost) { h.refuses = access.Errorf(access.CodeConflict, "open on other terms") })
	require.NoError(t, target.Grant(ctx, g))
	web2.turns(func(h *lyingHost) { h.refuses = nil })
	left, err := target.LeftOut(ctx, g)
	require.NoError(t, err)
	require.Empty(t, left, "what is open already is not ended by an opening that is refused")
	web1.turns(func(h *lyingHost) { h.refuses = gone })
	require.NoError(t, target.Restore(ctx, g), "web2 has it")
	web2.turns(func(h *lyingHost) { h.refuses = gone })
	require.Equal(t, access.CodeConflict, access.CodeOf(target.Restore(ctx, g)))
}

// TestCase146SignsNoEnd: the authority itself signs nothing that has ended, whatever its
// caller believed.
func TestCase146SignsNoEnd(t *testing.T) {
	own := authority.FromKey(newSigner(t))
	for _, ends := range []time.Time{time.Unix(-1, 0), time.Now().Add(-time.Minute)} {
		_, err := own.Sign(context.Background(), authority.Wanted{Key: newSigner(t).PublicKey(), Grant: newGrant(nil).Name, Ends: ends})
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	}
}
