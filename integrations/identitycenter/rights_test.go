package identitycenter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
)

// TestRights: the policy in the documentation, for this instance, is just what is needed;
// one that allows less or more is said to.
func TestRights(t *testing.T) {
	c := start(t)
	one := c.open(t, nil)
	set, deny := c.config.PermissionSets["Admin"], one.probesOfPolicy(t.Context())[0].Resource
	// The page's example is of another instance, and of another organisation.
	policy := strings.NewReplacer(
		"permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef", strings.TrimPrefix(c.config.PermissionSets["ReadOnly"], "arn:aws:sso:::"),
		"permissionSet/ssoins-0123456789abcdef/ps-fedcba9876543210", strings.TrimPrefix(set, "arn:aws:sso:::"),
		"instance/ssoins-0123456789abcdef", strings.TrimPrefix(instance(set), "arn:aws:sso:::"),
		"arn:aws:organizations::999999999999:policy/o-exampleorgid/service_control_policy/p-examplepolicyid", deny).Replace(string(documented(t)))
	rights := func(refused bool, policies ...string) integrations.Rights {
		var all []json.RawMessage
		for _, p := range policies {
			all = append(all, json.RawMessage(p))
		}
		r, err := c.open(t, c.sim.Simulated(c.cloud, refused, all...)).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	require.Equal(t, integrations.Rights{}, rights(false, policy))

	less := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["sso:DeleteAccountAssignment","organizations:UpdatePolicy"],"Resource":"*"}]}`
	lacks := rights(false, policy, less).Lacks
	require.Contains(t, lacks, "sso:DeleteAccountAssignment on "+set)
	require.Contains(t, lacks, "organizations:UpdatePolicy on "+deny)

	more := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sso:PutInlinePolicyToPermissionSet","identitystore:CreateGroupMembership"],"Resource":"*"}]}`
	require.Equal(t, []string{"sso:PutInlinePolicyToPermissionSet on " + set, "sso:PutInlinePolicyToPermissionSet on " + c.config.PermissionSets["ReadOnly"],
		"identitystore:CreateGroupMembership on *"}, rights(false, policy, more).TooMuch)
	require.Len(t, rights(true, policy).Unknown, 1)
}
