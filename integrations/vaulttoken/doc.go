// Package vaulttoken is the target for HashiCorp Vault: access is a token with
// exact policies, which Vault itself ends.
//
// A grant is a token role with the grant's name, which has the policies and the end
// of access. Each pick-up makes one more role, below that name, and one
// orphan token against it. A role for each token is what lets an extension reach
// tokens that are in use: Vault caps a renewal by the role as it is then, counted
// from when the token was issued, so one role shared by tokens of several ages
// would cap some of them too late.
//
// Where people log in themselves, a grant is an identity group with the grant's name in
// the place of a role: it gives the policies to one person's identity, and so to all tokens
// that they have from logins.
//
// Revoking deletes the roles, so that nothing new is made, and then all leases
// made through them: tokens, the tokens that those made, and their secrets.
package vaulttoken
