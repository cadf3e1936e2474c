package sshcert

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// TestFleetRights: of each host of a fleet its helper says who may call it, whose certificates
// it takes, which logins it gives, and who may write its files; one that is down is unknown.
func TestFleetRights(t *testing.T) {
	dir := shortTemp(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"ca", "worker", "host", "stranger"} {
		keygen(t, "-t", "ed25519", "-N", "", "-C", name, "-f", path(name))
	}
	fingerprint := func(name string) string {
		keys, err := publicKeys("the public keys", path(name+".pub"))
		require.NoError(t, err)
		return ssh.FingerprintSHA256(keys[0])
	}
	c := FleetConfig{CA: field.File(path("ca")), Users: []string{"deploy"}, HelperKey: field.File(path("worker"))}
	serve := func(name string, h Helper) {
		h.Dir, h.HostKey = path(name), path("host")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- h.Serve(ctx, l, func(error) {}) }()
		t.Cleanup(func() { stop(); require.NoError(t, <-served) })
		c.Hosts = append(c.Hosts, FleetHost{Name: name, Host: "127.0.0.1", HelperPort: l.Addr().(*net.TCPAddr).Port, HostKey: field.FileOrText(path("host.pub"))})
	}
	rights := func() integrations.Rights {
		target, err := c.open(t.Context(), "ssh/demo", nil)
		require.NoError(t, err)
		r, err := target.Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	plain := Helper{Users: []string{"deploy"}, Authorities: path("ca.pub"), Workers: path("worker.pub")}
	serve("web1", plain)
	serve("web2", plain)
	r := rights()
	require.Empty(t, slices.Concat(r.Lacks, r.TooMuch, r.Unknown))

	join := func(to string, names ...string) string {
		var all []byte
		for _, name := range names {
			b, err := os.ReadFile(path(name + ".pub"))
			require.NoError(t, err)
			all = append(all, b...)
		}
		require.NoError(t, os.WriteFile(path(to), all, 0o644)) // #nosec G306 -- public keys
		return path(to)
	}
	serve("db1", Helper{Users: []string{"root", "postgres"}, Authorities: join("cas", "ca", "stranger"), Workers: join("workers", "worker", "stranger")})
	serve("db2", Helper{Users: []string{"deploy"}, Authorities: path("stranger.pub"), Workers: path("worker.pub")})
	require.NoError(t, os.Chmod(path("workers"), 0o666))                           // #nosec G302 -- what it must find
	require.NoError(t, os.Chmod(filepath.Join(path("web2"), "principals"), 0o777)) // #nosec G302 -- the same
	r = rights()
	require.Equal(t, []string{
		"login deploy, which its helper does not list, on db1",
		"the host's trust in this target's authority " + fingerprint("ca") + ", on db2",
	}, r.Lacks)
	require.Equal(t, []string{
		"it also trusts authorities " + fingerprint("stranger") + ", on db1, db2",
		"its helper also gives logins postgres, root, on db1",
		"others than its owner may write " + filepath.Join(path("web2"), "principals") + ", which says who is let in (mode 0777), on web2",
		"others than its owner may write " + path("workers") + ", which says which keys the helper lets in (mode 0666), on db1",
	}, r.TooMuch)
	require.Equal(t, []string{"whose keys its helper also lets in: " + fingerprint("stranger") + ", on db1"}, r.Unknown)

	// This machine's own files, and a host that is down.
	require.NoError(t, os.Chmod(dir, 0o777)) // #nosec G302 -- the same
	c.Hosts = append(c.Hosts[:1], FleetHost{Name: "down", Host: "127.0.0.1", HelperPort: 1, HostKey: c.Hosts[0].HostKey})
	r = rights()
	require.Equal(t, []string{
		"others than its owner may write " + dir + ", which leads to a key, and may lead to another (mode 0777)",
		"others than its owner may write " + dir + ", which leads to what the host goes by (mode 0777), on web1",
	}, r.TooMuch)
	require.Len(t, r.Unknown, 1)
	require.Contains(t, r.Unknown[0], "the host's set-up: reach the host's helper")
	require.Contains(t, r.Unknown[0], ", on down")
}
