package vaulttoken

import (
	_ "embed" // for the policies
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
