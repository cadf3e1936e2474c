package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func validConfig() Config {
	return Config{Config: jsonhttp.Config{Address: "https://cluster.example.com:6443", Token: field.SecretEnv("RAMP_KUBERNETES_TOKEN")},
		Namespaces: []string{"orders", "billing"}, Roles: []string{"debugger"}, ClusterRoles: []string{"view", "odd:role_1"}, WholeCluster: []string{"node-reader"}}
}

func TestValidate(t *testing.T) {
	require.Empty(t, validConfig().Validate("kubernetes/prod"))
	for code, change := range map[string]func(*Config){
		"address_insecure":    func(c *Config) { c.Address = "http://cluster.example.com" },
		"address_malformed":   func(c *Config) { c.Clients = "https://cluster.example.com/?x" },
		"token_missing":       func(c *Config) { c.Token = field.Secret{} },
		"account_malformed":   func(c *Config) { c.Account = "worker" },
		"namespace_malformed": func(c *Config) { c.Namespaces = []string{"Orders"} },
		"namespace_duplicate": func(c *Config) { c.Namespaces = []string{"orders", "orders"} },
		"namespaces_missing":  func(c *Config) { c.Namespaces = nil },
		"roles_missing":       func(c *Config) { c.Roles, c.ClusterRoles, c.WholeCluster = nil, nil, nil },
		"role_malformed":      func(c *Config) { c.Roles = []string{`x", "cluster-admin`} },
		"role_never":          func(c *Config) { c.ClusterRoles = []string{"cluster-admin"} },
		"role_duplicate":      func(c *Config) { c.WholeCluster = []string{"a", "a"} },
		"home_shared":         func(c *Config) { c.Namespaces = []string{"ramp-grants"} },
		"account_given":       func(c *Config) { c.Namespaces = []string{"ramp-system"} },
	} {
		c := validConfig()
		change(&c)
		var codes []string
		for _, is := range c.Validate("kubernetes/prod") {
			codes = append(codes, is.Code)
		}
		require.Contains(t, codes, code)
		_, err := c.Open(t.Context(), "kubernetes/prod")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), code)
	}
	c := validConfig()
	c.Home = "ramp-system"
	require.NotEmpty(t, c.Validate("kubernetes/prod"), "the worker's own namespace")
}

// spoken opens a target whose API server is a function.
func spoken(t *testing.T, says func(*http.Request) (int, string)) *target {
	t.Setenv("RAMP_KUBERNETES_TOKEN", "t0p-s3cret")
	target, err := validConfig().open(context.Background(), "kubernetes/prod", func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			status, body := says(r)
			return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
	})
	require.NoError(t, err)
	return target
}

// TestNotKubernetes: whatever else is at the address, and however it says that nothing is
// there, proves no ending.
func TestNotKubernetes(t *testing.T) {
	g := access.Grant{Name: access.GrantName(access.NewRequestID(), 0)}
	gone := `{"kind":"Status","reason":"NotFound","details":{"name":"` + g.Name + `","kind":"serviceaccounts"},"code":404}`
	for what, says := range map[string]func(*http.Request) (int, string){
		"a page":          func(*http.Request) (int, string) { return 404, "<html>not found</html>" },
		"an empty reply":  func(*http.Request) (int, string) { return 200, "" },
		"an empty object": func(*http.Request) (int, string) { return 200, "{}" },
		"a path that is none": func(*http.Request) (int, string) {
			return 404, `{"kind":"Status","reason":"NotFound","details":{},"message":"the server could not find the requested resource"}`
		},
		"not found, of a proxy": func(*http.Request) (int, string) { return 404, `{"reason":"NotFound","details":{"name":"x"}}` },
		"a list of another kind": func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, g.Name) {
				return 404, gone
			}
			return 200, `{"kind":"Status","items":[]}`
		},
		"another account": func(r *http.Request) (int, string) {
			return 200, `{"kind":"ServiceAccount","metadata":{"name":"ramp"}}`
		},
		"its own token": func(r *http.Request) (int, string) { return 500, r.Header.Get("Authorization") },
	} {
		t.Run(what, func(t *testing.T) {
			target := spoken(t, says)
			_, err := target.Inspect(t.Context(), g)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "t0p-s3cret")
			require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(t.Context(), g)))
			_, err = target.List(t.Context())
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		})
	}
}

// TestAccountNotFound: only Kubernetes' own word that there is no such account is one.
func TestAccountNotFound(t *testing.T) {
	g := access.Grant{Name: access.GrantName(access.NewRequestID(), 0)}
	for says, gone := range map[string]bool{
		"<html>not found</html>": false,
		`{"kind":"Status","reason":"NotFound","details":{},"message":"the server could not find the requested resource"}`: false,
		`{"reason":"NotFound","details":{"name":"x"}}`:                                                                    false,
		`{"kind":"Status","reason":"NotFound","details":{"name":"` + g.Name + `","kind":"serviceaccounts"},"code":404}`:   true,
	} {
		target := spoken(t, func(r *http.Request) (int, string) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/rolebindings"):
				return 200, `{"kind":"RoleBindingList","items":[]}`
			case strings.HasSuffix(r.URL.Path, "/clusterrolebindings"):
				return 200, `{"kind":"ClusterRoleBindingList","items":[]}`
			}
			return 404, says
		})
		r, err := target.Inspect(t.Context(), g)
		require.Equal(t, gone, err == nil && r.Gone(), says)
	}
}

// clockAhead is a network in front of an API server whose clock is ahead, by more at each
// token if it drifts.
func (w *world) clockAhead(t *testing.T, ahead time.Duration, drifts bool) *target {
	at := time.Duration(0)
	target, err := w.config.open(context.Background(), "kubernetes/test", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil || !strings.HasSuffix(r.URL.Path, "/token") {
				return resp, err
			}
			if at == 0 || drifts {
				at += ahead
			}
			var made map[string]any
			if err := json.NewDecoder(resp.Body).Decode(&made); err != nil {
				return nil, err
			}
			resp.Body.Close()
			status := made["status"].(map[string]any)
			says, err := time.Parse(time.RFC3339, status["expirationTimestamp"].(string))
			if err != nil {
				return nil, err
			}
			status["expirationTimestamp"] = says.Add(at).Format(time.RFC3339)
			body, err := json.Marshal(made)
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return resp, err
		})
	})
	require.NoError(t, err)
	return target
}

// clocks: a token ends with its grant by the API server's clock, which decides.
func clocks(t *testing.T, w *world) {
	g := newGrant(2*time.Hour, w.read())
	target := w.clockAhead(t, 5*time.Minute, false)
	require.NoError(t, target.Grant(t.Context(), g))
	c, err := target.Mint(t.Context(), g)
	require.NoError(t, err)
	require.False(t, ends(t, c).Add(leeway+5*time.Minute).After(g.ExpiresAt))
	_, err = w.clockAhead(t, 5*time.Minute, true).Mint(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.NoError(t, target.Revoke(t.Context(), g))
}
