package oktagroup

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/oktagroup/oktatest"
)

// TestRights: the scopes and the role in the documentation are just what is needed; fewer or
// more are said, of a service application and of who made an API token.
func TestRights(t *testing.T) {
	for _, byKey := range []bool{true, false} {
		w := start(t)
		w.config.EndSessions = true
		if byKey {
			w.useKey(t)
		}
		w.Scopes = append(w.config.scopes(), rolesScope)
		custom := oktatest.Role{ID: "irb1", Label: "ramp", Type: "CUSTOM", Status: "ACTIVE", Role: "cr1", ResourceSet: "iam1"}
		needed := append(w.config.neededPermissions(), "okta.iam.read")
		const orn = "orn:okta:directory:00o1:"
		w.Roles, w.Permissions["cr1"] = []oktatest.Role{custom}, needed
		// What is in a group is not the group; on pages of two.
		w.Resources["iam1"] = []string{orn + "users", orn + "groups:" + dba, orn + "groups:00gother00000000other:contained_resources", orn + "groups:" + ops}
		rights := func() integrations.Rights {
			r, err := w.open(t, nil).Rights(t.Context())
			require.NoError(t, err)
			return r
		}
		require.Equal(t, integrations.Rights{}, rights(), byKey)

		w.Resources["iam1"] = append(w.Resources["iam1"][:3], orn+"groups:00g00000000000000000")
		w.Permissions["cr1"] = append(needed, "okta.users.manage")
		require.Equal(t, integrations.Rights{Lacks: []string{"a role over the members of the group ops"},
			TooMuch: []string{"okta.users.manage by the role ramp", "changing the members of the group 00g00000000000000000, which groups does not list"}}, rights(), byKey)
		w.Resources["iam1"][3] = orn + "groups"
		require.Contains(t, rights().TooMuch, "changing the members of all groups")
		w.Permissions["cr1"] = []string{"okta.users.read"}
		require.Len(t, rights().Lacks, 2, "a role that changes no members reaches none")

		w.Roles = []oktatest.Role{{ID: "ra1", Type: "GROUP_MEMBERSHIP_ADMIN", Status: "ACTIVE"}, {ID: "ra2", Type: "HELP_DESK_ADMIN", Status: "INACTIVE"}}
		w.Targets["ra1"] = []string{dba, ops}
		require.Equal(t, integrations.Rights{}, rights(), byKey)
		w.Targets["ra1"] = []string{"00g00000000000000000", dba, ops}
		require.Equal(t, []string{"changing the members of the group 00g00000000000000000, which groups does not list"}, rights().TooMuch, "on a later page too")
		w.Targets["ra1"] = nil
		require.Equal(t, integrations.Rights{TooMuch: []string{"changing the members of all groups"}}, rights(), byKey)
		w.Roles = []oktatest.Role{{ID: "ra1", Type: "SUPER_ADMIN", Status: "ACTIVE"}, {ID: "ra2", Type: "APP_ADMIN", Status: "ACTIVE"}}
		require.Equal(t, integrations.Rights{TooMuch: []string{"the role SUPER_ADMIN", "the role APP_ADMIN", "changing the members of all groups"}}, rights(), byKey)
		w.Roles = nil
		require.Len(t, rights().Lacks, 2)

		w.Roles, w.Unread = []oktatest.Role{custom}, "resource-sets"
		w.Permissions["cr1"] = needed
		unsaid := rights()
		require.Len(t, unsaid.Unknown, 1)
		require.Empty(t, unsaid.Lacks, "what is not known is not lacking")
		w.Unread = "roles"
		require.Len(t, rights().Unknown, 1)
	}
}

// TestRightsScopes: those for which whoever has the key gets tokens.
func TestRightsScopes(t *testing.T) {
	w := start(t)
	w.useKey(t)
	w.Scopes = []string{"okta.users.read", "okta.apps.manage", "okta.users.manage"}
	for _, w.GivesLess = range []bool{false, true} {
		r, err := w.open(t, nil).Rights(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"okta.groups.manage on the application"}, r.Lacks)
		require.Equal(t, []string{"okta.apps.manage on the application", "okta.users.manage on the application"}, r.TooMuch)
		require.Len(t, r.Unknown, 1, "which roles there are takes a scope")
	}

	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was sent Ramp's own token") }))
	defer stranger.Close()
	w.Elsewhere = w.URL + "@" + strings.TrimPrefix(stranger.URL, "http://")
	w.Scopes = append(w.config.scopes(), rolesScope)
	w.Roles = []oktatest.Role{{ID: "irb1", Type: "CUSTOM", Role: "cr1", ResourceSet: "iam1"}}
	w.Permissions["cr1"], w.Resources["iam1"] = []string{"okta.groups.members.manage"}, []string{"a", "b", "c"}
	_, err := w.open(t, nil).Rights(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "a page elsewhere is none: %v", err)
}
