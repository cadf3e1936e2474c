package poster_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/sinks/poster"
)

// TestErrorsHaveNoSecretAndNoAddress: why a service takes nothing is shown in the ledger,
// in logs and in metrics; a proxy's page that repeats what it was sent must not bring the
// credentials there, nor an error of the network the address.
func TestErrorsHaveNoSecretAndNoAddress(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "blocked: "+r.Header.Get("Authorization")+" "+password)
	}))
	defer echo.Close()
	for name, authorize := range map[string]func(h http.Header){
		"token":    func(h http.Header) { h.Set("Authorization", "Splunk hunter2-token") },
		"password": func(h http.Header) { (&http.Request{Header: h}).SetBasicAuth("ramp", "hunter2") },
	} {
		c, err := poster.Config{Address: echo.URL}.Open(func(_ context.Context, h http.Header) error { authorize(h); return nil })
		require.NoError(t, err)
		status, said, err := c.Call(t.Context(), http.MethodGet, "/", "", nil)
		require.NoError(t, err)
		message := poster.Refused("events were not taken", status, said).Error()
		require.Contains(t, message, "the service returns 403: blocked: ", name)
		require.NotContains(t, message, "hunter2", name)
		require.NotContains(t, message, "cmFtcDpodW50ZXIy", "as base64")
	}
	c, err := poster.Config{Address: "http://127.0.0.1:1"}.Open(func(context.Context, http.Header) error { return nil })
	require.NoError(t, err)
	_, _, err = c.Call(t.Context(), http.MethodGet, "/hunter2", "", nil)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.NotContains(t, err.Error(), "127.0.0.1")
	require.NotContains(t, err.Error(), "hunter2")
}
