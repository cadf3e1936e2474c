package awsiam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	return awsapi.CompareRights(ctx, t.iam, aws.ToString(me.Arn), t.config.probes())
}

// probes are what the policy in docs/targets/aws.md allows, and what leads to more than
// grants: other roles, roles without the boundary, people's keys, and data.
func (c Config) probes() []awsapi.Probe {
	const elsewhere = "ramp-doctor-asks"
	account := "arn:" + c.Partition + ":iam::" + c.Account + ":"
	role, other := c.roleARN(integrations.Unnamed()), account+"role/"+elsewhere
	bounded := map[string]string{}
	if c.Boundary != "" {
		bounded["iam:PermissionsBoundary"] = c.Boundary
	}
	making := []string{"iam:CreateRole", "iam:PutRolePolicy"}
	if c.Boundary != "" {
		making = append(making, "iam:PutRolePermissionsBoundary")
	}
	all := []awsapi.Probe{
		{Actions: []string{"iam:ListRoles"}, Resource: "*"},
		{Actions: making, Resource: role, Context: bounded},
		{Actions: []string{"iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
			"iam:TagRole", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRole"}, Resource: role},
		{Actions: []string{"iam:RemoveRoleFromInstanceProfile"}, Resource: account + "instance-profile/" + elsewhere},
		{Actions: []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:PassRole", "sts:AssumeRole"},
			Resource: other, TooMuch: true},
		{Actions: []string{"iam:AttachRolePolicy", "iam:PassRole"}, Resource: role, TooMuch: true},
		{Actions: []string{"iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:AttachUserPolicy", "iam:PutUserPolicy"},
			Resource: account + "user/" + elsewhere, TooMuch: true},
		{Actions: []string{"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"}, Resource: account + "policy/" + elsewhere, TooMuch: true},
		{Actions: []string{"s3:GetObject", "s3:PutObject"}, Resource: "arn:" + c.Partition + ":s3:::" + elsewhere + "/" + elsewhere, TooMuch: true},
		{Actions: []string{"secretsmanager:GetSecretValue"},
			Resource: "arn:" + c.Partition + ":secretsmanager:" + c.Region + ":" + c.Account + ":secret:" + elsewhere + "-000000", TooMuch: true},
		{Actions: []string{"ec2:TerminateInstances"}, Resource: "arn:" + c.Partition + ":ec2:" + c.Region + ":" + c.Account + ":instance/i-00000000000000000", TooMuch: true},
	}
	if c.Worker != "" {
		all = append(all, awsapi.Probe{Actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity"}, Resource: role})
	}
	if c.Boundary != "" {
		all = append(all, awsapi.Probe{Actions: []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"}, Resource: role,
			Context: map[string]string{"iam:PermissionsBoundary": account + "policy/" + elsewhere}, TooMuch: true},
			awsapi.Probe{Actions: []string{"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"}, Resource: c.Boundary, TooMuch: true})
	}
	return all
}
