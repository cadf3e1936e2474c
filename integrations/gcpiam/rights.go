package gcpiam

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader, by what Google says that Ramp's own account may
// do on each resource (testIamPermissions, which needs no right). Errors are those of Google.
func (t *target) Rights(ctx context.Context) (all integrations.Rights, err error) {
	for _, resource := range t.config.resources() {
		needs, more := needed(resource), tooMuch(resource)
		has, err := t.held(ctx, resource, needs)
		if err != nil {
			return all, err
		}
		also, err := t.held(ctx, resource, more)
		switch {
		case err != nil && access.CodeOf(err) == access.CodeInvalid:
			// Google refuses the whole question for one permission that a resource cannot have.
			all.Unknown = append(all.Unknown, "what else the account may do on "+resource+": Google does not take the question: "+access.Clip(err.Error(), 200))
			more = nil
		case err != nil:
			return all, err
		}
		all.Add(integrations.Compared(resource, needs, more, func(one string) bool { return slices.Contains(has, one) || slices.Contains(also, one) }))
	}
	for _, role := range t.config.roles() {
		if _, err := t.permissions(ctx, role); access.CodeOf(err) == access.CodeForbidden {
			all.Lacks = append(all.Lacks, "iam.roles.get, to read what "+role+" gives")
		}
	}
	return all, nil
}

// needed are the permissions that Ramp's own account needs on a resource.
func needed(resource string) []string {
	kind, _, _ := strings.Cut(resource, "/")
	service := "resourcemanager."
	if kind == "buckets" {
		service = "storage."
	}
	return []string{service + kind + ".getIamPolicy", service + kind + ".setIamPolicy"}
}

// tooMuch are permissions with which whoever has Ramp's own key could do more on a resource than
// write its policy, which Google can bound by a condition and records: take data, act as
// service accounts, widen custom roles, and delete.
func tooMuch(resource string) []string {
	if _, ok := bucketOf(resource); ok {
		return []string{"storage.buckets.delete", "storage.buckets.update", "storage.objects.create", "storage.objects.delete", "storage.objects.get"}
	}
	kind, _, _ := strings.Cut(resource, "/")
	return []string{"compute.instances.setMetadata", "iam.roles.update", "iam.serviceAccountKeys.create", "iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken",
		"iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.signJwt", "resourcemanager." + kind + ".delete", "secretmanager.versions.access", "storage.objects.get"}
}
