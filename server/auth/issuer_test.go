package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// issuer is a provider that says in its ID tokens whatever a test wants.
type issuer struct {
	*testing.T
	url   string
	key   *rsa.PrivateKey
	token string // the ID token that any code is good for
	info  func(w http.ResponseWriter)
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i := &issuer{T: t, key: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token",
			"jwks_uri": i.url + "/keys", "userinfo_endpoint": i.url + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		i.info(w)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": i.token})
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	i.url = srv.URL
	return i
}

func (i *issuer) sign(claims map[string]any) string {
	i.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k"}}, nil)
	require.NoError(i, err)
	token, err := jwt.Signed(s).Claims(claims).Serialize()
	require.NoError(i, err)
	return token
}

// TestIDToken: a login is believed only with an ID token that was made for it.
func TestIDToken(t *testing.T) {
	i := newIssuer(t)
	s := newSite(t, i.url)
	for name, row := range map[string]struct {
		change map[string]any
		code   string // "" is a login
	}{
		"OK":                        {nil, ""},
		"of another login":          {map[string]any{"nonce": "another"}, "login_replayed"},
		"of no login":               {map[string]any{"nonce": nil}, "login_replayed"},
		"for another client":        {map[string]any{"aud": "payroll"}, "wrong_audience"},
		"for the API only":          {map[string]any{"aud": "ramp"}, "wrong_audience"},
		"expired":                   {map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, "token_expired"},
		"of another issuer":         {map[string]any{"iss": "https://login.example.com"}, "token_invalid"},
		"of nobody":                 {map[string]any{"sub": nil}, "identity_incomplete"},
		"with groups in one string": {map[string]any{"groups": "engineering approvers"}, "identity_incomplete"},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			asked := b.begins("/").Query()
			claims := map[string]any{"iss": i.url, "sub": "alice", "aud": "ramp-web", "nonce": asked.Get("nonce"),
				"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
			for k, v := range row.change {
				if claims[k] = v; v == nil {
					delete(claims, k)
				}
			}
			i.token = i.sign(claims)
			p := b.get("/auth/callback?code=any&state=" + asked.Get("state"))
			if row.code == "" {
				require.Equal(t, http.StatusSeeOther, p.status, p.body)
				require.Equal(t, "alice", b.is())
				return
			}
			require.Equal(t, http.StatusUnauthorized, p.status, p.body)
			require.Contains(t, p.body, row.code)
			require.Empty(t, b.is())
		})
	}
	t.Run("a login that must be made again", func(t *testing.T) {
		for name, c := range map[string]struct {
			at any
			ok bool
		}{
			"made":                      {time.Now().Unix(), true},
			"by an older one":           {time.Now().Add(-time.Hour).Unix(), false},
			"the provider does not say": {nil, false},
			"said in words":             {"now", false},
		} {
			b := s.browser()
			p := b.get("/auth/login?again=1&next=/whoami")
			to, err := url.Parse(p.location)
			require.NoError(t, err)
			asked := to.Query()
			require.Equal(t, "login", asked.Get("prompt"), name)
			require.Equal(t, "0", asked.Get("max_age"), name)
			claims := map[string]any{"iss": i.url, "sub": "alice", "aud": "ramp-web", "nonce": asked.Get("nonce"),
				"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "auth_time": c.at}
			i.token = i.sign(claims)
			p = b.get("/auth/callback?code=any&state=" + asked.Get("state"))
			if c.ok {
				require.Equal(t, http.StatusSeeOther, p.status, name)
				require.Equal(t, "alice", b.is(), name)
				continue
			}
			require.Contains(t, p.body, "login_not_fresh", name)
			require.Empty(t, b.is(), name)
		}
	})
	t.Run("when the login was", func(t *testing.T) {
		issued := time.Now().Add(-time.Minute).Truncate(time.Second)
		for name, c := range map[string]struct {
			claim any
			want  string
		}{
			"told":                 {issued.Add(-time.Hour).Unix(), issued.Add(-time.Hour).UTC().Format(time.RFC3339)},
			"not told":             {nil, ""},
			"after the token":      {issued.Add(time.Hour).Unix(), issued.UTC().Format(time.RFC3339)},
			"before there was any": {-5, ""},
			"beyond all calendars": {1e300, ""},
		} {
			token := i.sign(map[string]any{"iss": i.url, "sub": "alice", "aud": "ramp", "iat": issued.Unix(),
				"exp": time.Now().Add(time.Hour).Unix(), "auth_time": c.claim})
			p := s.browser().do("GET", "/login-time", nil, "Authorization", "Bearer "+token)
			require.Equal(t, c.want, p.body, name)
		}
	})
	t.Run("no ID token at all", func(t *testing.T) {
		b := s.browser()
		state := b.begins("/").Query().Get("state")
		i.token = ""
		require.Contains(t, b.get("/auth/callback?code=any&state="+state).body, "token_invalid")
		require.Empty(t, b.is())
	})
	t.Run("an ID token of the pages is no bearer token of the API", func(t *testing.T) {
		token := i.sign(map[string]any{"iss": i.url, "sub": "alice", "aud": "ramp-web", "exp": time.Now().Add(time.Hour).Unix()})
		p := s.browser().do("GET", "/whoami", nil, "Authorization", "Bearer "+token)
		require.Contains(t, p.body, "wrong_audience")
	})
}
