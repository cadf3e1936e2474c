package secret

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/internal/ports"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(" first \r\n"), 0o600))
	cached := NewCached("file:" + path)
	got, err := cached.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, " first ", got)
	require.NoError(t, os.WriteFile(path, []byte("second"), 0o600))
	got, err = cached.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "second", got, "a file is not remembered")
	require.NoError(t, os.Remove(path))
	_, err = cached.Read(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, path)
}

func TestEnvironment(t *testing.T) {
	t.Setenv("RAMP_TEST_SECRET", "from the environment")
	got, err := Read(t.Context(), "env:RAMP_TEST_SECRET")
	require.NoError(t, err)
	require.Equal(t, "from the environment", got)
	for _, empty := range []string{"env:RAMP_TEST_NO_SUCH", "env:RAMP_TEST_EMPTY"} {
		t.Setenv("RAMP_TEST_EMPTY", "")
		_, err = Read(t.Context(), empty)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		require.ErrorContains(t, err, empty)
	}
}

func TestForm(t *testing.T) {
	for _, ref := range []string{"file:x", "file:/etc/ramp/file", "env:RAMP_TOKEN", "vault:kv/ramp#token", "vault:kv/a.b@c=d+e-f_g#x"} {
		require.NoError(t, Validate(ref), ref)
	}
	// Somebody put the secret where its reference belongs.
	for _, ref := range []string{"MARKED", "/etc/MARKED", "env:MARKED-secret", "env:hvs.MARKED"} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(Validate(ref)), ref)
		_, err := Read(t.Context(), ref)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), ref)
		require.NotContains(t, err.Error(), "MARKED")
	}
	for _, ref := range []string{"", "file:", "env:", "vault:team/kv/ramp/db#password of", "vault:", "vault:kv", "vault:kv/ramp", "vault:kv#x", "vault:kv/ramp#", "vault:kv/ramp#a#b", "vault:/kv/ramp#x", "vault:kv//ramp#x",
		"vault:kv/ramp/#x", "vault:kv/../sys/ramp#x", "vault:kv/./ramp#x", "vault:kv/..#x", "vault:kv/ramp?version=1#x", "vault:kv/r%2e#x", "vault:kv/ramp\n#x", "vault: kv/ramp#x"} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(Validate(ref)), ref)
		_, err := Read(t.Context(), ref)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), ref)
	}
}

// vault is a real Vault with a KV engine of each version and a token for Ramp.
type vault struct {
	*testing.T
	*vaulttest.Server
}

func newVault(t *testing.T) vault {
	v := vault{t, vaulttest.Start(t)}
	require.NoError(t, v.Root.Sys().Mount("team/kv", &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}))
	require.NoError(t, v.Root.Sys().Mount("old", &api.MountInput{Type: "kv", Options: map[string]string{"version": "1"}}))
	require.NoError(t, v.Root.Sys().Mount("transit", &api.MountInput{Type: "transit"}))
	v.Policy(t, "ramp", `path "team/kv/data/ramp/*" { capabilities = ["read"] } path "old/ramp/*" { capabilities = ["read"] } path "transit/*" { capabilities = ["read"] }`)
	v.put("team/kv/data/ramp/db", "first-MARKED")
	_, err := v.Root.Logical().Write("old/ramp/db", map[string]any{"password": "old-MARKED"})
	require.NoError(t, err)
	t.Setenv("VAULT_ADDR", v.Address)
	t.Setenv("VAULT_TOKEN", v.Token(t, "ramp"))
	t.Setenv("VAULT_MAX_RETRIES", "0")
	return v
}

func (v vault) put(path, password string) {
	_, err := v.Root.Logical().Write(path, map[string]any{"data": map[string]any{"password": password, "port": 5432, "none": ""}})
	require.NoError(v, err)
}

func TestVault(t *testing.T) {
	v := newVault(t)
	v.put("team/kv/data/ramp/gone", "gone-MARKED")
	_, err := v.Root.Logical().Delete("team/kv/data/ramp/gone")
	require.NoError(t, err)
	for ref, want := range map[string]string{"vault:team/kv/ramp/db#password": "first-MARKED", "vault:old/ramp/db#password": "old-MARKED"} {
		got, err := Read(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	v.put("team/kv/data/ramp/db", "second-MARKED\n")
	got, err := Read(t.Context(), "vault:team/kv/ramp/db#password")
	require.NoError(t, err)
	require.Equal(t, "second-MARKED", got, "what was changed is there at once")

	refused := func(ref, why string) {
		t.Helper()
		_, err := Read(t.Context(), ref)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%s: %v", ref, err)
		require.ErrorContains(t, err, ref)
		require.ErrorContains(t, err, why)
		require.NotContains(t, err.Error(), "MARKED")
	}
	for ref, why := range map[string]string{
		"vault:team/kv/ramp/db#user":       "no field of this name",
		"vault:team/kv/ramp/db#port":       "not text",
		"vault:team/kv/ramp/db#none":       "empty",
		"vault:team/kv/ramp/none#password": "no such secret",
		"vault:old/ramp/none#password":     "no such secret",
		"vault:team/kv/ramp/gone#password": "was deleted",
		"vault:team/kv/other#password":     "Vault refuses it",
		"vault:nowhere/ramp/db#password":   "no such mount",
		"vault:transit/keys/ramp#password": "no KV engine",
	} {
		refused(ref, why)
	}
	v.Policy(t, "another", `path "team/kv/data/another" { capabilities = ["read"] }`)
	t.Setenv("VAULT_TOKEN", v.Token(t, "another"))
	refused("vault:team/kv/ramp/db#password", "Vault refuses it")
	t.Setenv("VAULT_TOKEN", "nobody")
	refused("vault:team/kv/ramp/db#password", "Vault refuses it")
	t.Setenv("VAULT_ADDR", "http://"+ports.ForTest(t)) // nobody listens there
	refused("vault:team/kv/ramp/db#password", "Vault does not answer")
	t.Setenv("VAULT_ADDR", "://")
	_, err = Read(t.Context(), "vault:team/kv/ramp/db#password")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}

// TestProxyInBetween: what a proxy says instead of Vault is not repeated.
func TestProxyInBetween(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("MARKED"))
	}))
	defer s.Close()
	t.Setenv("VAULT_ADDR", s.URL)
	t.Setenv("VAULT_MAX_RETRIES", "0")
	_, err := Read(t.Context(), "vault:kv/ramp#x")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.NotContains(t, err.Error(), "MARKED")
}

func TestCached(t *testing.T) {
	v := newVault(t)
	there, err := url.Parse(v.Address)
	require.NoError(t, err)
	var readings, down atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(there)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() != 0 {
			panic(http.ErrAbortHandler)
		}
		if strings.Contains(r.URL.Path, "/data/") {
			readings.Add(1)
			time.Sleep(200 * time.Millisecond) // so that those who ask meanwhile wait
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	t.Setenv("VAULT_ADDR", front.URL)
	cached := NewCached("vault:team/kv/ramp/db#password")
	is := func(want string) {
		t.Helper()
		got, err := cached.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	later := func(d time.Duration) {
		cached.mu.Lock()
		defer cached.mu.Unlock()
		cached.at = cached.at.Add(-d)
	}

	// The caller who asks first leaves; the others get the value all the same.
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = cached.Read(impatient)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, cached.ref)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := cached.Read(t.Context()); err != nil || got != "first-MARKED" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(1), readings.Load(), "one reading for all who wait")

	v.put("team/kv/data/ramp/db", "second-MARKED")
	is("first-MARKED")
	later(cachedFor)
	is("second-MARKED")
	require.Equal(t, int32(2), readings.Load())

	down.Store(1)
	is("second-MARKED")
	later(cachedFor)
	for range 2 {
		_, err = cached.Read(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "nothing old is used")
		require.NotContains(t, err.Error(), "MARKED")
	}
	down.Store(0)
	is("second-MARKED")
}
