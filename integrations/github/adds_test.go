package github

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase154AddsPeople: a role with which somebody could let others in for good, or
// themselves in again, is given only where the configuration says that this is meant, and
// approvers read it.
func TestCase154AddsPeople(t *testing.T) {
	f := start(t)
	admin := access.Entitlement{"repository": "payments", "repositoryRole": "admin"}
	for what, rule := range map[string]AllowConfig{
		"admin":            {Repositories: []string{"payments"}, RepositoryRoles: []string{"read", "admin"}},
		"in other letters": {Repositories: []string{"payments"}, RepositoryRoles: []string{"Admin"}},
		"maintainer":       {Teams: []string{"oncall"}, Roles: []string{"maintainer"}},
	} {
		f.config.Allow = []AllowConfig{rule}
		_, err := f.config.Open(t.Context(), targetName)
		code(t, access.CodeInvalid, err, "mayAddPeople: true")
		require.Equal(t, "allow_adds_people", f.config.Validate("")[0].Code, what)
		rule.MayAddPeople = true
		f.config.Allow = []AllowConfig{rule}
		require.Empty(t, f.config.Validate(""), what)
	}
	f.config.Allow = []AllowConfig{{Teams: []string{"oncall"}, Roles: []string{"member", "maintainer"}, Repositories: []string{"payments"}, RepositoryRoles: []string{"write", "admin"}, MayAddPeople: true}}
	for i, e := range []access.Entitlement{admin, maintainer, member, writer} {
		adds := i < 2
		scope, err := f.open(t, nil).Resolve(context.Background(), e)
		require.NoError(t, err)
		require.Equal(t, adds, scope.Facts["adds people"] == "yes", scope.Summary)
		if adds {
			require.Contains(t, scope.Ends, "through whom they can come back")
		} else {
			require.NotContains(t, scope.Ends, "come back")
		}
	}
}
