//go:build !lean

package people

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/dev/idp"
)

// TestDeviceLogin logs in by a code, with an HTTP client for the browser on the
// other machine.
func TestDeviceLogin(t *testing.T) {
	idp, err := idp.Start(idp.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(idp.Stop)
	conf := client.LoginConfig{Issuer: idp.Issuer, ClientID: "ramp-cli", Audience: "ramp"}
	types := func(at, code, person string) int {
		res, err := http.PostForm(at, url.Values{"user_code": {code}, "person": {person}})
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	token, err := deviceFlow(ctx, conf, func(at, code string) {
		res, err := http.Get(at)
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, http.StatusGone, types(at, "BCDF-GHJK", "alice"), "a guess")
		require.Equal(t, http.StatusBadRequest, types(at, code, "nobody"))
		require.Equal(t, http.StatusOK, types(at, code, "alice"))
		require.Equal(t, http.StatusGone, types(at, code, "bob"), "a code is one person's")
	})
	require.NoError(t, err)
	p, err := oidc.NewProvider(ctx, idp.Issuer)
	require.NoError(t, err)
	verified, err := p.Verifier(&oidc.Config{ClientID: "ramp"}).Verify(ctx, token.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "alice", verified.Subject)

	t.Run("nobody logs in", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := deviceFlow(ctx, conf, func(string, string) {})
		require.Equal(t, access.CodeUnauthenticated, access.CodeOf(err))
	})
	t.Run("the pages' client may not", func(t *testing.T) {
		_, err := deviceFlow(ctx, client.LoginConfig{Issuer: idp.Issuer, ClientID: "ramp-web"}, func(string, string) { t.Error("it was let") })
		require.Error(t, err)
	})
}
