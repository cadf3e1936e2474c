package awsiam

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/internal/clock"
)

// AWS's limits for the longest session of a role.
const minRoleSession, maxRoleSession = time.Hour, 12 * time.Hour

// Grant implements integrations.Target. It puts the policy last, so that a role
// that is half made gives nothing. Errors are also of code conflict: the role is
// somebody else's, or was revoked.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	g, ent, err := t.begin(g)
	if err != nil {
		return err
	}
	ends := g.ExpiresAt
	err = t.create(ctx, g, ends)
	if awsapi.Is(err, "EntityAlreadyExists") {
		ends, err = t.adopt(ctx, g, ends)
	}
	if err != nil {
		return err
	}
	return notYet(t.permit(ctx, g.Name, ent, ends))
}

// Extend implements integrations.Extender. It writes the trust policy last,
// because that policy's date is the one that is read back.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	g, ent, err := t.begin(g)
	if err != nil {
		return err
	}
	ends := g.ExpiresAt
	r, err := t.openRole(ctx, g.Name)
	if err != nil || !ends.After(r.ends) {
		return err
	}
	if _, err := t.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &g.Name, Tags: tags(g, ends)}); err != nil {
		return awsapi.Mapped(err)
	}
	if err := t.permit(ctx, g.Name, ent, ends); err != nil {
		return err
	}
	return t.trust(ctx, g, ends)
}

// begin checks a grant that is to be opened or changed. It returns the grant, with
// the principal by the name that AWS knows, and its entitlement.
func (t *target) begin(g access.Grant) (access.Grant, entitlement, error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err == nil {
		g.Principal, err = t.config.principalName(g.Principal)
	}
	return g, ent, err
}

// create creates the role, without any permission.
func (t *target) create(ctx context.Context, g access.Grant, ends time.Time) error {
	session := min(max(clock.Until(ends).Truncate(time.Second)+time.Second, minRoleSession), maxRoleSession)
	in := &iam.CreateRoleInput{
		RoleName: &g.Name, Path: &t.config.Path,
		AssumeRolePolicyDocument: aws.String(t.config.trust(g.Principal, ends)),
		Description:              aws.String("Temporary access, made by Ramp for request " + requestOf(g.Name) + "."),
		MaxSessionDuration:       aws.Int32(int32(session / time.Second)),
		Tags:                     tags(g, ends),
	}
	if t.config.Boundary != "" {
		in.PermissionsBoundary = &t.config.Boundary
	}
	_, err := t.iam.CreateRole(ctx, in)
	return awsapi.Mapped(err)
}

// adopt continues with a role that an earlier try made, and returns its end. A
// later end is left alone: this may be a retry that an extension overtook.
func (t *target) adopt(ctx context.Context, g access.Grant, ends time.Time) (time.Time, error) {
	r, err := t.openRole(ctx, g.Name)
	if err != nil {
		return ends, notYet(err) // AWS has just said that the role exists
	}
	if r.ends.After(ends) {
		ends = r.ends
	}
	if want := t.config.Boundary; want != "" && r.boundary != want {
		in := &iam.PutRolePermissionsBoundaryInput{RoleName: &g.Name, PermissionsBoundary: &want}
		if _, err := t.iam.PutRolePermissionsBoundary(ctx, in); err != nil {
			return ends, notYet(awsapi.Mapped(err))
		}
	}
	return ends, notYet(t.trust(ctx, g, ends))
}

func (t *target) trust(ctx context.Context, g access.Grant, ends time.Time) error {
	_, err := t.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName: &g.Name, PolicyDocument: aws.String(t.config.trust(g.Principal, ends))})
	return awsapi.Mapped(err)
}

func (t *target) permit(ctx context.Context, name string, ent entitlement, ends time.Time) error {
	_, err := t.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String(policyName), PolicyDocument: aws.String(permissions(ent, ends))})
	return awsapi.Mapped(err)
}

// notYet returns an error of code not_found as unavailable, for a role that was
// just made: AWS will find it when it is asked again.
func notYet(err error) error {
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeUnavailable, "AWS does not show the new role everywhere yet: %w", err)
	}
	return err
}
