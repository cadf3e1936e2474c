package identitycenter

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader, by what IAM says that Ramp's own principal
// may do. Errors are those of AWS.
func (t *target) Rights(ctx context.Context) (integrations.Rights, error) {
	me, err := t.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return integrations.Rights{}, awsapi.Mapped(err)
	}
	probes := t.config.probes()
	if t.config.DenyPolicy != "" {
		probes = append(probes, t.probesOfPolicy(ctx)...)
	}
	return awsapi.CompareRights(ctx, t.iam, aws.ToString(me.Arn), probes)
}

const elsewhere = "ramp-doctor-asks"

// probes are what the policy in docs/targets/identity-center.md allows for the listed
// permission sets, and what would change them, give others, or put people into groups.
func (c Config) probes() (all []awsapi.Probe) {
	assigning := []string{"sso:CreateAccountAssignment", "sso:DeleteAccountAssignment", "sso:ListAccountAssignments"}
	instances := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.PermissionSets)) {
		set := c.PermissionSets[name]
		instances[instance(set)] = true
		all = append(all,
			awsapi.Probe{Actions: append(slices.Clone(assigning), "sso:DescribePermissionSet"), Resource: set},
			awsapi.Probe{Actions: []string{"sso:PutInlinePolicyToPermissionSet", "sso:AttachManagedPolicyToPermissionSet", "sso:DeletePermissionSet"}, Resource: set, TooMuch: true})
	}
	for _, of := range slices.Sorted(maps.Keys(instances)) {
		other := strings.Replace(of, "instance/", "permissionSet/", 1) + "/ps-0000000000000000"
		all = append(all,
			awsapi.Probe{Actions: assigning, Resource: of},
			awsapi.Probe{Actions: []string{"sso:CreatePermissionSet"}, Resource: of, TooMuch: true},
			awsapi.Probe{Actions: assigning[:1], Resource: other, TooMuch: true})
	}
	return append(all,
		awsapi.Probe{Actions: []string{"sso:DescribeAccountAssignmentCreationStatus", "sso:DescribeAccountAssignmentDeletionStatus",
			"sso:ListAccountAssignmentCreationStatus", "sso:ListAccountAssignmentDeletionStatus", "sso:ListAccountAssignmentsForPrincipal",
			"identitystore:GetUserId", "identitystore:ListUsers", "organizations:ListAccounts"}, Resource: "*"},
		awsapi.Probe{Actions: []string{"identitystore:CreateGroupMembership", "identitystore:CreateUser", "identitystore:DeleteUser"}, Resource: "*", TooMuch: true},
		awsapi.Probe{Actions: []string{"iam:CreateRole", "iam:AttachRolePolicy", "iam:PassRole"}, Resource: "arn:" + c.Partition + ":iam::" + c.Account + ":role/" + elsewhere, TooMuch: true})
}

// probesOfPolicy are about the deny policy, whose ARN AWS knows. What cannot be read is
// asked about as it is lacking.
func (t *target) probesOfPolicy(ctx context.Context) []awsapi.Probe {
	arn := "arn:" + t.config.Partition + ":organizations::" + t.config.Management + ":policy/o-*/service_control_policy/" + t.config.DenyPolicy
	out, err := t.org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &t.config.DenyPolicy})
	if err == nil && out.Policy != nil && out.Policy.PolicySummary != nil && aws.ToString(out.Policy.PolicySummary.Arn) != "" {
		arn = *out.Policy.PolicySummary.Arn
	}
	return []awsapi.Probe{
		{Actions: []string{"organizations:DescribePolicy", "organizations:UpdatePolicy", "organizations:ListTargetsForPolicy"}, Resource: arn},
		{Actions: []string{"organizations:DeletePolicy", "organizations:DetachPolicy"}, Resource: arn, TooMuch: true},
		{Actions: []string{"organizations:LeaveOrganization", "organizations:CreatePolicy"}, Resource: "*", TooMuch: true},
	}
}
