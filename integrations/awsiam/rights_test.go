package awsiam

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
)

// TestRights: the policy in the documentation is just what is needed; one that allows less
// or more is said to.
func TestRights(t *testing.T) {
	a := start(t)
	rights := func(refused bool, policies ...string) integrations.Rights {
		var all []json.RawMessage
		for _, p := range policies {
			all = append(all, json.RawMessage(p))
		}
		r, err := a.open(t, a.sim.Simulated(http.DefaultTransport, refused, all...)).(integrations.RightsReader).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	policy := string(documented(t))
	require.Equal(t, integrations.Rights{}, rights(false, policy))

	role := "arn:aws:iam::123456789012:role/ramp/ramp-0000000000000000-a"
	without := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:DeleteRole","iam:PutRolePolicy"],"Resource":"*"}]}`
	require.Equal(t, []string{"iam:PutRolePolicy on " + role, "iam:DeleteRole on " + role}, rights(false, policy, without).Lacks)

	more := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:CreateRole"],"Resource":"*"}]}`
	require.Equal(t, integrations.Rights{TooMuch: []string{"iam:CreateRole on arn:aws:iam::123456789012:role/ramp-doctor-asks",
		"iam:CreateAccessKey on arn:aws:iam::123456789012:user/ramp-doctor-asks", "iam:CreateRole on " + role}}, rights(false, policy, more), "the last is with another boundary")

	administrator := rights(false, everything)
	require.Empty(t, administrator.Lacks)
	for _, one := range a.config.withDefaults().probes() {
		for _, action := range one.Actions {
			if one.TooMuch {
				require.Contains(t, administrator.TooMuch, action+" on "+one.Resource)
			}
		}
	}
	unknown := rights(true, policy)
	require.Empty(t, unknown.Lacks)
	require.Len(t, unknown.Unknown, 1)
	require.Contains(t, unknown.Unknown[0], "allow iam:SimulatePrincipalPolicy on itself")
}
