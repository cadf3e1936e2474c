package sshcert

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
	"ramp.dev/ramp/ledger"
)

// lyingHost is a host that somebody took over: it opens everything, and says any end.
type lyingHost struct {
	hostcall.Host
	ends time.Time
}

func (lyingHost) Ping(context.Context) error                { return nil }
func (lyingHost) Grant(context.Context, access.Grant) error { return nil }

func (h lyingHost) Issue(context.Context, access.Grant, ssh.PublicKey) (time.Time, error) {
	return h.ends, nil
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
			dir, own := shortTemp(t), newSigner(t)
			for _, name := range []string{"ca", "worker"} {
				keygen(t, "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name))
			}
			workers, err := publicKeys(filepath.Join(dir, "worker.pub"))
			require.NoError(t, err)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			serving, stop := context.WithCancel(ctx)
			served := make(chan error, 1)
			go func() {
				served <- hostcall.Server{Host: lyingHost{ends: ends}, Key: own, Workers: workers}.Serve(serving, l)
			}()
			t.Cleanup(func() { stop(); require.NoError(t, <-served) })

			f := &fleetOf{user: "deploy", config: FleetConfig{CA: field.File(filepath.Join(dir, "ca")), Users: []string{"deploy"}, HelperKey: field.File(filepath.Join(dir, "worker")),
				Hosts: []FleetHost{{Name: "web1", Host: "127.0.0.1", Port: 22, HelperPort: l.Addr().(*net.TCPAddr).Port,
					HostKey: field.FileOrText(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(own.PublicKey()))))}}}}
			f.led, err = ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
			require.NoError(t, err)
			t.Cleanup(func() { f.led.Close() })
			target, g := f.open(t, nil), newGrant(f.on("web1"))
			require.NoError(t, target.Grant(ctx, g))
			credential, err := target.Mint(ctx, g)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v\n%s", err, credential.Files["id-cert.pub"])
			require.ErrorContains(t, err, "no end that the grant may have")
		})
	}
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
