package awsiam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
)

// maxRounds bounds how often a role is emptied while somebody else fills it.
const maxRounds = 10

// Revoke implements integrations.Target. It can be repeated after a crash at any
// point. Errors are also of code conflict: a role outside Ramp's path has the
// name.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	if _, found, err := t.role(ctx, g.Name); err != nil || !found {
		return err
	}
	if err := t.denyAll(ctx, g.Name); err != nil {
		return err
	}
	for round := 1; ; round++ {
		err := t.remove(ctx, g.Name)
		if !is(err, "DeleteConflict") || round == maxRounds {
			return err
		}
	}
}

// denyAll ends every session of the role with one call. Removing the role takes
// several calls, and may be interrupted.
func (t *target) denyAll(ctx context.Context, name string) error {
	_, err := t.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String(revokedName), PolicyDocument: aws.String(denial())})
	switch {
	case missing(err):
		return nil // somebody else has just deleted the role
	case is(err, "LimitExceeded"), codeOf(err) == access.CodeForbidden:
		// Somebody's own policies leave no room, or somebody removed the boundary and
		// Ramp may only write to roles that have it. Deleting the role still ends it.
		return nil
	}
	return mapped(err)
}

// remove removes everything from the role, what was added by hand too, and deletes
// it. The denial is the last thing that it removes.
func (t *target) remove(ctx context.Context, name string) error {
	if err := t.detachPolicies(ctx, name); err != nil {
		return err
	}
	if err := t.leaveProfiles(ctx, name); err != nil {
		return err
	}
	if err := t.deletePolicies(ctx, name); err != nil {
		return err
	}
	_, err := t.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return unlessMissing(err)
}

func (t *target) detachPolicies(ctx context.Context, name string) error {
	var arns []string
	pages := iam.NewListAttachedRolePoliciesPaginator(t.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessMissing(err)
		}
		for _, p := range page.AttachedPolicies {
			arns = append(arns, aws.ToString(p.PolicyArn))
		}
	}
	for _, arn := range arns {
		_, err := t.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &arn})
		if err := unlessMissing(err); err != nil {
			return err
		}
	}
	return nil
}

// leaveProfiles removes the role from instance profiles that somebody put it into.
func (t *target) leaveProfiles(ctx context.Context, name string) error {
	var profiles []string
	pages := iam.NewListInstanceProfilesForRolePaginator(t.iam, &iam.ListInstanceProfilesForRoleInput{RoleName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessMissing(err)
		}
		for _, p := range page.InstanceProfiles {
			profiles = append(profiles, aws.ToString(p.InstanceProfileName))
		}
	}
	for _, profile := range profiles {
		_, err := t.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{RoleName: &name, InstanceProfileName: &profile})
		if err := unlessMissing(err); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) deletePolicies(ctx context.Context, name string) error {
	var policies []string
	pages := iam.NewListRolePoliciesPaginator(t.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessMissing(err)
		}
		for _, p := range page.PolicyNames {
			if p != revokedName {
				policies = append(policies, p)
			}
		}
	}
	for _, policy := range append(policies, revokedName) {
		_, err := t.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy})
		if err := unlessMissing(err); err != nil {
			return err
		}
	}
	return nil
}

// unlessMissing returns nil if AWS says that the thing is not there, and otherwise
// the error as one of Ramp's.
func unlessMissing(err error) error {
	if missing(err) {
		return nil
	}
	return mapped(err)
}
