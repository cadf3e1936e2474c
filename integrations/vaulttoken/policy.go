package vaulttoken

import (
	_ "embed" // for the policies
	"slices"
	"strings"
)

//go:embed policy.hcl
var policyExample string

// examplePolicies is the text in policy.hcl that each installation changes.
const examplePolicies = `["orders-read", "orders-write"]`

// Policy returns the policy, in Vault's language, that Ramp's own token needs to
// give these policies: policy.hcl with them in place of its example.
func Policy(policies ...string) string {
	return strings.Replace(policyExample, examplePolicies, `["`+strings.Join(policies, `", "`)+`"]`, 1)
}

// PolicyForOpenBao is Policy for servers that compare the list of a role's policies as a whole:
// OpenBao 2.6, and Vault before 1.21. It names every combination, in the order in which Ramp
// writes it: 2^n-1 for n policies.
func PolicyForOpenBao(policies ...string) string {
	var all []string
	for _, p := range slices.Sorted(slices.Values(policies)) {
		for _, before := range slices.Clone(all) {
			all = append(all, before+","+p)
		}
		all = append(all, p)
	}
	return Policy(all...)
}

//go:embed secrets.hcl
var secretsExample string

// exampleSecret is the path in secrets.hcl that each installation changes.
const exampleSecret = "database/creds/orders-read"

// SecretPolicy returns what is added to Policy for the dynamic secret at a path:
// secrets.hcl with it in place of its example. The secret's own policy is given to Policy,
// beside those of contracts.
func SecretPolicy(path string) string {
	return strings.ReplaceAll(secretsExample, exampleSecret, path)
}
