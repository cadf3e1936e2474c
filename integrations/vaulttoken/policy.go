package vaulttoken

import (
	_ "embed" // for policy.hcl
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
