package integrations_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func TestCodeOfStatus(t *testing.T) {
	for status, want := range map[int]access.Code{
		400: access.CodeInvalid, 401: access.CodeForbidden, 403: access.CodeForbidden, 404: access.CodeNotFound, 405: access.CodeInvalid,
		409: access.CodeConflict, 413: access.CodeInvalid, 418: access.CodeUnavailable, 429: access.CodeThrottled,
		500: access.CodeUnavailable, 503: access.CodeUnavailable, 0: access.CodeUnavailable,
	} {
		require.Equal(t, want, integrations.CodeOfStatus(status), status)
	}
}

func TestRetryAfter(t *testing.T) {
	header := func(text string) http.Header { return http.Header{"Retry-After": {text}} }
	require.Equal(t, 7*time.Second, integrations.RetryAfter(header("7")))
	require.Zero(t, integrations.RetryAfter(nil))
	require.Zero(t, integrations.RetryAfter(header("-7")))
	require.Zero(t, integrations.RetryAfter(header("soon")))
	require.Zero(t, integrations.RetryAfter(header(time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))))
	require.InDelta(t, 60, integrations.RetryAfter(header(time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))).Seconds(), 2)
}

func TestCheckAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://vault.example.com:8200": "", "https://vault.example.com/": "", "http://127.0.0.1:8200": "", "http://[::1]:8200": "", "http://localhost": "",
		"": "address_malformed", "vault.example.com": "address_malformed", "https://user:secret@vault.example.com": "address_malformed",
		"https://vault.example.com/v1": "address_malformed", "https://vault.example.com?x": "address_malformed", "https://:8200": "address_malformed",
		"http://vault.example.com": "address_insecure", "ftp://localhost": "address_insecure", "http://127.0.0.1.example.com": "address_insecure",
	} {
		issues := integrations.CheckAddress("address", address)
		if want == "" {
			require.Empty(t, issues, address)
			continue
		}
		require.Len(t, issues, 1, address)
		require.Equal(t, want, issues[0].Code, address)
		require.NotContains(t, issues[0].Message, "secret")
	}
}
