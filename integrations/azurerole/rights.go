package azurerole

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader, by what Azure says that Ramp's own application
// may do on each scope, and whether it may write assignments above them. Errors are those of
// Azure.
func (t *target) Rights(ctx context.Context) (all integrations.Rights, err error) {
	for _, scope := range t.config.scopes() {
		has, err := t.permissions(ctx, scope)
		switch {
		case err != nil && access.CodeOf(err) == access.CodeForbidden:
			all.Unknown = append(all.Unknown, "what it may do on "+scope+": Azure does not let it ask; allow Microsoft.Authorization/permissions/read")
		case err != nil:
			return all, err
		default:
			all.Add(integrations.Compared(scope, needed(), tooMuch(), has.may))
		}
	}
	for _, scope := range t.config.above() {
		has, err := t.permissions(ctx, scope)
		switch code := access.CodeOf(err); {
		case err != nil && (code == access.CodeForbidden || code == access.CodeConflict): // it has no rights there
		case err != nil:
			return all, err
		default:
			all.Add(integrations.Compared(scope+", which allow does not list", nil, writing(), has.may))
		}
	}
	return all, nil
}

func writing() []string { return []string{"Microsoft.Authorization/roleAssignments/write"} }

// needed are the actions that Ramp's own application needs on each scope.
func needed() []string {
	const of = "Microsoft.Authorization/"
	return append(writing(), of+"roleAssignments/delete", of+"roleAssignments/read", of+"roleDefinitions/read")
}

// tooMuch are actions with which whoever has Ramp's own secret could do more than give the
// roles: change roles, and what leads to others' rights or to data.
func tooMuch() []string {
	out := slices.DeleteFunc(unendingActions(), func(action string) bool { return slices.Contains(needed(), action) })
	return append(out, "Microsoft.Authorization/policyAssignments/write", "Microsoft.Resources/deployments/write",
		"Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
		"Microsoft.Compute/virtualMachines/runCommand/action", "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.KeyVault/vaults/accessPolicies/write",
		"Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read")
}

// above returns the groups and subscriptions that the scopes are in, without those that the
// allow-list has, or that are in one which it has.
func (c Config) above() []string {
	listed, out := map[string]bool{}, map[string]bool{}
	for _, scope := range c.scopes() {
		listed[strings.ToLower(scope)] = true
	}
	for _, scope := range c.scopes() {
		parts := strings.Split(scope, "/")
		group := strings.Join(parts[:min(5, len(parts))], "/")
		subscription := strings.Join(parts[:3], "/")
		for _, one := range []string{group, subscription} {
			if !listed[strings.ToLower(subscription)] && !listed[strings.ToLower(one)] {
				out[strings.ToLower(one)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// permissions returns what Ramp's own application may do on a scope. Errors are also of code
// conflict: there is no such scope.
func (t *target) permissions(ctx context.Context, scope string) (permissions, error) {
	var has struct {
		Value permissions `json:"value"`
	}
	found, err := t.management.Call(ctx, http.MethodGet, scope+"/providers/Microsoft.Authorization/permissions?api-version=2022-04-01", nil, &has)
	if err == nil && !found {
		err = access.Errorf(access.CodeConflict, "Azure has no %s", scope)
	}
	return has.Value, err
}
