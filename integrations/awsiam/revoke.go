package awsiam

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
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
		if !awsapi.Is(err, "DeleteConflict") || round == maxRounds {
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
	case awsapi.Missing(err):
		return nil // somebody else has just deleted the role
	case awsapi.Is(err, "LimitExceeded"), awsapi.CodeOf(err) == access.CodeForbidden:
		// Somebody's own policies leave no room, or somebody removed the boundary and
		// Ramp may only write to roles that have it. Deleting the role still ends it.
		return nil
	}
	return awsapi.Mapped(err)
}

// remove removes everything from the role, what was added by hand too, and deletes
// it. The denial is the last thing that it removes.
func (t *target) remove(ctx context.Context, name string) error {
	found, err := t.content(ctx, name)
	if err != nil {
		return err
	}
	if err := t.strip(ctx, name, found, revokedName); err != nil {
		return err
	}
	if err := t.deletePolicy(ctx, name, revokedName); err != nil {
		return err
	}
	_, err = t.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return awsapi.UnlessMissing(err)
}

// strip removes what is in a role, but for some inline policies.
func (t *target) strip(ctx context.Context, name string, c content, keep ...string) error {
	for _, arn := range c.attached {
		_, err := t.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &arn})
		if err := awsapi.UnlessMissing(err); err != nil {
			return err
		}
	}
	for _, profile := range c.profiles {
		_, err := t.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{RoleName: &name, InstanceProfileName: &profile})
		if err := awsapi.UnlessMissing(err); err != nil {
			return err
		}
	}
	for _, policy := range c.inline {
		if slices.Contains(keep, policy) {
			continue
		}
		if err := t.deletePolicy(ctx, name, policy); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) deletePolicy(ctx context.Context, name, policy string) error {
	_, err := t.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy})
	return awsapi.UnlessMissing(err)
}
