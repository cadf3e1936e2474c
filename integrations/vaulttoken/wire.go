package vaulttoken

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/secret"
)

// wire sits between Vault's library and the network. It adds Ramp's own token, and
// stops responses that the library would take for "there is nothing": to Ramp,
// nothing means that access has ended.
type wire struct {
	next  http.RoundTripper
	token func(context.Context) (string, error)
}

const (
	tokenHeader = "X-Vault-Token" // #nosec G101 -- a header's name
	maxToken    = 16 << 10        // bytes; batch tokens are long
	maxBody     = 64 << 20        // bytes; a list of all roles is long
)

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := w.token(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set(tokenHeader, token)
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests: // the library drops its headers
		resp.Body.Close()
		return nil, access.RetryAfter(access.Errorf(access.CodeThrottled, "Vault answers 429: too many requests"), integrations.RetryAfter(resp.Header))
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		// Not followed: Ramp's token goes to the configured address only.
		resp.Body.Close()
		return nil, access.Errorf(access.CodeUnavailable, "Vault answers %d, see another address; is this a standby node?", resp.StatusCode)
	case resp.StatusCode == http.StatusNotFound:
		return checked(resp, isNotFound, "Vault answers 404 for a path it must have; are the address and the namespace right?")
	case resp.StatusCode < 300 && r.Method == http.MethodGet:
		return checked(resp, func(b []byte) bool { return len(bytes.TrimSpace(b)) > 0 },
			"Vault answers with nothing at all; is something else at the address?")
	}
	return resp, nil
}

// checked returns the response if its body is good, and an error otherwise.
func checked(resp *http.Response, good func([]byte) bool, otherwise string) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if !good(body) {
		return nil, access.Errorf(access.CodeUnavailable, "%s", otherwise)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// isNotFound reports whether a body is Vault's own "nothing is there": a proxy, a
// missing mount and a wrong namespace also return 404.
func isNotFound(body []byte) bool {
	var answer struct {
		Errors *[]string `json:"errors"`
	}
	return json.Unmarshal(body, &answer) == nil && answer.Errors != nil && len(*answer.Errors) == 0
}

// ownToken returns a function that reads Ramp's own token. Its errors are
// CodeUnavailable and never have any of it in them.
func ownToken(cached *secret.Cached) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		text, err := cached.Read(ctx)
		if err != nil {
			return "", access.Errorf(access.CodeUnavailable, "Ramp's own token: %w", err)
		}
		return cleanToken(text)
	}
}

func cleanToken(text string) (string, error) {
	text = strings.TrimSpace(text)
	strange := strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
	if text == "" || len(text) > maxToken || strange {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own token is empty or malformed")
	}
	return text, nil
}
