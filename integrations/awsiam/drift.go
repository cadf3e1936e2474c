package awsiam

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/strictjson"
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
	return t.compare(ctx, g, ent)
}

// compare is Drift, for a grant that begin has returned.
func (t *target) compare(ctx context.Context, g access.Grant, ent entitlement) ([]string, error) {
	out, err := t.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &g.Name})
	if err != nil {
		return nil, unlessMissing(err)
	}
	if aws.ToString(out.Role.Path) != t.config.Path {
		return nil, nil // not Ramp's; Inspect returns an error
	}
	inline, revoked, err := t.inline(ctx, g.Name)
	if err != nil || revoked {
		return nil, err
	}
	ends := g.ExpiresAt
	differences := t.trustDiffers(aws.ToString(out.Role.AssumeRolePolicyDocument), g.Principal, ends)
	if want := t.config.Boundary; want != "" && (out.Role.PermissionsBoundary == nil || aws.ToString(out.Role.PermissionsBoundary.PermissionsBoundaryArn) != want) {
		differences = append(differences, "its boundary was changed")
	}
	id, _ := access.RequestIDFromGrantName(g.Name)
	want := map[string]string{tagRequest: id, tagPrincipal: g.Principal}
	for _, tag := range out.Role.Tags {
		if value, ours := want[aws.ToString(tag.Key)]; ours && value == aws.ToString(tag.Value) {
			delete(want, aws.ToString(tag.Key))
		}
	}
	if len(want) > 0 {
		differences = append(differences, "its tags were changed")
	}
	more, err := t.powers(ctx, g.Name, ent, ends, inline)
	return append(differences, more...), err
}

// inline returns the names of the role's inline policies, and whether its ending
// has begun.
func (t *target) inline(ctx context.Context, name string) (names []string, revoked bool, err error) {
	pages := iam.NewListRolePoliciesPaginator(t.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, unlessMissing(err)
		}
		names = append(names, page.PolicyNames...)
	}
	return names, slices.Contains(names, revokedName), nil
}

// powers returns what the role may do beyond the entitlement.
func (t *target) powers(ctx context.Context, name string, ent entitlement, ends time.Time, inline []string) (out []string, err error) {
	for _, policy := range inline {
		if policy != policyName {
			out = append(out, "it has a policy "+policy)
			continue
		}
		got, err := t.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		if err != nil {
			return nil, unlessMissing(err)
		}
		at := endOf(aws.ToString(got.PolicyDocument))
		switch {
		case at.After(ends):
			out = append(out, "what it may do ends at "+at.Format(stamp)+" instead of "+ends.Format(stamp))
		case !same(aws.ToString(got.PolicyDocument), permissions(ent, at)):
			out = append(out, "what it may do was changed")
		}
	}
	attached, err := t.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	if err != nil {
		return nil, unlessMissing(err)
	}
	for _, p := range attached.AttachedPolicies {
		out = append(out, "the policy "+aws.ToString(p.PolicyArn)+" is attached to it")
	}
	profiles, err := t.iam.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: &name})
	if err != nil {
		return nil, unlessMissing(err)
	}
	for _, p := range profiles.InstanceProfiles {
		out = append(out, "machines have it, by the profile "+aws.ToString(p.InstanceProfileName))
	}
	return out, nil
}

// trustDiffers compares a trust policy, as IAM returns it, with Ramp's own for
// the end that it states, which may be earlier than the grant's.
func (t *target) trustDiffers(encoded, principal string, ends time.Time) []string {
	at := endOf(encoded)
	switch {
	case at.IsZero() || !same(encoded, t.config.trust(principal, at)):
		return []string{trustDiffers}
	case at.After(ends):
		return []string{"it may be assumed until " + at.Format(stamp) + " instead of " + ends.Format(stamp)}
	}
	return nil
}

// Restore implements integrations.DriftDetector. It first removes what was
// added. Errors are also of code conflict: somebody else may hold a session.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	g, ent, err := t.begin(g)
	if err != nil {
		return err
	}
	ends := g.ExpiresAt
	differences, err := t.compare(ctx, g, ent)
	if err != nil || len(differences) == 0 {
		return err
	}
	if slices.Contains(differences, trustDiffers) {
		return access.Errorf(access.CodeConflict, "somebody else may have assumed the role and hold a session of it")
	}
	if err := t.detachPolicies(ctx, g.Name); err != nil {
		return err
	}
	if err := t.leaveProfiles(ctx, g.Name); err != nil {
		return err
	}
	names, _, err := t.inline(ctx, g.Name)
	if err != nil {
		return err
	}
	for _, policy := range names {
		if policy == policyName || policy == revokedName {
			continue
		}
		_, err := t.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &g.Name, PolicyName: &policy})
		if err := unlessMissing(err); err != nil {
			return err
		}
	}
	if want := t.config.Boundary; want != "" {
		_, err := t.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &g.Name, PermissionsBoundary: &want})
		if err != nil {
			return unlessMissing(err)
		}
	}
	id, _ := access.RequestIDFromGrantName(g.Name)
	if _, err := t.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &g.Name, Tags: tags(id, g, ends)}); err != nil {
		return unlessMissing(err)
	}
	if slices.Contains(names, policyName) {
		if err := t.permit(ctx, g.Name, ent, ends); err != nil {
			return unlessMissing(err)
		}
	}
	return unlessMissing(t.trust(ctx, g, ends))
}

// same reports whether two policies are the same, one of them as IAM returns it.
// The order of lists does not matter, nor whether a list of one is written as one.
func same(encoded, document string) bool {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return false
	}
	var one, two any
	if strictjson.Unmarshal([]byte(text), &one) != nil || strictjson.Unmarshal([]byte(document), &two) != nil {
		return false
	}
	return reflect.DeepEqual(normal(one), normal(two))
}

func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
		return v
	case []any:
		if len(v) == 1 {
			return normal(v[0])
		}
		for i := range v {
			v[i] = normal(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		return v
	}
	return v
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came out of JSON
	}
	return string(b)
}
