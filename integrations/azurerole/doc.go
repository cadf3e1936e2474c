// Package azurerole gives roles of Azure RBAC to people, on listed scopes, by role assignments
// (https://learn.microsoft.com/rest/api/authorization/role-assignments). Azure has one
// assignment for a person, a role and a scope, so grants of the same share it, and the ledger
// counts who holds it.
package azurerole
