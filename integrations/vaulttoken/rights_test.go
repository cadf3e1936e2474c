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

// TestRightsForSecrets: of each dynamic secret the policy that comes with Ramp is just what is
// needed; one right less shows, and so does one that reaches other leases or makes the secret.
func TestRightsForSecrets(t *testing.T) {
	server, config := start(t)
	const orders = "database/creds/orders"
	server.Policy(t, "ramp", Policy("orders-read", "orders-write", "make-orders")+SecretPolicy(orders))
	config.Secrets = map[string]Secret{"orders": {Path: orders, Policy: "make-orders", Credential: Credential{Kind: "postgres",
		Env: map[string]string{"PGUSER": "username", "PGPASSWORD": "password"}, Values: map[string]string{"PGHOST": "db.example.com"}}}}
	as := func(policies ...string) *target {
		c := config
		c.Token = field.SecretFile(vaulttest.TokenFile(t, server.Token(t, policies...)))
		return opened(t, c)
	}
	rights := func(policies ...string) integrations.Rights {
		r, err := as(policies...).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	require.Equal(t, integrations.Rights{}, rights("ramp"))
	require.NoError(t, as("ramp").Ping(t.Context()))

	for path, lacks := range map[string][]string{
		"sys/leases/lookup/" + orders:        {"list on sys/leases/lookup/" + orders, "sudo on sys/leases/lookup/" + orders},
		"sys/leases/renew/" + orders + "/*":  {"update on sys/leases/renew/" + orders + "/x"},
		"sys/leases/revoke/" + orders + "/*": {"update on sys/leases/revoke/" + orders + "/x"},
	} {
		server.Policy(t, "less", `path "`+path+`" { capabilities = ["deny"] }`)
		require.Equal(t, integrations.Rights{Lacks: lacks}, rights("ramp", "less"))
		require.ErrorContains(t, as("ramp", "less").Ping(t.Context()), lacks[0], "such a target is not ready")
	}

	server.Policy(t, "more", `path "sys/leases/revoke/*" { capabilities = ["update"] }
path "sys/leases/renew/`+orders+`/*" { capabilities = ["update", "delete"] }
path "`+orders+`" { capabilities = ["read"] }`)
	require.Equal(t, integrations.Rights{TooMuch: []string{"delete on sys/leases/renew/" + orders + "/x", "read on " + orders,
		"update on sys/leases/revoke/other-ramp-doctor-asks/x"}}, rights("ramp", "more"))
}
