package awsiam

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

// Names of what belongs to a role.
const (
	policyName  = "ramp"         // the policy with what the role may do
	revokedName = "ramp-revoked" // the policy that denies everything; if it is there, ending has begun

	tagRequest   = "ramp:request"
	tagPrincipal = "ramp:principal"
	tagExpires   = "ramp:expires"
)

// role is a grant's role as it is on AWS.
type role struct {
	tags     map[string]string
	boundary string
	made     time.Time
	trust    string    // its trust policy, as IAM returns it
	ends     time.Time // of its trust policy; zero if that lacks one
}

// role reads a grant's role. It returns false if there is none. A role outside
// Ramp's path is an error of code conflict, and not nothing: the configured path
// may have changed, and then open access must not count as ended.
func (t *target) role(ctx context.Context, name string) (role, bool, error) {
	out, err := t.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if awsapi.Missing(err) {
		return role{}, false, nil
	}
	if err != nil {
		return role{}, false, awsapi.Mapped(err)
	}
	if path := aws.ToString(out.Role.Path); path != t.config.Path {
		return role{}, false, access.Errorf(access.CodeConflict, "the role %s is in path %s, and Ramp's is %s: Ramp does not touch it", name, path, t.config.Path)
	}
	r := role{tags: map[string]string{}, made: aws.ToTime(out.Role.CreateDate), trust: aws.ToString(out.Role.AssumeRolePolicyDocument)}
	r.ends = awsapi.EndOf(r.trust)
	for _, tag := range out.Role.Tags {
		r.tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	if b := out.Role.PermissionsBoundary; b != nil {
		r.boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	return r, true, nil
}

// openRole reads a role that Ramp made for the grant and has not begun to end.
// Errors are also of code not_found (nothing is open) and conflict (the role is
// somebody else's, or was revoked).
func (t *target) openRole(ctx context.Context, name string) (role, error) {
	r, found, err := t.role(ctx, name)
	if err == nil && !found {
		err = integrations.ErrNotOpen
	}
	if err != nil {
		return r, err
	}
	if r.tags[tagRequest] != requestOf(name) {
		return r, access.Errorf(access.CodeConflict, "the role %s does not have Ramp's tag: somebody else made it", name)
	}
	_, err = t.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: aws.String(revokedName)})
	if err == nil {
		return r, integrations.ErrRevoked
	}
	return r, awsapi.UnlessMissing(err)
}

// requestOf returns the id of a grant's request.
func requestOf(grant string) string {
	id, _ := access.RequestIDFromGrantName(grant)
	return id
}

func tags(g access.Grant, ends time.Time) []types.Tag {
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	return []types.Tag{tag(tagRequest, requestOf(g.Name)), tag(tagPrincipal, g.Principal), tag(tagExpires, ends.UTC().Format(stamp))}
}
