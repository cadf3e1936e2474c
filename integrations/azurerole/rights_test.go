package azurerole

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/azurerole/azuretest"
)

// TestRights: the role in the documentation is just what is needed; one that allows less or
// more is said to, also where it is above what is listed.
func TestRights(t *testing.T) {
	w := start(t)
	const of = "Microsoft.Authorization/"
	documented := []string{of + "roleAssignments/read", of + "roleAssignments/write", of + "roleAssignments/delete", of + "roleDefinitions/read", of + "permissions/read"}
	w.May = documented
	rights := func() integrations.Rights {
		r, err := w.open(t, nil).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	require.Equal(t, integrations.Rights{}, rights())

	w.May = documented[1:2]
	require.Equal(t, []string{of + "roleAssignments/delete on " + azuretest.Orders, of + "roleAssignments/read on " + azuretest.Orders, of + "roleDefinitions/read on " + azuretest.Orders}, rights().Lacks)

	w.May, w.MayData, w.MayAbove = append([]string{"microsoft.authorization/*/WRITE", "Microsoft.Storage/*"}, documented...), []string{"Microsoft.KeyVault/*/getSecret/*"}, []string{"*"}
	more := rights()
	require.Empty(t, more.Lacks)
	require.Equal(t, []string{of + "roleDefinitions/write on " + azuretest.Orders, of + "roleAssignmentScheduleRequests/write on " + azuretest.Orders, of + "roleEligibilityScheduleRequests/write on " + azuretest.Orders,
		of + "policyAssignments/write on " + azuretest.Orders, "Microsoft.Storage/storageAccounts/listKeys/action on " + azuretest.Orders, "Microsoft.KeyVault/vaults/secrets/getSecret/action on " + azuretest.Orders,
		"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read on " + azuretest.Orders, of + "roleAssignments/write on " + azuretest.Subscription + ", which allow does not list"}[:6], more.TooMuch[:6])
	require.Equal(t, of+"roleAssignments/write on "+azuretest.Subscription+", which allow does not list", more.TooMuch[len(more.TooMuch)-1])

	w.Mute = true
	require.Len(t, rights().Unknown, 1)
	w.Mute = false
	w.config.Allow[0].Scopes = []string{azuretest.Subscription, azuretest.Orders}
	require.Empty(t, w.config.above(), "what is listed is not above")
}

func TestMatches(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "A/b/write": true, "a/B/WRITE": true, "a/*": true, "*/write": true, "a/*/write": true, "*/b/*": true, "*a*b*write*": true, "a/**": true,
		"": false, "a/b": false, "b/*": false, "*/read": false, "a/*/b/write": false, "*/write/*": false, "a/b/write/*": false, "*b*b*": false,
	} {
		require.Equal(t, want, matches(pattern, "A/b/write"), pattern)
	}
	require.False(t, matches("aa*aa", "aaa"), "no letter counts twice")
}

// TestCase153CustomRoles: a custom role with which somebody may give themselves any other is
// refused, under whatever name and however it is written, also when it becomes one later, and
// when Azure does not say what is in it. What is open in it ends all the same.
func TestCase153CustomRoles(t *testing.T) {
	const custom = "cccccccc-0000-0000-0000-000000000000"
	w := start(t)
	w.config.Roles["Debugger"] = custom
	w.config.Allow[0].Roles = append(w.config.Allow[0].Roles, "Debugger")
	debug := access.Entitlement{"scope": azuretest.Orders, "role": "Debugger"}
	one := w.open(t, nil)
	is := func(all ...azuretest.Permission) {
		w.Lock()
		defer w.Unlock()
		w.Roles[custom] = azuretest.Definition{RoleName: "Debugger", Permissions: all}
	}
	narrow := azuretest.Permission{Actions: []string{"Microsoft.Web/sites/*", "Microsoft.Authorization/*/read", "Microsoft.Authorization/roleAssignments/delete"}}
	is(narrow)
	require.NoError(t, one.Ping(t.Context()))
	open := grantFor(w.Person(t), debug)
	require.NoError(t, one.Grant(t.Context(), open))

	for what, all := range map[string][]azuretest.Permission{
		"everything":             {{Actions: []string{"*"}}},
		"all of authorization":   {{Actions: []string{"Microsoft.Authorization/*"}}},
		"another case":           {{Actions: []string{"microsoft.authorization/roleassignments/WRITE"}}},
		"wildcards":              {narrow, {Actions: []string{"Microsoft.*/roleAssignments/*"}}},
		"every write":            {{Actions: []string{"*/write"}, NotActions: []string{"Microsoft.Authorization/roleAssignments/write"}}},
		"given by a second part": {{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*"}}, {Actions: []string{"Microsoft.Authorization/roleDefinitions/*"}}},
		"through PIM":            {{Actions: []string{"Microsoft.Authorization/roleEligibilityScheduleRequests/write"}}},
	} {
		is(all...)
		g := grantFor(w.Person(t), debug)
		err := one.Grant(t.Context(), g)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s: %v", what, err)
		require.Contains(t, err.Error(), "any role, for ever", what)
		require.False(t, w.has(w.of(g)), what)
		err = one.Extend(t.Context(), open)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s: an extension is new access: %v", what, err)
		err = one.Ping(t.Context())
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%s: %v", what, err)
		require.Contains(t, err.Error(), "Debugger", what)
	}

	is() // as a reply that has none of it reads
	require.Equal(t, access.CodeUnavailable, access.CodeOf(one.Grant(t.Context(), grantFor(w.Person(t), debug))))
	w.Lock()
	delete(w.Roles, custom)
	w.Unlock()
	err := one.Grant(t.Context(), grantFor(w.Person(t), debug))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.Contains(t, err.Error(), "no role definition")
	require.Equal(t, access.CodeConflict, access.CodeOf(one.Ping(t.Context())))

	require.NoError(t, one.Revoke(t.Context(), open))
	require.False(t, w.has(w.of(open)))
}
