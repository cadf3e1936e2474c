package e2e

import (
	"context"
	"net"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/postgres/postgrestest"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// vaultTarget is a target on a Vault, for a worker whose token has these rights.
func (in *installation) vaultTarget(s *vaulttest.Server, name, entitlement, rights string, config doc, client func(*installation, context.Context, string) targetClient) measuredTarget {
	network, at := in.wire(s.Address)
	s.Policy(in.T, "ramp-"+name, rights)
	config["kind"], config["address"], config["token"] = "vault", at, "file:"+vaulttest.TokenFile(in.T, s.Token(in.T, "ramp-"+name))
	return measuredTarget{"vault/" + name, entitlement, config, network, client}
}

func measuredVault(in *installation, s *vaulttest.Server) measuredTarget {
	return in.vaultTarget(s, "figures", "{policies: [orders-read]}", vaulttoken.Policy("orders-read"), doc{"policies": []string{"orders-read"}},
		func(in *installation, ctx context.Context, id string) targetClient {
			client := s.Client(in.T, in.credential(ctx, id)["VAULT_TOKEN"])
			return targetClient{uses: func(ctx context.Context) error { return reads(ctx, client) }}
		})
}

// reads does what the policy orders-read lets a token do.
func reads(ctx context.Context, client *api.Client) error {
	_, err := client.Auth().Token().LookupSelfWithContext(ctx)
	return err
}

// measuredSecrets is an account of a database, which Vault makes and takes back.
func measuredSecrets(in *installation, s *vaulttest.Server, db *postgrestest.Server) measuredTarget {
	const password, path = "vaults-own-password", "database/creds/orders-read" // #nosec G101 -- of a test's server, which is gone with the test
	db.Exec(in.T, "orders", "CREATE ROLE vault SUPERUSER LOGIN PASSWORD '"+password+"'")
	write := func(path string, data map[string]any) {
		_, err := s.Root.Logical().Write(path, data)
		require.NoError(in, err, path)
	}
	write("sys/mounts/database", doc{"type": "database"})
	write("database/config/orders", doc{"plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "username": "vault", "password": password,
		"connection_url": "postgresql://{{username}}:{{password}}@" + db.Addr() + "/orders?sslmode=disable"})
	write("database/roles/orders-read", doc{"db_name": "orders", "default_ttl": "1h", "max_ttl": "24h",
		"creation_statements":   `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE orders_read`,
		"revocation_statements": `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; DROP ROLE IF EXISTS "{{name}}"`})
	s.Policy(in.T, "make-orders-read", `path "`+path+`" { capabilities = ["read"] }`)
	host, port, err := net.SplitHostPort(db.Addr())
	require.NoError(in, err)
	return in.vaultTarget(s, "secrets", "{secret: orders-read}", vaulttoken.Policy("make-orders-read")+vaulttoken.SecretPolicy(path),
		doc{"secrets": doc{"orders-read": doc{"path": path, "policy": "make-orders-read", "credential": doc{"kind": "postgres",
			"env":    doc{"PGUSER": "username", "PGPASSWORD": "password"},
			"values": doc{"PGHOST": host, "PGPORT": port, "PGDATABASE": "orders", "PGSSLMODE": "disable"}}}}}, (*installation).withPostgres)
}

// vaultPeople are people who log in to a Vault themselves, by user name and password.
type vaultPeople struct {
	in *installation
	*vaulttest.Server
	accessor string
}

const vaultPassword = "users-own-password" // #nosec G101 -- of a test's server, which is gone with the test

// startPeople lets these log in, and has each do so once.
func startPeople(in *installation, s *vaulttest.Server, names ...string) vaultPeople {
	p := vaultPeople{in: in, Server: s}
	p.accessor = p.method("userpass")
	for _, name := range names {
		_, err := s.Root.Logical().Write("auth/userpass/users/"+name, doc{"password": vaultPassword, "token_no_default_policy": true})
		require.NoError(in, err)
		p.logsIn(name)
	}
	return p
}

// method mounts a way to log in and returns its accessor.
func (p vaultPeople) method(path string) string {
	require.NoError(p.in, p.Root.Sys().EnableAuthWithOptions(path, &api.EnableAuthOptions{Type: "userpass"}))
	all, err := p.Root.Sys().ListAuth()
	require.NoError(p.in, err)
	return all[path+"/"].Accessor
}

// logsIn returns the client of somebody who has just logged in.
func (p vaultPeople) logsIn(name string) *api.Client {
	p.in.Helper()
	secret, err := p.Client(p.in.T, "").Logical().Write("auth/userpass/login/"+name, doc{"password": vaultPassword})
	require.NoError(p.in, err)
	return p.Client(p.in.T, secret.Auth.ClientToken)
}

// target is one whose people log in themselves.
func (p vaultPeople) target(client func(*installation, context.Context, string) targetClient) measuredTarget {
	return p.in.vaultTarget(p.Server, "people", "{policies: [orders-read]}", vaulttoken.LoginPolicy(p.accessor, "orders-read"),
		doc{"policies": []string{"orders-read"}, "logins": doc{"accessor": p.accessor}}, client)
}

// measuredLogins is used by somebody who logs in each time, and by a login from before. User
// names for passwords have no @, so Ramp finds the person by an alias at another method.
func measuredLogins(in *installation, s *vaulttest.Server) measuredTarget {
	people := startPeople(in, s, "alice")
	early := people.logsIn("alice")
	self, err := s.Root.Auth().Token().Lookup(early.Token())
	require.NoError(in, err)
	people.accessor = people.method("sso")
	_, err = s.Root.Logical().Write("identity/entity-alias", doc{"name": measured, "canonical_id": self.Data["entity_id"], "mount_accessor": people.accessor})
	require.NoError(in, err)
	return people.target(func(*installation, context.Context, string) targetClient {
		return targetClient{
			uses:    func(ctx context.Context) error { return reads(ctx, people.logsIn("alice")) },
			session: func(ctx context.Context) <-chan struct{} { return until(func() error { return reads(ctx, early) }) },
		}
	})
}
