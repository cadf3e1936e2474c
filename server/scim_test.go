package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

const providerToken = "the-token-of-the-identity-provider"

func withSCIM(t *testing.T) func(*Config) {
	path := filepath.Join(t.TempDir(), "scim.token")
	require.NoError(t, os.WriteFile(path, []byte(providerToken+"\n"), 0o600))
	return func(c *Config) { c.SCIM.Token = field.SecretFile(path) }
}

// response is one response to the identity provider.
type response struct {
	status int
	body   map[string]any
}

func (f *fixture) scim(method, path, body string) response {
	f.Helper()
	w := f.call(providerToken, method, "/scim/v2"+path, "application/scim+json", body)
	out := response{status: w.Code}
	if w.Body.Len() > 0 {
		require.NoError(f, json.Unmarshal(w.Body.Bytes(), &out.body), "%s", w.Body)
	}
	return out
}

// provisions adds people and returns their ids.
func (f *fixture) provisions(people ...string) map[string]string {
	f.Helper()
	ids := map[string]string{}
	for _, p := range people {
		res := f.scim("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+p+`","active":true}`)
		require.Equal(f, http.StatusCreated, res.status, "%v", res.body)
		ids[p], _ = res.body["id"].(string)
	}
	return ids
}

func (f *fixture) group(name string, members ...string) string {
	f.Helper()
	list := []string{}
	for _, m := range members {
		list = append(list, `{"value":"`+m+`"}`)
	}
	res := f.scim("POST", "/Groups", `{"displayName":"`+name+`","members":[`+strings.Join(list, ",")+`]}`)
	require.Equal(f, http.StatusCreated, res.status, "%v", res.body)
	return res.body["id"].(string)
}

// TestOffboardedPersonIsNobody: from the response to the provider on, a person
// who has left gets nowhere, with a token that is still good; nor do their
// agents.
func TestOffboardedPersonIsNobody(t *testing.T) {
	f := newFixture(t, withSCIM(t))
	ids := f.provisions("alice", "bob")
	f.group("engineering", ids["alice"], ids["bob"])
	alice, agent := f.token("alice"), f.token("alice-agent")
	require.Equal(t, http.StatusOK, f.call(alice, "GET", "/api/v1/me", "", "").Code)
	require.Equal(t, http.StatusOK, f.call(agent, "GET", "/api/v1/me", "", "").Code)
	for _, way := range []struct {
		name  string
		leave func() response
	}{
		{"deactivated", func() response {
			return f.scim("PATCH", "/Users/"+ids["alice"], `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
		}},
		{"deleted", func() response { return f.scim("DELETE", "/Users/"+ids["alice"], "") }}, // a user must be there to be deleted
	} {
		t.Run(way.name, func(t *testing.T) {
			res := way.leave()
			require.Less(t, res.status, 300, "%v", res.body)
			for _, token := range []string{alice, agent} {
				w := f.call(token, "GET", "/api/v1/me", "", "")
				require.Equal(t, http.StatusForbidden, w.Code)
				require.Contains(t, w.Body.String(), `"code":"person_inactive"`)
			}
		})
	}
	require.Equal(t, http.StatusOK, f.call(f.token("bob"), "GET", "/api/v1/me", "", "").Code)
	t.Run("and somebody once more when provisioned again", func(t *testing.T) {
		f.provisions("Alice") // user names do not tell cases apart
		require.Equal(t, http.StatusOK, f.call(alice, "GET", "/api/v1/me", "", "").Code)
	})
}

// TestDirectoryGroups: the directory's groups go before those of a token, both
// ways, and only of people whom it knows.
func TestDirectoryGroups(t *testing.T) {
	f := newFixture(t, withSCIM(t))
	groups := func(who string) []string {
		var p access.Person
		require.NoError(t, json.Unmarshal(f.call(f.token(who), "GET", "/api/v1/me", "", "").Body.Bytes(), &p))
		return p.Groups
	}
	require.Equal(t, []string{"engineering", "approvers"}, groups("bob"))
	ids := f.provisions("bob")
	require.Empty(t, groups("bob"), "a person without a group in the directory has none")
	g := f.group("security", ids["bob"])
	require.Equal(t, []string{"security"}, groups("bob"))
	require.Equal(t, []string{"security"}, groups("carol"), "unknown to the directory: as the token says")
	f.scim("PATCH", "/Groups/"+g, `{"Operations":[{"op":"remove","path":"members[value eq \"`+ids["bob"]+`\"]"}]}`)
	require.Empty(t, groups("bob"))

	t.Run("required", func(t *testing.T) {
		f := newFixture(t, withSCIM(t), func(c *Config) { c.SCIM.Required = true })
		w := f.call(f.token("carol"), "GET", "/api/v1/me", "", "")
		require.Equal(t, http.StatusForbidden, w.Code)
		require.Contains(t, w.Body.String(), "person_unknown")
	})
	t.Run("of tokens", func(t *testing.T) {
		f := newFixture(t, withSCIM(t), func(c *Config) { c.SCIM.PeopleOnly = true })
		f.provisions("bob")
		w := f.call(f.token("bob"), "GET", "/api/v1/me", "", "")
		require.Contains(t, w.Body.String(), "approvers")
	})
}
