package azurerole

import (
	"context"
	"net/http"
	"slices"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// Azure's own client waits and tries again by itself where the service asks for fewer calls,
// which Ramp must know of, and takes credentials and proxies from the environment.
func dialect(tokens *jsonhttp.Tokens) jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "Azure", Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}}, Tokens: tokens,
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

// askToken returns what asks for access tokens for one of Azure's services, by the secret or
// the assertion of Ramp's own application.
func (c Config) askToken(url, scope string) jsonhttp.AskToken {
	return func(ctx context.Context, credentials string) (*oauth2.Token, error) {
		ask := clientcredentials.Config{ClientID: c.Client, TokenURL: url, Scopes: []string{scope}, AuthStyle: oauth2.AuthStyleInParams}
		if c.Assertion.IsZero() {
			ask.ClientSecret = credentials
		} else {
			ask.EndpointParams = jsonhttp.ClientAssertion(credentials)
		}
		return ask.Token(ctx)
	}
}
