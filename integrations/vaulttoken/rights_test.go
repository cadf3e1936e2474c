package vaulttoken

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// TestRights: the policy that comes with Ramp is just what is needed; a token with less or
// more is said to be so, and one with the policy root at once.
func TestRights(t *testing.T) {
	server, config := start(t)
	rights := func(policies ...string) integrations.Rights {
		c := config
		c.Token = field.SecretFile(vaulttest.TokenFile(t, server.Token(t, policies...)))
		r, err := opened(t, c).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	require.Equal(t, integrations.Rights{}, rights("ramp"))

	server.Policy(t, "less", `path "auth/token/roles/ramp-*" { capabilities = ["deny"] }`)
	require.Equal(t, integrations.Rights{Lacks: []string{"create on auth/token/roles/" + integrations.Unnamed(), "update on auth/token/roles/" + integrations.Unnamed(),
		"read on auth/token/roles/" + integrations.Unnamed(), "delete on auth/token/roles/" + integrations.Unnamed()}}, rights("ramp", "less"))

	server.Policy(t, "more", `path "sys/policies/acl/*" { capabilities = ["update"] }
path "secret/data/*" { capabilities = ["read"] }`)
	require.Equal(t, integrations.Rights{TooMuch: []string{"update on sys/policies/acl/ramp-doctor-asks", "read on secret/data/ramp-doctor-asks"}}, rights("ramp", "more"))

	wide := rights("admin")
	require.Empty(t, wide.Lacks)
	for _, path := range notNeeded() {
		require.Contains(t, wide.TooMuch, "update on "+path, "of a policy with path *")
	}
	require.Equal(t, []string{"everything in Vault: its token has the policy root"}, rights("root").TooMuch)
}
