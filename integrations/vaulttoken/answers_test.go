package vaulttoken

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// A response that is not Vault's own is never taken for "nothing is there".
func TestStrangeAnswers(t *testing.T) {
	ctx := context.Background()
	t.Setenv("RAMP_VAULT_TOKEN", "hvs.p4ssw0rd0123456789")
	g := newGrant(time.Hour, "orders-read")
	for what, c := range map[string]struct {
		status int
		body   string
		code   access.Code
	}{
		"proxy's 404":       {404, "<html>not found hvs.p4ssw0rd0123456789</html>", access.CodeUnavailable},
		"JSON 404":          {404, `{"message":"no"}`, access.CodeUnavailable},
		"no such mount":     {404, `{"errors":["no handler for route \"x\". route entry not found."]}`, access.CodeUnavailable},
		"standby":           {307, "", access.CodeUnavailable},
		"moved":             {301, "", access.CodeUnavailable},
		"login page":        {200, "<html>log in</html>", access.CodeUnavailable},
		"empty":             {200, "{}", access.CodeUnavailable},
		"nothing":           {204, "", access.CodeUnavailable},
		"empty body":        {200, "", access.CodeUnavailable},
		"keys are no texts": {200, `{"data":{"keys":[1]}}`, access.CodeUnavailable},
		"not allowed":       {403, `{"errors":["permission denied for hvs.p4ssw0rd0123456789"]}`, access.CodeForbidden},
		"not Vault's 403":   {403, "hvs.p4ssw0rd0123456789", access.CodeForbidden},
		"throttled":         {429, `{"errors":[]}`, access.CodeThrottled},
		"not initialized":   {501, `{"errors":[]}`, access.CodeUnavailable},
		"standby of a DR":   {472, `{"errors":[]}`, access.CodeUnavailable},
		"performance":       {473, `{"errors":[]}`, access.CodeUnavailable},
		"sealed":            {503, `{"errors":["Vault is sealed"]}`, access.CodeUnavailable},
		"behind":            {412, `{"errors":["required index state not present"]}`, access.CodeUnavailable},
	} {
		t.Run(what, func(t *testing.T) {
			target, err := validConfig().open(ctx, "vault/test", func(http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					resp := answer(r, c.status, c.body)
					resp.Header.Set("Location", "https://elsewhere.example.com/v1/x")
					require.Equal(t, "vault.example.com:8200", r.URL.Host, "Ramp's token went elsewhere")
					return resp, nil
				})
			})
			require.NoError(t, err)
			_, err = target.Inspect(ctx, g)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "p4ssw0rd")
			_, err = target.List(ctx)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			err = target.Revoke(ctx, g)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "p4ssw0rd")
		})
	}
	t.Run("throttled, until when", func(t *testing.T) {
		target, err := validConfig().open(ctx, "vault/test", func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				resp := answer(r, 429, `{"errors":[]}`)
				resp.Header.Set("Retry-After", "7")
				return resp, nil
			})
		})
		require.NoError(t, err)
		_, err = target.Inspect(ctx, g)
		require.Equal(t, 7*time.Second, access.RetryAfterOf(err), "%v", err)
	})
	t.Run("a secret's backend fails to revoke it", func(t *testing.T) {
		target, err := validConfig().open(ctx, "vault/test", func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				return answer(r, 400, `{"errors":["failed to revoke entry"]}`), nil
			})
		})
		require.NoError(t, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(ctx, g)))
	})
	t.Run("Case90 a combination that the policy does not name", func(t *testing.T) {
		config := validConfig()
		config.Policies = []string{"orders-read", "orders-write"}
		target, err := config.open(ctx, "vault/test", func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodGet {
					return answer(r, 404, `{"errors":[]}`), nil
				}
				return answer(r, 403, `{"errors":["permission denied"]}`), nil
			})
		})
		require.NoError(t, err)
		err = target.Grant(ctx, newGrant(time.Hour, "orders-write", "orders-read"))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.ErrorContains(t, err, `need "orders-read,orders-write" among allowed_policies`)
		err = target.Grant(ctx, newGrant(time.Hour, "orders-read"))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.NotContains(t, err.Error(), "allowed_policies", "a right is missing, not a combination")
	})
	t.Run("network", func(t *testing.T) {
		target, err := validConfig().open(ctx, "vault/test", func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") })
		})
		require.NoError(t, err)
		_, err = target.Mint(ctx, g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
