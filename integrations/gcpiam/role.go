package gcpiam

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// permissions returns what a role gives, as Google says it. Errors are also of code invalid,
// there is no such role, and forbidden.
func (t *target) permissions(ctx context.Context, role string) ([]string, error) {
	var has struct {
		IncludedPermissions []string `json:"includedPermissions"`
		Deleted             bool     `json:"deleted"` // a custom role's, which Google keeps for a while
	}
	path := "/v1/" + role
	found, err := t.iam.Call(ctx, http.MethodGet, path, nil, &has)
	switch {
	case access.CodeOf(err) == access.CodeForbidden:
		return nil, access.Errorf(access.CodeForbidden, "Ramp's own account may not read what %s gives (iam.roles.get): %w", role, err)
	case err != nil:
		return nil, err
	case !found || has.Deleted:
		return nil, access.InvalidField("role_unknown", "role", "Google Cloud has no role %s", role)
	case has.IncludedPermissions == nil: // without them nothing is known of what it gives
		return nil, t.iam.Unexpected(http.MethodGet, path)
	}
	return has.IncludedPermissions, nil
}

// checkRole returns an error, of code invalid, for a role that must not be given on a
// resource: access by it does not end. A custom role may come to be one at any time, and
// Google changes its own, so this is asked whenever access opens or is extended.
func (t *target) checkRole(ctx context.Context, role, resource string) error {
	has, err := t.permissions(ctx, role)
	if err != nil {
		return err
	}
	if one := lasting(has, resource); one != "" {
		return access.InvalidField("role_unending", "role", "%s is never given, for it has %s: %s", role, one, whyLasting)
	}
	return nil
}

// checkRoles returns an error, of code conflict, for a role of the allow-list that would not
// be given.
func (t *target) checkRoles(ctx context.Context) error {
	for _, role := range t.config.roles() {
		has, err := t.permissions(ctx, role)
		if err != nil && access.CodeOf(err) == access.CodeInvalid {
			return access.Errorf(access.CodeConflict, "the allow-list: %w", err)
		}
		if err != nil {
			return err
		}
		for _, resource := range t.config.resources() {
			if one := lasting(has, resource); one != "" && t.config.allows(role, resource) {
				return access.Errorf(access.CodeConflict, "%s on %s is never given, for it has %s: %s", role, resource, one, whyLasting)
			}
		}
	}
	return nil
}

const whyLasting = "who has that can keep access, or give it, for ever. A custom role without it may be given"

// lasting returns the first of permissions by which somebody who has them on a resource for a
// while may have access for ever; "" if there is none. Google's permissions have no wildcards.
func lasting(permissions []string, resource string) string {
	i := slices.IndexFunc(permissions, func(one string) bool {
		if one == "storage.objects.setIamPolicy" {
			// It writes the lists of single objects, which count for nothing in a bucket that
			// takes conditions: that has one way of access for all its objects.
			_, inBucket := bucketOf(resource)
			return !inBucket
		}
		return strings.HasSuffix(one, ".setIamPolicy") || slices.Contains(lastingPermissions(), one)
	})
	if i < 0 {
		return ""
	}
	return permissions[i]
}

// lastingPermissions are, beside those that write policies, the permissions that let somebody
// be a service account, by a key or a token of it or by what they have run as it; rewrite roles
// that people have; have foreign tokens count; or let people have roles by themselves, Google's
// or those of a Kubernetes cluster, which knows people by their Google account.
func lastingPermissions() []string {
	return []string{
		"container.clusterRoleBindings.create", "container.clusterRoleBindings.update",
		"container.roleBindings.create", "container.roleBindings.update",
		"deploymentmanager.deployments.create", "deploymentmanager.deployments.update", // run as an editor of the project
		"iam.roles.update",
		"iam.serviceAccountApiKeyBindings.create", "iam.serviceAccountKeys.create",
		"iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
		"iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt",
		"iam.workforcePoolProviders.create", "iam.workforcePoolProviders.update",
		"iam.workloadIdentityPoolProviders.create", "iam.workloadIdentityPoolProviders.update",
		"privilegedaccessmanager.entitlements.create", "privilegedaccessmanager.entitlements.update",
		"storage.hmacKeys.create", // of any service account of the project
	}
}
