package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

// TestErrors: a problem is the error that it was on the server; what is no
// problem of Ramp's says so.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status        int
		body          string
		code          access.Code
		issue, detail string
	}{
		{403, `{"kind":"forbidden","code":"own_request","issues":[{"code":"own_request","message":"nobody decides their own request"}]}`, access.CodeForbidden, "own_request", "nobody decides"},
		{429, `{"kind":"throttled","detail":"slow down"}`, access.CodeThrottled, "", "slow down"},
		{502, `<html>Bad gateway</html>`, access.CodeInternal, "", "unexpected response 502: not a Ramp server?"},
		{404, `{"message":"no"}`, access.CodeInternal, "", "unexpected response 404: not a Ramp server?"},
		{200, `<html>Welcome</html>`, access.CodeInternal, "", "not a Ramp server?"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		_, err := client.New(s.URL, "token").Me(t.Context())
		s.Close()
		require.Equal(t, c.code, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, c.detail)
		if c.issue != "" {
			require.Equal(t, c.issue, access.IssuesOf(err)[0].Code)
		}
	}
	_, err := client.New("http://127.0.0.1:1", "token").Me(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "http://127.0.0.1:1 cannot be reached")
}

// TestWhatIsSent: who calls, with which program, to which address.
func TestWhatIsSent(t *testing.T) {
	var got *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write([]byte(`{}`))
	}))
	defer s.Close()
	c := client.New(s.URL+"/", "token")
	_, err := c.Submit(t.Context(), access.RequestInput{Contract: "x"}, "key")
	require.NoError(t, err)
	require.Equal(t, "POST /api/v1/requests", got.Method+" "+got.URL.Path)
	require.Equal(t, "Bearer token", got.Header.Get("Authorization"))
	require.Equal(t, "key", got.Header.Get("Idempotency-Key"))
	require.Equal(t, "ramp-client", got.UserAgent())
	c.UserAgent = "ramp-cli/1"
	_, err = c.Stop(t.Context(), "a/b", "release", "done")
	require.NoError(t, err)
	require.Equal(t, "/api/v1/requests/a%2Fb/release", got.URL.EscapedPath())
	require.Equal(t, "ramp-cli/1", got.UserAgent())
}
