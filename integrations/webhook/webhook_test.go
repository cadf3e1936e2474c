package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/program/programtest"
	"ramp.dev/ramp/integrations/webhook"
)

// TestMain is also the suite's process, and the probe that looks at the service.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(programtest.Variable) != "":
		programtest.Main()
	case len(os.Args) == 3 && os.Args[1] == "probe":
		resp, err := http.Post(os.Args[2], "application/json", os.Stdin) // #nosec G107 -- the test's own service
		if err == nil {
			_, err = io.Copy(os.Stdout, resp.Body)
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func secretFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(secretText), 0o600))
	return path
}

func configured(t *testing.T, s *service) webhook.Config {
	description := filepath.Join(t.TempDir(), "description.json")
	b, err := json.Marshal(described())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(description, b, 0o600))
	return webhook.Config{URL: s.URL + "/ramp", Secrets: []field.Secret{field.SecretFile(secretFile(t))}, Description: field.File(description)}
}

func opened(t *testing.T, c webhook.Config) *integrations.Guarded {
	target, err := c.Open(t.Context(), "webhook/orders")
	require.NoError(t, err)
	return integrations.Guard(target)
}

// TestConformance runs the suite as `ramp target test` does, against a service with every
// operation.
func TestConformance(t *testing.T) {
	s := startService(t)
	own, err := os.Executable()
	require.NoError(t, err)
	r, err := programtest.Run(context.Background(), programtest.Subject{URL: s.URL + "/ramp", Secret: secretFile(t), Probe: []string{own, "probe", s.URL + "/probe"}}, []string{own}, os.Stderr)
	require.NoError(t, err)
	for _, f := range r.Findings {
		if f.Result == programtest.Fail {
			t.Errorf("%s: %q", f.Property, f.Why)
		}
	}
	require.True(t, r.Passed)
}

// TestCase134ForgedReplies: whoever is between Ramp and the service, or in its place, cannot
// say that access has ended.
func TestCase134ForgedReplies(t *testing.T) {
	s := startService(t)
	target := opened(t, configured(t, s))
	g := access.Grant{Name: access.GrantName(access.NewRequestID(), 0), Principal: "alice", Entitlement: access.Entitlement{"what": "orders"}, ExpiresAt: time.Now().Add(time.Hour)}
	require.NoError(t, target.Grant(t.Context(), g))
	stranger, err := standardwebhooks.NewWebhookRaw([]byte("somebody else's secret, of 32 b."))
	require.NoError(t, err)
	gone := func(id string) []byte { return []byte(`{"ramp":1,"call":"` + id + `","open":false,"done":true}`) }
	signedBy := func(key *standardwebhooks.Webhook, w http.ResponseWriter, id string, body []byte) bool {
		require.NoError(t, sign(w.Header(), key, id, body))
		_, _ = w.Write(body)
		return true
	}
	for what, forge := range map[string]func(w http.ResponseWriter, id string, _ []byte) bool{
		"no signature": func(w http.ResponseWriter, id string, _ []byte) bool { _, _ = w.Write(gone(id)); return true },
		"another's":    func(w http.ResponseWriter, id string, _ []byte) bool { return signedBy(stranger, w, id, gone(id)) },
		"of another call": func(w http.ResponseWriter, id string, _ []byte) bool {
			return signedBy(s.key, w, "call_X", gone(id))
		},
		"in another's body": func(w http.ResponseWriter, id string, _ []byte) bool { return signedBy(s.key, w, id, gone("call_X")) },
		"changed after": func(w http.ResponseWriter, id string, _ []byte) bool {
			require.NoError(t, sign(w.Header(), s.key, id, []byte(`{}`)))
			_, _ = w.Write(gone(id))
			return true
		},
		"another status": func(w http.ResponseWriter, id string, _ []byte) bool {
			require.NoError(t, sign(w.Header(), s.key, id, gone(id)))
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(gone(id))
			return true
		},
		"nothing said": func(w http.ResponseWriter, id string, _ []byte) bool {
			return signedBy(s.key, w, id, []byte(`{"ramp":1,"call":"`+id+`"}`))
		},
	} {
		s.mu.Lock()
		s.forge = forge
		s.mu.Unlock()
		_, err := target.Inspect(t.Context(), g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%s: inspect: %v", what, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(t.Context(), g)), "%s: revoke", what)
	}
	s.mu.Lock()
	s.forge = nil
	s.mu.Unlock()
	require.NoError(t, target.Revoke(t.Context(), g))
}

// TestCase134CallsGoNowhereElse: to the configured address alone, which is https or on this
// machine, without a proxy, and not where a reply leads.
func TestCase134CallsGoNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called elsewhere") }))
	defer elsewhere.Close()
	s := startService(t)
	c := configured(t, s)
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s.mu.Lock()
		s.forge = func(w http.ResponseWriter, _ string, _ []byte) bool {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
			return true
		}
		s.mu.Unlock()
		_, err := opened(t, c).List(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	}
	for _, bad := range []string{"http://example.com/x", "ftp://127.0.0.1/", "file:///etc/passwd", "https://u:p@example.com/", "example.com", ""} {
		c.URL = bad
		require.NotEmpty(t, c.Validate("webhook/x"), bad)
		_, err := c.Open(t.Context(), "webhook/x")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), bad)
	}
	// A server that the authorities do not vouch for is sent nothing.
	stranger := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was called") }))
	defer stranger.Close()
	c.URL = stranger.URL
	_, err := opened(t, c).List(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.NotContains(t, err.Error(), stranger.URL)
}

func TestConfig(t *testing.T) {
	issues := webhook.Config{Timeout: access.Duration(time.Hour)}.Validate("webhook/x")
	require.Len(t, issues, 4, "%v", issues)
	s := startService(t)
	c := configured(t, s)
	target := opened(t, c)
	require.NoError(t, target.Ping(t.Context()))
	choices, err := target.Choices(t.Context(), "tables")
	require.NoError(t, err)
	require.Len(t, choices, 2)
	scope, err := target.Resolve(t.Context(), access.Entitlement{"what": "orders"})
	require.NoError(t, err)
	require.Equal(t, access.Scope{Summary: "Read orders", Ends: "the service ends it",
		Facts: map[string]string{"what": "orders", "owner": "shop", "in its words": "the service's own words"}}, scope)
}
