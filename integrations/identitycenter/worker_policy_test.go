package identitycenter

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
)

// TestWorkerPolicy: the policy in the documentation allows every call that the target
// makes, and nothing that would be more.
func TestWorkerPolicy(t *testing.T) {
	c := start(t)
	ctx, policy := context.Background(), documented(t)
	var mu sync.Mutex
	made := map[string]bool{}
	one := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		if name := centertest.OperationOf(r); name != "" { // STS has no such header, and GetCallerIdentity needs no permission
			made[name] = true
		}
		mu.Unlock()
		return c.cloud.RoundTrip(r)
	}))
	c.cloud.Slow(2)
	g := c.granted(t, one, grantFor(c.person(t), admin))
	_, err := one.List(ctx)
	require.NoError(t, err)
	require.NoError(t, one.Revoke(ctx, g))
	_, _, err = one.Choices(ctx, listAccounts, "")
	require.NoError(t, err)
	_ = one.Ping(ctx) // the policy of this test is attached to nothing
	require.GreaterOrEqual(t, len(made), 15, "every call that there is: %v", made)

	const (
		set       = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-fedcba9876543210"
		otherSet  = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-aaaaaaaaaaaaaaaa"
		inAccount = "arn:aws:sso:::account/111122223333"
		deny      = "arn:aws:organizations::999999999999:policy/o-exampleorgid/service_control_policy/p-examplepolicyid"
		otherDeny = "arn:aws:organizations::999999999999:policy/o-exampleorgid/service_control_policy/p-another00"
	)
	allows := func(action, resource string) bool {
		ok, err := c.sim.Allows(ctx, awstest.Question{At: time.Now(), Principal: "arn:aws:iam::123456789012:role/ramp", Action: action, Resource: resource, Identity: []json.RawMessage{policy}})
		require.NoError(t, err, "%s on %s", action, resource)
		return ok
	}
	for operation := range made {
		action, resources := "sso:"+operation, []string{"*"}
		switch operation {
		case "CreateAccountAssignment", "DeleteAccountAssignment", "ListAccountAssignments":
			resources = []string{instance(set), inAccount, set}
		case "DescribePermissionSet":
			resources = []string{instance(set), set}
		case "DescribeAccountAssignmentCreationStatus", "DescribeAccountAssignmentDeletionStatus",
			"ListAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus", "ListAccountAssignmentsForPrincipal":
			resources = []string{instance(set)}
		case "GetUserId", "ListUsers":
			action, resources = "identitystore:"+operation, []string{"arn:aws:identitystore::123456789012:identitystore/d-1234567890"}
		case "ListAccounts":
			action = "organizations:" + operation
		case "DescribePolicy", "UpdatePolicy", "ListTargetsForPolicy":
			action, resources = "organizations:"+operation, []string{deny}
		}
		for _, resource := range resources {
			require.True(t, allows(action, resource), "%s on %s", action, resource)
		}
	}
	for _, one := range [][2]string{
		{"sso:CreateAccountAssignment", otherSet}, {"sso:PutInlinePolicyToPermissionSet", set}, {"sso:AttachManagedPolicyToPermissionSet", set},
		{"sso:CreatePermissionSet", instance(set)}, {"sso:ProvisionPermissionSet", set}, {"organizations:UpdatePolicy", otherDeny},
		{"organizations:DeletePolicy", deny}, {"organizations:DetachPolicy", deny}, {"identitystore:CreateGroupMembership", "arn:aws:identitystore:::group/x"},
	} {
		require.False(t, allows(one[0], one[1]), "%v", one)
	}
}

// documented returns the worker's policy in docs/targets/identity-center.md.
func documented(t *testing.T) json.RawMessage {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "targets", "identity-center.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "## What the worker needs")
	require.True(t, ok)
	_, rest, ok = strings.Cut(rest, "```json\n")
	require.True(t, ok)
	text, _, _ := strings.Cut(rest, "```")
	require.True(t, json.Valid([]byte(text)))
	return json.RawMessage(strings.Join(strings.Fields(text), " ")) // one line: the simulator reads lines
}
