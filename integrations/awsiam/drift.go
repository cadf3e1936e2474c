package awsiam

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

var _ integrations.DriftDetector = (*target)(nil)

// trustDiffers is the difference that cannot be put right: somebody else may have
// assumed the role, and their session goes on. AWS evaluates everything else
// again on each call.
const trustDiffers = "who may assume it was changed"

// Drift implements integrations.DriftDetector. It compares Ramp's own tags
// only, because organisations put theirs on every role.
func (t *target) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	g, ent, err := t.begin(g)
	if err != nil {
		return nil, err
	}
	out, _, err := t.compare(ctx, g, ent)
	return out, err
}

// compare is Drift, for a grant that begin has returned. It also returns what is in
// the role.
func (t *target) compare(ctx context.Context, g access.Grant, ent entitlement) (out []string, has content, err error) {
	r, found, err := t.role(ctx, g.Name)
	if access.CodeOf(err) == access.CodeConflict {
		return nil, has, nil // not Ramp's; Inspect returns the error
	}
	if err != nil || !found {
		return nil, has, err
	}
	has, err = t.content(ctx, g.Name)
	if err != nil || slices.Contains(has.inline, revokedName) {
		return nil, has, err
	}
	out = t.trustDiffers(r.trust, g.Principal, g.ExpiresAt)
	if want := t.config.Boundary; want != "" && r.boundary != want {
		out = append(out, "its boundary was changed")
	}
	if r.tags[tagRequest] != requestOf(g.Name) || r.tags[tagPrincipal] != g.Principal {
		out = append(out, "its tags were changed")
	}
	has.ends = r.ends
	more, err := t.powers(ctx, g, ent, &has)
	return append(out, more...), has, err
}

// powers returns what the role may do beyond the entitlement, and notes until when.
func (t *target) powers(ctx context.Context, g access.Grant, ent entitlement, has *content) (out []string, err error) {
	for _, policy := range has.inline {
		if policy != policyName {
			out = append(out, "it has a policy "+policy)
			continue
		}
		got, err := t.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &g.Name, PolicyName: &policy})
		if err != nil {
			return nil, awsapi.UnlessMissing(err)
		}
		at := awsapi.EndOf(aws.ToString(got.PolicyDocument))
		if !at.IsZero() {
			has.ends = integrations.RestoredEnd(has.ends, at)
		}
		out = append(out, integrations.EndDrift("what it may do ends at", at, g.ExpiresAt)...)
		if !awsapi.SamePolicy(aws.ToString(got.PolicyDocument), permissions(ent, at)) {
			out = append(out, "what it may do was changed")
		}
	}
	for _, arn := range has.attached {
		out = append(out, "the policy "+arn+" is attached to it")
	}
	for _, profile := range has.profiles {
		out = append(out, "machines have it, by the profile "+profile)
	}
	return out, nil
}

// trustDiffers compares a trust policy, as IAM returns it, with Ramp's own for
// the end that it states, which may be earlier than the grant's.
func (t *target) trustDiffers(encoded, principal string, ends time.Time) []string {
	at := awsapi.EndOf(encoded)
	if at.IsZero() || !awsapi.SamePolicy(encoded, t.config.trust(principal, at)) {
		return []string{trustDiffers}
	}
	return integrations.EndDrift("it may be assumed until", at, ends)
}

// Restore implements integrations.DriftDetector. It first removes what was
// added. Errors are also of code conflict: somebody else may hold a session.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	g, ent, err := t.begin(g)
	if err != nil {
		return err
	}
	differences, has, err := t.compare(ctx, g, ent)
	if err != nil || len(differences) == 0 {
		return err
	}
	ends := integrations.RestoredEnd(has.ends, g.ExpiresAt)
	if slices.Contains(differences, trustDiffers) {
		return access.Errorf(access.CodeConflict, "somebody else may have assumed the role and hold a session of it")
	}
	if err := t.strip(ctx, g.Name, has, policyName, revokedName); err != nil {
		return err
	}
	if want := t.config.Boundary; want != "" {
		_, err := t.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &g.Name, PermissionsBoundary: &want})
		if err != nil {
			return awsapi.UnlessMissing(err)
		}
	}
	if _, err := t.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &g.Name, Tags: tags(g, ends)}); err != nil {
		return awsapi.UnlessMissing(err)
	}
	if slices.Contains(has.inline, policyName) {
		if err := t.permit(ctx, g.Name, ent, ends); err != nil {
			return awsapi.UnlessMissing(err)
		}
	}
	return awsapi.UnlessMissing(t.trust(ctx, g, ends))
}
