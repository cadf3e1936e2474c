package contracts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
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

// TestOwnerHears: the owner hears of what goes wrong under their contract, beside those
// whom it names.
func TestOwnerHears(t *testing.T) {
	for owner, want := range map[string][]string{
		"{name: one, owner: team-platform}": {"team-platform of request.glass_broken, access.overdue, request.failed", "watch of access.active"}, "{name: one}": {"watch of access.active"}} {
		set, err := Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: ` + owner + `
request: {who: 'true'}
duration: {default: 15m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [leads]}]}
notify: [{of: [access.active], groups: [watch]}]
`)})
		require.NoError(t, err)
		e := set.Contracts[0].Evaluate(Input{Person: access.Person{ID: "p", Kind: access.KindHuman}, Now: time.Now(), History: &access.History{},
			Request: access.RequestInput{Reason: "the orders have been stuck since two", Duration: "15m"}})
		require.NoError(t, e.Err())
		var got []string
		for _, n := range e.Draft.Notify {
			got = append(got, n.String())
		}
		require.Equal(t, want, got)
	}
}
