package jsonhttp

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Tokens keeps the access token that a service gives out for Ramp's own credentials, until it
// ends, the credentials change, or the service refuses it. It is safe for concurrent use.
type Tokens struct {
	service     string
	credentials Token
	http        *http.Client
	ask         AskToken
	asking      singleflight.Group

	mu    sync.Mutex
	of    [sha256.Size]byte // the credentials that token is of
	token *oauth2.Token
}

var _ Token = (*Tokens)(nil)

// AskToken asks a service for an access token for credentials. What golang.org/x/oauth2 calls
// by ctx takes nothing from the environment, and follows no redirect. Errors are those of
// golang.org/x/oauth2, or have a code; they hold nothing of the credentials.
type AskToken func(ctx context.Context, credentials string) (*oauth2.Token, error)

// ClientAssertion returns the parameters by which a client shows who it is by an assertion, in
// the place of a secret (RFC 7523).
func ClientAssertion(assertion string) url.Values {
	return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
}

// OpenTokens returns what keeps a service's access token. It asks for none. Of the
// configuration it takes caFile alone. credentials are read for every call. Errors are those of
// Open.
func (c Config) OpenTokens(service string, credentials Token, ask AskToken, between func(http.RoundTripper) http.RoundTripper) (*Tokens, error) {
	own, _, err := c.client(between)
	return &Tokens{service: service, credentials: credentials, http: own, ask: ask}, err
}

// Read implements Token: it returns a token that is valid now. Callers who need a new one at
// the same time share it, and each waits no longer than its own context. Errors are of code
// forbidden (the service does not take the credentials), throttled and unavailable.
func (t *Tokens) Read(ctx context.Context) (string, error) {
	credentials, err := t.credentials.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own credentials: %w", err)
	}
	of := sha256.Sum256([]byte(credentials))
	if token, ok := t.kept(of); ok {
		return token, nil
	}
	result := t.asking.DoChan(string(of[:]), func() (any, error) {
		if token, ok := t.kept(of); ok {
			return token, nil // it came after this caller looked, and before it asked
		}
		// The caller who asked first may leave before the others have the token. The client's
		// timeout bounds the call.
		token, err := t.ask(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, t.http), credentials)
		if err != nil {
			return "", t.failed(err)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.of, t.token = of, token
		return token.AccessToken, nil
	})
	select {
	case <-ctx.Done():
		return "", access.Errorf(access.CodeUnavailable, "%s gives out no token in time: %w", t.service, ctx.Err())
	case r := <-result:
		token, _ := r.Val.(string)
		return token, r.Err
	}
}

func (t *Tokens) kept(of [sha256.Size]byte) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.token.Valid() || t.of != of {
		return "", false
	}
	return t.token.AccessToken, true
}

// forget drops a token that the service refused, unless there is another one by now.
func (t *Tokens) forget(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != nil && t.token.AccessToken == token {
		t.token = nil
	}
}

// failed returns what it means that a service gives out no token for Ramp's own credentials:
// of code forbidden (it does not take them), throttled or unavailable. The response's body is
// left out, but for the error code of RFC 6749.
func (t *Tokens) failed(err error) error {
	var own *access.Error
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &own):
		return err
	case !errors.As(err, &refused) || refused.Response == nil:
		return access.Errorf(access.CodeUnavailable, "%s gives out no token for Ramp's own credentials", t.service)
	}
	switch code := integrations.CodeOfStatus(refused.Response.StatusCode); code {
	case access.CodeInvalid, access.CodeForbidden, access.CodeNotFound:
		return access.Errorf(access.CodeForbidden, "%s does not take Ramp's own credentials: %s", t.service, strings.TrimSpace(strconv.Itoa(refused.Response.StatusCode)+" "+access.Clip(refused.ErrorCode, 60)))
	default:
		return access.RetryAfter(access.Errorf(code, "%s gives out no token: %d", t.service, refused.Response.StatusCode), integrations.RetryAfter(refused.Response.Header))
	}
}
