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
func PolicyForOpenBao(policies ...string) string { return Policy(combinations(policies)...) }

// combinations returns every combination of policies as one text, in the order in which Ramp
// writes it.
func combinations(policies []string) (all []string) {
	for _, p := range slices.Sorted(slices.Values(policies)) {
		for _, before := range slices.Clone(all) {
			all = append(all, before+","+p)
		}
		all = append(all, p)
	}
	return all
}

//go:embed logins.hcl
var loginsExample string

// exampleAccessor is the auth method in logins.hcl that each installation changes.
const exampleAccessor = "auth_oidc_1a2b3c4d"

// LoginPolicy returns the policy that Ramp's own token needs where people log in themselves
// by an auth method: logins.hcl with its accessor and these policies.
func LoginPolicy(accessor string, policies ...string) string {
	text := strings.Replace(loginsExample, examplePolicies, `["`+strings.Join(policies, `", "`)+`"]`, 1)
	return strings.Replace(text, exampleAccessor, accessor, 1)
}

// LoginPolicyForOpenBao is LoginPolicy for servers that compare the list as a whole; see
// PolicyForOpenBao.
func LoginPolicyForOpenBao(accessor string, policies ...string) string {
	return LoginPolicy(accessor, combinations(policies)...)
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
