package sshcert

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/dev/sshhost"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

const hostKeyLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUO0ezOpRtzEIU5L0E5F0wvUT4nk2nwDp8Jf5Rm2p6i"

func validConfig(t *testing.T) Config {
	dir := shortTemp(t)
	return Config{Dir: field.File(dir), Users: []string{"deploy"}, Host: "127.0.0.1", HostKey: hostKeyLine,
		Sessions: SessionsConfig{Control: field.File(filepath.Join(dir, "control.sock"))}}
}

func openedTarget(t *testing.T, c Config) *target {
	opened, err := c.Open(context.Background(), "ssh/demo")
	require.NoError(t, err)
	return opened.(*target)
}

func newGrant(e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "ssh/demo", Principal: "alice",
		Entitlement: e, ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

func TestOpenBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		code   string
	}{
		"no directory":          {func(c *Config) { c.Dir = "" }, "dir_missing"},
		"no users":              {func(c *Config) { c.Users = nil }, "users_missing"},
		"user is a path":        {func(c *Config) { c.Users = []string{"../x"} }, "user_malformed"},
		"source not a block":    {func(c *Config) { c.SourceAddress = "10.0.0.1" }, "source_address_malformed"},
		"source with host bits": {func(c *Config) { c.SourceAddress = "10.0.0.1/8" }, "source_address_malformed"},
		"X11":                   {func(c *Config) { c.Extensions = []string{"permit-X11-forwarding"} }, "extension_unknown"},
		"no host":               {func(c *Config) { c.Host = "" }, "host_malformed"},
		"host with a line":      {func(c *Config) { c.Host = "a\n  ProxyCommand evil" }, "host_malformed"},
		"port":                  {func(c *Config) { c.Port = 70000 }, "port_out_of_range"},
		"no host key":           {func(c *Config) { c.HostKey = "" }, "host_key_missing"},
		"host key malformed":    {func(c *Config) { c.HostKey = "ssh-ed25519 AAAA" }, "host_key_malformed"},
		"no sessions":           {func(c *Config) { c.Sessions = SessionsConfig{} }, "sessions_one"},
		"both sessions":         {func(c *Config) { c.Sessions.Processes = true }, "sessions_one"},
	} {
		t.Run(name, func(t *testing.T) {
			config := validConfig(t)
			c.change(&config)
			_, err := config.Open(context.Background(), "ssh/demo")
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
			issues := access.IssuesOf(err)
			require.Len(t, issues, 1)
			require.Equal(t, c.code, issues[0].Code)
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, err := Config{}.Open(context.Background(), "ssh/de mo")
		require.Len(t, access.IssuesOf(err), 6, "%v", err)
	})
}

func TestAuthority(t *testing.T) {
	t.Run("MadeOnceAndPrivate", func(t *testing.T) {
		c := validConfig(t)
		one, two := openedTarget(t, c), openedTarget(t, c)
		require.Equal(t, one.authority.Public(), two.authority.Public())
		info, err := os.Stat(filepath.Join(string(c.Dir), "ca"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	})
	t.Run("ReadableByOthers", func(t *testing.T) {
		c := validConfig(t)
		openedTarget(t, c)
		require.NoError(t, os.Chmod(filepath.Join(string(c.Dir), "ca"), 0o644))
		_, err := c.Open(context.Background(), "ssh/demo")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	})
	t.Run("NotTheOneTheHostTrusts", func(t *testing.T) {
		c := validConfig(t)
		openedTarget(t, c)
		require.NoError(t, os.Remove(filepath.Join(string(c.Dir), "ca")))
		_, err := c.Open(context.Background(), "ssh/demo")
		require.ErrorContains(t, err, "does not list this authority")
	})
	t.Run("Malformed", func(t *testing.T) {
		c := validConfig(t)
		require.NoError(t, os.WriteFile(filepath.Join(string(c.Dir), "ca"), []byte("secret scribbles"), 0o600))
		_, err := c.Open(context.Background(), "ssh/demo")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.NotContains(t, err.Error(), "scribbles")
	})
}

func TestSourceAddressNarrows(t *testing.T) {
	c := validConfig(t)
	c.SourceAddress = "10.0.0.0/8"
	for source, want := range map[string]string{
		"": "10.0.0.0/8", "10.1.0.0/16": "10.1.0.0/16", "10.0.0.0/8": "10.0.0.0/8",
		"10.0.0.0/7": "refused", "11.0.0.0/8": "refused", "0.0.0.0/0": "refused", "::/0": "refused",
	} {
		e := access.Entitlement{"user": "deploy"}
		if source != "" {
			e["sourceAddress"] = source
		}
		got, err := c.entitlement(e)
		if want == "refused" {
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), source)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, got.Source)
	}
}

func TestMintedCertificate(t *testing.T) {
	c := validConfig(t)
	c.SourceAddress = "127.0.0.0/8"
	c.Extensions = []string{"permit-pty", "permit-port-forwarding"}
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy", "command": `say "hi"`})
	require.NoError(t, target.Grant(context.Background(), g))
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(cred.Files["id-cert.pub"]))
	require.NoError(t, err)
	cert := key.(*ssh.Certificate)
	require.Equal(t, g.Name, cert.KeyId)
	require.Equal(t, []string{g.Name}, cert.ValidPrincipals)
	require.EqualValues(t, g.ExpiresAt.Unix(), cert.ValidBefore)
	require.LessOrEqual(t, cert.ValidAfter, uint64(time.Now().Unix()))
	require.Equal(t, map[string]string{"source-address": "127.0.0.0/8", "force-command": `say "hi"`}, cert.CriticalOptions)
	require.Equal(t, map[string]string{"permit-pty": "", "permit-port-forwarding": ""}, cert.Extensions)
	require.NotZero(t, cert.Serial)
	require.Equal(t, []string{"ssh", "demo"}, cred.Command)
	require.Contains(t, cred.Files["config"], `IdentityFile "{{dir}}/id"`)
	// Only the public key is kept.
	kept, err := os.ReadFile(filepath.Join(string(c.Dir), "issued", g.Name))
	require.NoError(t, err)
	require.Contains(t, string(kept), strings.Fields(string(ssh.MarshalAuthorizedKey(cert.Key)))[1])
	require.NotContains(t, string(kept), "PRIVATE")
}

func TestGrantAgain(t *testing.T) {
	ctx := context.Background()
	t.Run("DoesNotUndoAnExtension", func(t *testing.T) {
		target := openedTarget(t, validConfig(t))
		g := newGrant(access.Entitlement{"user": "deploy"})
		require.NoError(t, target.Grant(ctx, g))
		longer := g
		longer.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		require.NoError(t, target.Extend(ctx, longer))
		require.NoError(t, target.Grant(ctx, g), "a retry that comes late")
		require.NoError(t, target.Extend(ctx, g), "an earlier extension that comes late")
		found, err := target.List(ctx)
		require.NoError(t, err)
		require.Equal(t, longer.ExpiresAt, found[0].ExpiresAt)
	})
	t.Run("Case9OnOtherTerms", func(t *testing.T) {
		c := validConfig(t)
		c.Users = []string{"deploy", "admin"}
		target := openedTarget(t, c)
		g := newGrant(access.Entitlement{"user": "deploy", "command": "uptime"})
		require.NoError(t, target.Grant(ctx, g))
		for _, e := range []access.Entitlement{{"user": "deploy"}, {"user": "admin", "command": "uptime"}} {
			other := g
			other.Entitlement = e
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, other)))
		}
	})
	t.Run("Case34NeverAfterItsRevoke", func(t *testing.T) {
		c, _ := startDemo(t)
		target := openedTarget(t, c)
		g := newGrant(access.Entitlement{"user": "deploy"})
		require.NoError(t, target.Revoke(ctx, g), "the revoke overtakes the grant")
		require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)))
	})
}

// Somebody widens Ramp's line by hand. Ramp mints no more credentials for it, and
// revoking removes it.
func TestLineEditedByHand(t *testing.T) {
	ctx := context.Background()
	c, _ := startDemo(t)
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy", "sourceAddress": "10.0.0.0/8"})
	require.NoError(t, target.Grant(ctx, g))
	path := filepath.Join(string(c.Dir), "principals", "deploy")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	wider := strings.Replace(string(b), `,from="10.0.0.0/8"`, "", 1)
	require.NotEqual(t, string(b), wider)
	require.NoError(t, os.WriteFile(path, []byte(wider), 0o644))

	_, err = target.Mint(ctx, g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	require.Equal(t, access.CodeConflict, access.CodeOf(target.Extend(ctx, g)))
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
	p, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

// A host that is down proves nothing about sessions.
func TestControlSocketDown(t *testing.T) {
	ctx := context.Background()
	c, host := startDemo(t)
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(ctx, g))
	require.NoError(t, target.Ping(ctx))
	require.NoError(t, host.Close())

	_, err := target.Inspect(ctx, g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(ctx, g)))
	require.Error(t, target.Ping(ctx))
	line, there, err := hostfiles.New(string(c.Dir), hostfiles.OS{}).Admission("deploy", g.Name)
	require.NoError(t, err)
	require.False(t, there, "but it is not admitted any more: %s", line.Raw)

	again, err := sshhost.Start(ctx, sshhost.Config{Dir: string(c.Dir), Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	defer again.Close()
	require.NoError(t, target.Revoke(ctx, g))
	p, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

// A directory that is gone, such as an unmounted one, is not an empty one.
func TestDirectoryGone(t *testing.T) {
	ctx := context.Background()
	c, _ := startDemo(t)
	c.CA = field.File(filepath.Join(t.TempDir(), "ca"))
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(ctx, g))
	require.NoError(t, os.Rename(filepath.Join(string(c.Dir), "principals"), filepath.Join(string(c.Dir), "elsewhere")))
	_, err := target.Inspect(ctx, g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(ctx, g)))
	_, err = target.List(ctx)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// A worker that is killed while it writes leaves the lines of what was open then; the
// next start removes them.
func TestStartRemovesLeftovers(t *testing.T) {
	config := validConfig(t)
	openedTarget(t, config)
	left := filepath.Join(string(config.Dir), "principals", ".deploy20261126")
	require.NoError(t, os.WriteFile(left, []byte("a line of what was open\n"), 0o644))
	openedTarget(t, config)
	require.NoFileExists(t, left)
}
