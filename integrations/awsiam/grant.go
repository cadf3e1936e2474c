package awsiam

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// principalShape is what fits an STS source identity and a tag. A name that does
// not fit is refused, not bent: two people bent alike would be one.
var principalShape = regexp.MustCompile(`^[A-Za-z0-9_+=.@-]{2,64}$`)

// AWS's limits on how long a role may be assumed for.
const minRoleSession, maxRoleSession = time.Hour, 12 * time.Hour

// Grant implements integrations.Target. The policy comes last, so that a role
// that is half made gives nothing. Errors are also of code conflict: the role
// is somebody else's, or revoked.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	ent, ends, err := t.begin(g)
	if err != nil {
		return err
	}
	err = t.create(ctx, g, ends)
	if is(err, "EntityAlreadyExists") {
		ends, err = t.adopt(ctx, g, ends)
	}
	if err != nil {
		return err
	}
	return notYet(t.permit(ctx, g.Name, ent, ends))
}

// Extend implements integrations.Extender. An earlier end than the one that
// stands changes nothing: it is an older extension that arrives late. The trust
// policy comes last, because its date is the one that is read back. Errors are
// also of code not_found (nothing is open) and conflict (revoked, or not Ramp's).
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	ent, ends, err := t.begin(g)
	if err != nil {
		return err
	}
	r, found, err := t.standing(ctx, g.Name)
	if err != nil {
		return err
	}
	if !found {
		return access.Errorf(access.CodeNotFound, "nothing is open under this grant")
	}
	if !ends.After(r.ends) {
		return nil
	}
	id, _ := access.RequestIDFromGrantName(g.Name)
	if _, err := t.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &g.Name, Tags: tags(id, g, ends)}); err != nil {
		return told(err)
	}
	if err := t.permit(ctx, g.Name, ent, ends); err != nil {
		return err
	}
	return t.trust(ctx, g, ends)
}

// begin checks a grant that is to be opened or changed.
func (t *target) begin(g access.Grant) (ent entitlement, ends time.Time, err error) {
	if err := checkName(g.Name); err != nil {
		return ent, ends, err
	}
	if ent, err = t.config.entitlement(g.Entitlement); err != nil {
		return ent, ends, err
	}
	if !principalShape.MatchString(g.Principal) {
		return ent, ends, access.Invalid(access.Issue{Code: "principal_malformed", Field: "principal",
			Message: "AWS takes names of 2 to 64 letters, digits and _+=.@- and this one does not fit"})
	}
	ends = g.ExpiresAt.UTC().Truncate(time.Second)
	if !clock.Now().Before(ends) {
		return ent, ends, access.Invalid(access.Issue{Code: "expired", Field: "expiresAt", Message: "the grant has already expired"})
	}
	return ent, ends, nil
}

// create makes the role, without any permission.
func (t *target) create(ctx context.Context, g access.Grant, ends time.Time) error {
	id, _ := access.RequestIDFromGrantName(g.Name)
	session := min(max(clock.Until(ends).Truncate(time.Second)+time.Second, minRoleSession), maxRoleSession)
	in := &iam.CreateRoleInput{
		RoleName: &g.Name, Path: &t.config.Path,
		AssumeRolePolicyDocument: aws.String(t.config.trust(g.Principal, ends)),
		Description:              aws.String("Temporary access, made by Ramp for request " + id + "."),
		MaxSessionDuration:       aws.Int32(int32(session / time.Second)),
		Tags:                     tags(id, g, ends),
	}
	if t.config.Boundary != "" {
		in.PermissionsBoundary = &t.config.Boundary
	}
	_, err := t.iam.CreateRole(ctx, in)
	return told(err)
}

// adopt goes on with a role that an earlier try made. Its end is left alone if it
// is later: this may be a retry that an extension overtook.
func (t *target) adopt(ctx context.Context, g access.Grant, ends time.Time) (time.Time, error) {
	r, found, err := t.standing(ctx, g.Name)
	switch {
	case err != nil:
		return ends, err
	case !found:
		return ends, access.Errorf(access.CodeUnavailable, "AWS says both that the role exists and that it does not")
	case r.ends.After(ends):
		ends = r.ends
	}
	if want := t.config.Boundary; want != "" && r.boundary != want {
		in := &iam.PutRolePermissionsBoundaryInput{RoleName: &g.Name, PermissionsBoundary: &want}
		if _, err := t.iam.PutRolePermissionsBoundary(ctx, in); err != nil {
			return ends, notYet(told(err))
		}
	}
	return ends, notYet(t.trust(ctx, g, ends))
}

func (t *target) trust(ctx context.Context, g access.Grant, ends time.Time) error {
	_, err := t.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName: &g.Name, PolicyDocument: aws.String(t.config.trust(g.Principal, ends))})
	return told(err)
}

func (t *target) permit(ctx context.Context, name string, ent entitlement, ends time.Time) error {
	_, err := t.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String(policyName), PolicyDocument: aws.String(permissions(ent, ends))})
	return told(err)
}

// notYet is for a role that was just made: that AWS does not find it is no
// answer, it is worth asking again.
func notYet(err error) error {
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeUnavailable, "AWS does not show the new role everywhere yet: %w", err)
	}
	return err
}
