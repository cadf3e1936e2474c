package oktagroup

import (
	"context"
	"net/http"
	"strconv"
	"strings"
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

// scopes returns what Ramp's own service application is for.
func (c Config) scopes() []string {
	all := []string{"okta.groups.manage", "okta.users.read"}
	if c.EndSessions {
		all = append(all, "okta.users.manage")
	}
	return all
}

// askToken returns what asks for access tokens for Ramp's own service application, which have
// these scopes, by its key. Errors are also of code forbidden: the key is none.
func (c Config) askToken(scopes ...string) jsonhttp.AskToken {
	return func(ctx context.Context, key string) (*oauth2.Token, error) {
		at := strings.TrimSuffix(c.Address, "/") + "/oauth2/v1/token"
		assertion, err := c.assertion([]byte(key), at)
		if err != nil {
			return nil, err
		}
		ask := clientcredentials.Config{TokenURL: at, Scopes: scopes, AuthStyle: oauth2.AuthStyleInParams, EndpointParams: jsonhttp.ClientAssertion(assertion)}
		return ask.Token(ctx)
	}
}

// assertion returns who Ramp is, signed with its key (RFC 7523).
func (c Config) assertion(text []byte, audience string) (string, error) {
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
	out, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: c.Client, Subject: c.Client, Audience: jwt.Audience{audience}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute))}).Serialize()
	if err != nil {
		return "", access.Errorf(access.CodeForbidden, "Ramp's own key does not sign")
	}
	return out, nil
}
