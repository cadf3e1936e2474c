package oktagroup

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// Okta's own client waits and tries again by itself where the service asks for fewer calls,
// which Ramp must know of, and reads its configuration from the environment and home.
func dialect() jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "Okta", Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}},
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "SSWS "+token) },
		IsNotFound:   func(body []byte) bool { return errorOf(body).ErrorCode == notFound },
		Message: func(body []byte) string {
			if said := errorOf(body); said.ErrorCode != "" {
				return said.ErrorCode + ": " + said.ErrorSummary
			}
			return "in words that are not Okta's"
		},
		Throttled: throttled,
	}
}

// notFound is Okta's error code for a resource that is not there.
const notFound = "E0000007"

type apiError struct {
	ErrorCode    string `json:"errorCode"`
	ErrorSummary string `json:"errorSummary"`
}

// errorOf returns what the body of an error says; nothing for what is not Okta's.
func errorOf(body []byte) apiError {
	var said apiError
	if strictjson.UnmarshalOpen(body, &said) != nil {
		return apiError{}
	}
	return said
}

// throttled reports whether Okta says that Ramp asked too often, and how long to wait: until
// the second of X-Rate-Limit-Reset, by Okta's own clock.
func throttled(status int, h http.Header) (wait time.Duration, yes bool) {
	if status != http.StatusTooManyRequests {
		return 0, false
	}
	reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	now, undated := http.ParseTime(h.Get("Date"))
	if err != nil || undated != nil {
		return 0, true
	}
	return min(max(time.Second, time.Unix(reset, 0).Sub(now)), 2*time.Minute), true
}

// scopes are what Ramp's own service application is for.
const scopes = "okta.groups.manage okta.users.read"

// sessionsScope is needed to end sessions, too.
const sessionsScope = " okta.users.manage"

// tokens keeps the access token of Ramp's own service application. It is safe for concurrent
// use.
type tokens struct {
	config Config
	http   *http.Client

	mu    sync.Mutex
	of    [sha256.Size]byte // the key that token is of
	token *oauth2.Token
}

// read returns a token that is valid now. It has the form of jsonhttp.Dialect's Token.
// Errors are of code forbidden (Okta does not take the key, or it is none), throttled and
// unavailable; they hold nothing of the key.
func (t *tokens) read(ctx context.Context) (string, error) {
	text, err := t.config.Key.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own key: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := sha256.Sum256([]byte(text))
	if t.token.Valid() && t.of == sum {
		return t.token.AccessToken, nil
	}
	at := strings.TrimSuffix(t.config.Address, "/") + "/oauth2/v1/token"
	assertion, err := t.assertion([]byte(text), at)
	if err != nil {
		return "", err
	}
	wanted := scopes
	if t.config.EndSessions {
		wanted += sessionsScope
	}
	token, err := (&clientcredentials.Config{TokenURL: at, Scopes: strings.Fields(wanted), AuthStyle: oauth2.AuthStyleInParams, EndpointParams: url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}}).Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", jsonhttp.TokenError("Okta", err)
	}
	t.token, t.of = token, sum
	return token.AccessToken, nil
}

// assertion returns who Ramp is, signed with its key (RFC 7523).
func (t *tokens) assertion(text []byte, audience string) (string, error) {
	var key jose.JSONWebKey
	if key.UnmarshalJSON(text) != nil || key.IsPublic() || !key.Valid() { // the cause is left out, because it could quote the key
		return "", access.Errorf(access.CodeForbidden, "Ramp's own key is not a private key as a JWK")
	}
	algorithm := jose.SignatureAlgorithm(key.Algorithm)
	if algorithm == "" {
		algorithm = jose.RS256
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	if err != nil {
		return "", access.Errorf(access.CodeForbidden, "Ramp's own key does not sign by %s", access.Clip(string(algorithm), 20))
	}
	now := time.Now()
	out, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: t.config.Client, Subject: t.config.Client, Audience: jwt.Audience{audience}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute))}).Serialize()
	if err != nil {
		return "", access.Errorf(access.CodeForbidden, "Ramp's own key does not sign")
	}
	return out, nil
}
