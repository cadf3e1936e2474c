package vaulttoken

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// A Vault behind TLS, whose authority only caFile names.
func TestTLSAndNamespace(t *testing.T) {
	ctx := context.Background()
	_, config := start(t)
	behind, err := url.Parse(config.Address)
	require.NoError(t, err)
	seen := make(chan string, 100)
	front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		seen <- r.In.Header.Get("X-Vault-Namespace")
		r.Out.Header.Del("X-Vault-Namespace") // what runs behind it has none
		r.SetURL(behind)
		if r.In.URL.Path == "/v1/sys/health" {
			r.Out.URL.Path = "/v1/refused" // as within a namespace of Vault Enterprise
		}
	}})
	defer front.Close()
	config.Address, config.Namespace = front.URL, "team/orders/"
	require.Equal(t, access.CodeUnavailable, access.CodeOf(opened(t, config).Ping(ctx)), "nobody vouches for it")
	require.Empty(t, seen, "Ramp's token went to a stranger")

	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, authority, 0o600))
	config.CAFile = field.File(file)
	target := opened(t, config)
	require.NoError(t, target.Ping(ctx))
	require.Equal(t, "team/orders", <-seen)
	g := newGrant(time.Minute, "orders-read")
	require.NoError(t, target.Grant(ctx, g))
	c, err := target.Mint(ctx, g)
	require.NoError(t, err)
	require.Equal(t, front.URL, c.Env["VAULT_ADDR"])
	require.Equal(t, "team/orders", c.Env["VAULT_NAMESPACE"])
	require.Equal(t, string(authority), c.Env["VAULT_CACERT_BYTES"])
	require.NoError(t, target.Revoke(ctx, g))
}

// A Vault that hangs holds nobody up for longer than their own deadline: every call has it.
func TestHanging(t *testing.T) {
	t.Setenv("RAMP_VAULT_TOKEN", "hvs.p4ssw0rd")
	var ends []time.Time
	target, err := validConfig().open(context.Background(), "vault/test", func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			until, _ := r.Context().Deadline()
			ends = append(ends, until)
			return nil, r.Context().Err()
		})
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(ctx, newGrant(time.Hour, "orders-read"))))
	theirs, _ := ctx.Deadline()
	require.NotEmpty(t, ends)
	for _, until := range ends {
		require.False(t, until.After(theirs), "%s after their own", until.Sub(theirs))
	}
}
