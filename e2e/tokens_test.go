package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// testTokens shows every kind of bad token to the real server.
func testTokens(t *testing.T, in *installation) {
	i := in.issuer()
	good := func(changes map[string]any) string { return sign(t, i.key, jose.RS256, i.kid(), i.claims(changes)) }
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	part := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	none := func(alg string) string {
		return part(map[string]any{"alg": alg, "typ": "JWT", "kid": i.kid()}) + "." + part(i.claims(nil)) + "."
	}
	tampered := strings.Split(good(nil), ".")
	tampered[1] = part(i.claims(map[string]any{"sub": "bob", "groups": []string{"approvers"}}))
	publicKey := x509.MarshalPKCS1PublicKey(&i.key.PublicKey)

	me := in.send("GET", "/api/v1/me", "", bearer(good(nil)))
	require.Equal(t, http.StatusOK, me.status, "a good token made the same way is taken: %s", me.body)

	for name, row := range map[string]struct{ header, code, says string }{
		"none":                           {"", "token_missing", "bearer token"},
		"another scheme":                 {"Basic YWxpY2U6YWxpY2U=", "token_missing", "Bearer"},
		"scheme only":                    {"Bearer ", "token_missing", "Bearer"},
		"garbage":                        {"Bearer garbage", "token_invalid", "not one of this provider's"},
		"three parts of garbage":         {"Bearer a.b.c", "token_invalid", "not one of this provider's"},
		"huge":                           {"Bearer " + strings.Repeat("a", 20_000), "token_invalid", "not one of this provider's"},
		"for another audience":           {"Bearer " + good(map[string]any{"aud": []string{"payroll"}}), "wrong_audience", "something else than ramp"},
		"for nobody in particular":       {"Bearer " + good(map[string]any{"aud": nil}), "wrong_audience", "something else than ramp"},
		"expired":                        {"Bearer " + good(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "token_expired", "log in again"},
		"without an end":                 {"Bearer " + good(map[string]any{"exp": nil}), "token_expired", "log in again"},
		"not valid yet":                  {"Bearer " + good(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), "token_invalid", "not one of this provider's"},
		"of another issuer":              {"Bearer " + good(map[string]any{"iss": "http://127.0.0.1:1"}), "token_invalid", "not one of this provider's"},
		"of another key":                 {"Bearer " + sign(t, stranger, jose.RS256, "stranger", i.claims(nil)), "token_invalid", "not one of this provider's"},
		"of another key that claims it":  {"Bearer " + sign(t, stranger, jose.RS256, i.kid(), i.claims(nil)), "token_invalid", "not one of this provider's"},
		"unsigned":                       {"Bearer " + none("none"), "token_invalid", "not one of this provider's"},
		"unsigned, in other letters":     {"Bearer " + none("nOnE"), "token_invalid", "not one of this provider's"},
		"signed with the public key":     {"Bearer " + sign(t, publicKey, jose.HS256, i.kid(), i.claims(nil)), "token_invalid", "not one of this provider's"},
		"changed":                        {"Bearer " + strings.Join(tampered, "."), "token_invalid", "not one of this provider's"},
		"of nobody":                      {"Bearer " + good(map[string]any{"sub": nil}), "identity_incomplete", `"sub"`},
		"of groups that are no list":     {"Bearer " + good(map[string]any{"groups": map[string]any{"approvers": true}}), "identity_incomplete", "not a list of names"},
		"of a kind that is none":         {"Bearer " + good(map[string]any{"ramp_kind": "god"}), "identity_incomplete", "human, service or agent"},
		"of an agent of nobody":          {"Bearer " + good(map[string]any{"ramp_kind": "agent"}), "identity_incomplete", "for whom it acts"},
		"of an agent that is somebody's": {"Bearer " + good(map[string]any{"ramp_kind": []string{"agent"}}), "identity_incomplete", "human, service or agent"},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if row.header != "" {
				h.Set("Authorization", row.header)
			}
			a := in.within(t).send("GET", "/api/v1/requests", "", h)
			a.refuses(t, 401, row.code, row.says)
			require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
			require.NotContains(t, a.body, "eyJ", "a token is told back")
		})
	}
	t.Run("a bad token is refused where none is needed", func(t *testing.T) {
		in.within(t).send("GET", "/api/v1/auth-config", "", bearer("garbage")).refuses(t, 401, "token_invalid", "provider")
	})
}
