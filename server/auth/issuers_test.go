package auth_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

func (i *issuer) bearer(change map[string]any) string {
	claims := map[string]any{"iss": i.url, "sub": "alice", "aud": "ramp", "groups": []string{"approvers"}, "exp": time.Now().Add(time.Hour).Unix()}
	for k, v := range change {
		claims[k] = v
	}
	return i.sign(claims)
}

// TestSeveralIssuers: each vouches for its own people only, and nobody of one
// passes for somebody, or for a group, of another.
func TestSeveralIssuers(t *testing.T) {
	ours, theirs := newIssuer(t), newIssuer(t)
	s := newSite(t, "http://127.0.0.1", func(c *auth.Config) {
		c.Issuer = ""
		c.Issuers = []auth.IssuerConfig{{Name: "us", Issuer: ours.url}, {Name: "partner", Prefix: "partner:", Issuer: theirs.url, Audience: "ramp-partner"}}
	})
	who := func(token string) page {
		return s.browser().do("GET", "/whoami", nil, "Authorization", "Bearer "+token)
	}
	require.Equal(t, "alice approvers", who(ours.bearer(nil)).body)
	require.Equal(t, "partner:alice partner:approvers", who(theirs.bearer(map[string]any{"aud": "ramp-partner"})).body)
	for name, row := range map[string]struct{ token, code string }{
		"one signs for the other":     {theirs.bearer(map[string]any{"iss": ours.url}), "token_invalid"},
		"of nobody known":             {theirs.bearer(map[string]any{"iss": "https://login.example.com"}), "token_invalid"},
		"for the other's audience":    {theirs.bearer(nil), "wrong_audience"},
		"an id that looks prefixed":   {ours.bearer(map[string]any{"sub": "partner:alice"}), "identity_of_another"},
		"a group that looks prefixed": {ours.bearer(map[string]any{"groups": []string{"partner:approvers"}}), "identity_of_another"},
		"an agent of another's":       {ours.bearer(map[string]any{"ramp_kind": "agent", "ramp_on_behalf_of": "partner:alice"}), "identity_of_another"},
		"not even a token":            {"opaque", "token_invalid"},
		"with claims nobody can read": {"a.b.c", "token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			p := who(row.token)
			require.Equal(t, http.StatusUnauthorized, p.status)
			require.Contains(t, p.body, row.code)
		})
	}
	t.Run("people choose where they log in", func(t *testing.T) {
		b := s.browser()
		p := b.get("/auth/login?next=/inbox")
		require.Equal(t, s.url+"/sign-in?next=%2Finbox", p.location)
		require.Equal(t, s.url+"/sign-in?again=1&next=%2Finbox", b.get("/auth/login?again=1&next=/inbox").location)
		asked := b.get("/auth/login?issuer=partner&next=/inbox")
		u, err := url.Parse(asked.location)
		require.NoError(t, err)
		require.Equal(t, theirs.url, u.Scheme+"://"+u.Host)
		theirs.token = theirs.bearer(map[string]any{"aud": "ramp-web", "nonce": u.Query().Get("nonce")})
		// The other provider's response to this login is worth nothing.
		mixed := s.browser()
		v, err := url.Parse(mixed.get("/auth/login?issuer=us").location)
		require.NoError(t, err)
		ours.token = theirs.token
		require.Contains(t, mixed.get("/auth/callback?code=x&state="+v.Query().Get("state")).body, "token_invalid")
		p = b.get("/auth/callback?code=x&state=" + u.Query().Get("state"))
		require.Equal(t, http.StatusSeeOther, p.status, p.body)
		require.Equal(t, "partner:alice partner:approvers", b.get("/whoami").body)
	})
	t.Run("an answer that names another issuer", func(t *testing.T) {
		b := s.browser()
		u, err := url.Parse(b.get("/auth/login?issuer=partner").location)
		require.NoError(t, err)
		p := b.get("/auth/callback?code=x&state=" + u.Query().Get("state") + "&iss=" + url.QueryEscape(ours.url))
		require.Contains(t, p.body, "login_replayed")
	})
}

func TestIssuersAreChecked(t *testing.T) {
	one := auth.IssuerConfig{Name: "a", Issuer: "https://a.example.com"}
	two := func(change func(*auth.IssuerConfig)) []auth.IssuerConfig {
		other := auth.IssuerConfig{Name: "b", Issuer: "https://b.example.com", Prefix: "b:"}
		change(&other)
		return []auth.IssuerConfig{{Name: "a", Issuer: "https://a.example.com", Prefix: "a:"}, other}
	}
	require.Empty(t, auth.Config{Issuers: two(func(*auth.IssuerConfig) {})}.Validate())
	require.Empty(t, auth.Config{Issuers: two(func(i *auth.IssuerConfig) { i.Prefix = "" })}.Validate())
	for code, c := range map[string]auth.Config{
		"issuer_twice":     {Issuer: "https://c.example.com", Issuers: []auth.IssuerConfig{one}},
		"issuer_name":      {Issuers: two(func(i *auth.IssuerConfig) { i.Name = "a" })},
		"prefix_ambiguous": {Issuers: two(func(i *auth.IssuerConfig) { i.Prefix = "a:b:" })},
		"issuer_in_clear":  {Issuers: two(func(i *auth.IssuerConfig) { i.Issuer = "http://b.example.com" })},
		"issuer_malformed": {Issuers: two(func(i *auth.IssuerConfig) { i.Issuer = "b" })},
		"kind_unknown":     {Issuers: two(func(i *auth.IssuerConfig) { i.Kind = access.KindAgent })},
	} {
		issues := c.Validate()
		require.Len(t, issues, 1, code)
		require.Equal(t, code, issues[0].Code)
	}
}
