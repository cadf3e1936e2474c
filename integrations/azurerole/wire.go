package azurerole

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// Azure's own client waits and tries again by itself where the service asks for fewer calls,
// which Ramp must know of, and takes credentials and proxies from the environment.
func dialect(token func(context.Context) (string, error)) jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "Azure", Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}}, Token: token,
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		// A subscription that is not found may be one of another tenant: that proves nothing.
		IsNotFound: func(body []byte) bool {
			return slices.Contains([]string{"RoleAssignmentNotFound", "ResourceGroupNotFound", "ResourceNotFound", "Request_ResourceNotFound"}, errorOf(body).Code)
		},
		Message: func(body []byte) string {
			if said := errorOf(body); said.Code != "" {
				return said.Code + ": " + said.Message
			}
			return "in words that are not Azure's"
		},
	}
}

type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// errorOf returns what the body of an error says; nothing for what is not Azure's.
func errorOf(body []byte) apiError {
	var reply struct {
		Error apiError `json:"error"`
	}
	if strictjson.UnmarshalOpen(body, &reply) != nil {
		return apiError{}
	}
	return reply.Error
}

// tokens keeps Ramp's own access token for one of Azure's services. It is safe for
// concurrent use.
type tokens struct {
	config     Config
	url, scope string
	http       *http.Client

	mu    sync.Mutex
	of    [sha256.Size]byte // the secret that token is of
	token *oauth2.Token
}

// read returns a token that is valid now. It has the form of jsonhttp.Dialect's Token.
// Errors are of code forbidden (Azure does not take the credentials), throttled and
// unavailable; they hold nothing of the credentials.
func (t *tokens) read(ctx context.Context) (string, error) {
	secret, err := t.config.Secret.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own secret: %w", err)
	}
	assertion, err := t.config.Assertion.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own assertion: %w", err)
	}
	sum := sha256.Sum256([]byte(secret))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.Valid() && t.of == sum {
		return t.token.AccessToken, nil
	}
	ask := clientcredentials.Config{ClientID: t.config.Client, ClientSecret: secret, TokenURL: t.url, Scopes: []string{t.scope}, AuthStyle: oauth2.AuthStyleInParams}
	if assertion != "" {
		ask.EndpointParams = url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
	}
	token, err := ask.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", jsonhttp.TokenError("Azure", err)
	}
	t.token, t.of = token, sum
	return token.AccessToken, nil
}
