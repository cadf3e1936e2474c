// Package kubernetes is the target for Kubernetes: access is a service account that is
// bound to listed roles, and tokens of it that end with the access.
//
// A grant is a service account with the grant's name, in a namespace that Ramp has to
// itself (home), and a binding of that name in each namespace of the entitlement. The
// account stays out of the namespaces that it may work in, since whoever may start a
// pod or ask for tokens in a namespace can act as any service account of it: so nobody
// who has access there can act for the next one.
//
// Deleting the account voids its tokens, and no account that is made under the same
// name later brings them back, since they name its UID. So revoking deletes the account
// first, and then the bindings.
package kubernetes
