package auth

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase70ClaimsOfOtherTypes: a boolean or a number that is a text says what it
// says, and what cannot be read is taken for the safe value: an address that anybody may
// have claimed makes nobody anybody.
func TestCase70ClaimsOfOtherTypes(t *testing.T) {
	c := IssuerConfig{}.withDefaults().Claims
	for _, row := range []struct {
		verified any
		kept     bool
	}{
		{true, true}, {"true", true}, {"TRUE", true}, {"1", true}, {1.0, true},
		{false, false}, {"false", false}, {"False", false}, {"0", false}, {0.0, false}, {2.0, false},
		{"", false}, {"yes", false}, {nil, false}, {[]any{true}, false}, {map[string]any{}, false},
	} {
		p, err := c.person(map[string]any{"sub": "bob", "email": "alice@example.com", "email_verified": row.verified}, access.KindHuman)
		require.NoError(t, err)
		require.Equal(t, row.kept, p.Email != "", "%#v", row.verified)
		require.Equal(t, row.kept, p.EmailVerified, "%#v", row.verified)
	}
	p, err := c.person(map[string]any{"sub": "bob", "email": "alice@example.com"}, access.KindHuman)
	require.NoError(t, err)
	require.Equal(t, "alice@example.com", p.Email, "it makes two accounts one human")
	require.False(t, p.EmailVerified, "and nobody an approver")
	for _, email := range []string{"Pay now <victim@bank.example>", "a@x.example, b@y.example", "a@x.example (b)", "<a@x.example>", "alice"} {
		p, err := c.person(map[string]any{"sub": "bob", "email": email, "email_verified": true}, access.KindHuman)
		require.NoError(t, err)
		require.Empty(t, p.Email, "it is more or less than an address: %s", email)
		require.False(t, p.EmailVerified)
	}
	issued := time.Unix(2_000_000_000, 0).UTC()
	login := issued.Add(-time.Hour)
	for _, row := range []struct {
		claim any
		want  time.Time
	}{
		{float64(login.Unix()), login}, {"1999996400", login}, {float64(issued.Unix() + 60), issued}, {"2000000060", issued},
		{"", time.Time{}}, {"yesterday", time.Time{}}, {"-1", time.Time{}}, {-1.0, time.Time{}}, {0.0, time.Time{}},
		{true, time.Time{}}, {nil, time.Time{}}, {"99999999999999999999", time.Time{}}, {"1e9", time.Time{}},
	} {
		require.Equal(t, row.want, loggedInAt(map[string]any{"auth_time": row.claim}, issued), "%#v", row.claim)
	}
	for _, sub := range []any{float64(4711), nil, "", true, []any{"bob"}} {
		_, err := c.person(map[string]any{"sub": sub}, access.KindHuman)
		require.Equal(t, access.CodeUnauthenticated, access.CodeOf(err), "a number is not read as an id: two long ones could be one. %#v", sub)
	}
}

// TestSessionCookieIsThisHostsAlone: over https, no host beside it can set one.
func TestSessionCookieIsThisHostsAlone(t *testing.T) {
	u, err := url.Parse("https://ramp.example")
	require.NoError(t, err)
	a, err := New(Config{Issuer: "https://login.example.com"}, u, Deps{})
	require.NoError(t, err)
	require.Equal(t, "__Host-ramp_session", a.sessions.Cookie.Name)
	require.True(t, a.sessions.Cookie.Secure)
}

// TestCase08NamesThatReverse: approvers read a person's name beside what the person asks
// for; characters that do not show are left out of names, and no id or address has any.
func TestCase08NamesThatReverse(t *testing.T) {
	c := ClaimConfig{ID: "sub", Name: "name", Email: "email"}
	p, err := c.person(map[string]any{"sub": "mallory", "name": "alice\u202e)\n\u200bx", "email": "alice@example.com\u200b"}, access.KindHuman)
	require.NoError(t, err)
	require.Equal(t, "alice) x", p.Name)
	require.Empty(t, p.Email)
	_, err = c.person(map[string]any{"sub": "alice\u200b"}, access.KindHuman)
	require.Equal(t, access.CodeUnauthenticated, access.CodeOf(err))
}
