package contracts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOwnerFindings: an owner that is nobody's group is found, as far as it is known.
func TestOwnerFindings(t *testing.T) {
	set, err := Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: one, owner: team-platform}
request: {who: '"engineering" in person.groups'}
duration: {default: 15m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [leads]}]}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: two, owner: leads}
request: {who: '"engineering" in person.groups'}
duration: {default: 15m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [leads]}]}
`)})
	require.NoError(t, err)
	require.Equal(t, []string{"leads", "team-platform"}, set.Owners())
	require.Equal(t, []string{"engineering", "leads"}, set.NamedGroups())

	found := set.OwnerFindings(nil)
	require.Len(t, found, 1)
	require.Equal(t, "c.yaml:3:23", found[0].Place)
	require.Equal(t, "owner_unknown", found[0].Code)
	require.Contains(t, found[0].Message, `no contract names "team-platform"`)

	require.Empty(t, set.OwnerFindings([]string{"leads", "team-platform"}))
	found = set.OwnerFindings([]string{"engineering", "team-platform"})
	require.Len(t, found, 1)
	require.Equal(t, "two", found[0].Contract)
	require.Contains(t, found[0].Message, `nobody is in the group "leads"`)
}
