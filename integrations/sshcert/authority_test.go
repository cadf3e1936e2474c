package sshcert

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// role is what docs/targets/ssh.md says the role in Vault needs.
var role = map[string]any{
	"key_type": "ca", "allow_user_certificates": true, "allow_user_key_ids": true, "allowed_users": "*",
	"allowed_critical_options": "source-address,force-command", "allowed_extensions": "permit-pty", "max_ttl": "24h",
}

// inVault returns an authority in a real Vault: its key never leaves it. Ramp's token
// may sign with one role and nothing else.
func inVault(t *testing.T) (*vaulttest.Server, *authority.Config) {
	server := vaulttest.Start(t)
	write := func(path string, data map[string]any) {
		_, err := server.Root.Logical().Write(path, data)
		require.NoError(t, err)
	}
	write("sys/mounts/ramp/ssh", map[string]any{"type": "ssh"})
	write("ramp/ssh/config/ca", map[string]any{"generate_signing_key": true, "key_type": "ed25519"})
	write("ramp/ssh/roles/ramp", role)
	server.Policy(t, "ramp", `path "ramp/ssh/sign/ramp" { capabilities = ["update"] }`)
	ca, err := server.Root.Logical().Read("ramp/ssh/config/ca")
	require.NoError(t, err)
	return server, &authority.Config{PublicKey: field.FileOrText(strings.TrimSpace(ca.Data["public_key"].(string))), Vault: &authority.Vault{
		Config: jsonhttp.Config{Address: server.Address, Token: field.SecretFile(vaulttest.TokenFile(t, server.Token(t, "ramp")))},
		Mount:  "ramp/ssh", Role: "ramp"}}
}

// TestConformanceAuthorityInVault: a real sshd trusts a key that only Vault has.
func TestConformanceAuthorityInVault(t *testing.T) {
	t.Parallel()
	_, signs := inVault(t)
	c, me := startOpenSSH(t, func(c *Config) { c.Authority = signs })
	require.NoFileExists(t, filepath.Join(string(c.Dir), "ca"), "there is no private key on this machine")
	targettest.Run(t, openSSHHarness(t, c, me))
}

// A role that does not allow what Ramp needs is said so, with what it needs; the
// request's own terms are valid.
func TestVaultsRoleAllowsLess(t *testing.T) {
	server, signs := inVault(t)
	c := validConfig(t)
	c.Authority = signs
	target := openedTarget(t, c)
	for name, change := range map[string]map[string]any{
		"no key ids": {"allow_user_key_ids": false}, "no forced command": {"allowed_critical_options": "source-address"},
		"no terminal": {"allowed_extensions": "permit-user-rc"}, "too short": {"max_ttl": "5m"}, "no users": {"allowed_users": "deploy"},
		"adds an option": {"default_critical_options": map[string]any{"verify-required": ""}},
		"another mount":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			data, target, want := map[string]any{}, target, access.CodeForbidden
			for k, v := range role {
				data[k] = v
			}
			for k, v := range change {
				data[k] = v
			}
			_, err := server.Root.Logical().Write("ramp/ssh/roles/ramp", data)
			require.NoError(t, err)
			e := access.Entitlement{"user": "deploy", "command": "uptime"}
			switch name {
			case "adds an option":
				e, want = access.Entitlement{"user": "deploy"}, access.CodeUnavailable
			case "another mount":
				own, elsewhere := *signs.Vault, c
				own.Mount = "other"
				elsewhere.Authority = &authority.Config{PublicKey: signs.PublicKey, Vault: &own}
				target = openedTarget(t, elsewhere)
			}
			g := newGrant(e)
			require.NoError(t, target.Grant(context.Background(), g))
			_, err = target.Mint(context.Background(), g)
			require.Equal(t, want, access.CodeOf(err), "%v", err)
		})
	}
}

// TestCase145AuthorityReturnsMore: whoever runs Vault, or stands where it stood, cannot
// have a certificate handed out that is more than was asked for.
func TestCase145AuthorityReturnsMore(t *testing.T) {
	_, signs := inVault(t)
	hosts, own, other := signs.PublicKey, newSigner(t), newSigner(t)
	for name, c := range map[string]struct {
		change func(*ssh.Certificate)
		by     ssh.Signer
		want   string
	}{
		"just what was asked for": {func(*ssh.Certificate) {}, own, ""},
		"ends later":              {func(c *ssh.Certificate) { c.ValidBefore += 3600 }, own, "leaves no time for one"},
		"ends late in any case":   {func(c *ssh.Certificate) { c.ValidBefore = uint64(time.Now().Add(time.Hour + time.Minute).Unix()) }, own, "ends after the grant"},
		"never ends":              {func(c *ssh.Certificate) { c.ValidBefore = ssh.CertTimeInfinity }, own, "ends after the grant"},
		"as a login, too":         {func(c *ssh.Certificate) { c.ValidPrincipals = append(c.ValidPrincipals, "root") }, own, "another principal"},
		"as anybody":              {func(c *ssh.Certificate) { c.ValidPrincipals = nil }, own, "another principal"},
		"under another grant":     {func(c *ssh.Certificate) { c.KeyId = "ramp-0123456789abcdef-a" }, own, "another principal"},
		"from anywhere":           {func(c *ssh.Certificate) { delete(c.CriticalOptions, "source-address") }, own, "critical options"},
		"a shell":                 {func(c *ssh.Certificate) { delete(c.CriticalOptions, "force-command") }, own, "critical options"},
		"forwards ports":          {func(c *ssh.Certificate) { c.Extensions["permit-port-forwarding"] = "" }, own, "extensions"},
		"a host's":                {func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, own, "not a user's"},
		"of somebody else's key":  {func(c *ssh.Certificate) { c.Key = other.PublicKey() }, own, "another key"},
		"not valid yet":           {func(c *ssh.Certificate) { c.ValidAfter = c.ValidBefore }, own, "no host accepts"},
		"of another authority":    {func(*ssh.Certificate) {}, other, "another authority"},
	} {
		t.Run(name, func(t *testing.T) {
			config := validConfig(t)
			config.Authority = standIn(t, own.PublicKey(), func(cert *ssh.Certificate) ssh.Signer { c.change(cert); return c.by })
			target := openedTarget(t, config)
			g := newGrant(access.Entitlement{"user": "deploy", "sourceAddress": "10.0.0.0/8", "command": "uptime"})
			require.NoError(t, target.Grant(context.Background(), g))
			cred, err := target.Mint(context.Background(), g)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.Empty(t, cred.Files)
		})
	}
	t.Run("ThePublicKeyIsNotAskedOfVault", func(t *testing.T) {
		config := validConfig(t)
		config.Authority = signs
		openedTarget(t, config)
		trusted, err := os.ReadFile(filepath.Join(string(config.Dir), "ca.pub"))
		require.NoError(t, err)
		require.Equal(t, string(hosts), strings.TrimSpace(string(trusted)))
	})
}

func newSigner(t *testing.T) ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	return signer
}

// standIn is a service at Vault's place that signs what it is asked for, after a change.
func standIn(t *testing.T, public ssh.PublicKey, change func(*ssh.Certificate) ssh.Signer) *authority.Config {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			PublicKey       string            `json:"public_key"`
			KeyID           string            `json:"key_id"`
			Principals      string            `json:"valid_principals"`
			TTL             string            `json:"ttl"`
			CriticalOptions map[string]string `json:"critical_options"`
			Extensions      map[string]string `json:"extensions"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(in.PublicKey))
		seconds, e := strconv.ParseInt(strings.TrimSuffix(in.TTL, "s"), 10, 64)
		if err != nil || e != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		now := time.Now().Unix()
		cert := &ssh.Certificate{Key: key, CertType: ssh.UserCert, KeyId: in.KeyID, ValidPrincipals: []string{in.Principals}, ValidAfter: uint64(now - 30),
			ValidBefore: uint64(now + seconds), Permissions: ssh.Permissions{CriticalOptions: in.CriticalOptions, Extensions: in.Extensions}}
		by := change(cert)
		if err := cert.SignCert(rand.Reader, by); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"signed_key": string(ssh.MarshalAuthorizedKey(cert))}})
	}))
	t.Cleanup(server.Close)
	return &authority.Config{PublicKey: field.FileOrText(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))), Vault: &authority.Vault{
		Config: jsonhttp.Config{Address: server.URL, Token: field.SecretFile(vaulttest.TokenFile(t, "x"))}, Role: "ramp"}}
}

// A Vault whose clock is ahead signs certificates that would end too late; a shorter one
// is asked for.
func TestVaultsClockIsAhead(t *testing.T) {
	own, asked := newSigner(t), 0
	config := validConfig(t)
	config.Authority = standIn(t, own.PublicKey(), func(c *ssh.Certificate) ssh.Signer { asked++; c.ValidBefore += 90; return own })
	target := openedTarget(t, config)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(context.Background(), g))
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(cred.Files["id-cert.pub"]))
	require.NoError(t, err)
	require.LessOrEqual(t, key.(*ssh.Certificate).ValidBefore, uint64(g.ExpiresAt.Unix()))
	require.Equal(t, 2, asked)
}

// What ends access needs no authority: with Vault gone, the target opens, and ends.
func TestAuthorityGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	config, _ := startDemo(t)
	config.Authority = &authority.Config{PublicKey: hostKeyLine, Vault: &authority.Vault{Role: "ramp",
		Config: jsonhttp.Config{Address: "http://" + l.Addr().String(), Token: field.SecretFile(vaulttest.TokenFile(t, "x"))}}}
	target := openedTarget(t, config)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(context.Background(), g))
	_, err = target.Mint(context.Background(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.NoError(t, target.Revoke(context.Background(), g))
	found, err := target.Inspect(context.Background(), g)
	require.NoError(t, err)
	require.True(t, found.Gone())
}

// slow is an authority during whose work something else happens.
type slow struct {
	authority.Authority
	meanwhile func()
}

func (s slow) Sign(ctx context.Context, w authority.Wanted) (*ssh.Certificate, error) {
	s.meanwhile()
	return s.Authority.Sign(ctx, w)
}

// TestRevokedWhileSigning: an authority that is slow holds up no end, and what it signs
// after the end opens nothing, not even if the host's line is restored.
func TestRevokedWhileSigning(t *testing.T) {
	c, me := startOpenSSH(t)
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": me})
	require.NoError(t, target.Grant(context.Background(), g))
	path := filepath.Join(string(c.Dir), "principals", me)
	backup, err := os.ReadFile(path)
	require.NoError(t, err)
	target.authority = slow{target.authority, func() { require.NoError(t, target.Revoke(context.Background(), g)) }}
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, backup, 0o644))
	_, err = sshRun(context.Background(), t, cred, "true")
	require.ErrorIs(t, err, targettest.ErrRefused)
}
