package vaulttoken

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformanceOfSecrets(t *testing.T) {
	server, db, config := startWithSecrets(t)
	// What an application reads at the same path stays.
	application, err := server.Root.Logical().Read("database/creds/orders-reads")
	require.NoError(t, err)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return opened(t, config) },
		Target: "vault/test", Principal: "alice@example.com",
		Entitlement: access.Entitlement{"secret": "orders-reads"},
		Other:       access.Entitlement{"secret": "orders-writes"},
		Invalid: map[string]access.Entitlement{
			"a list":         {"secret": []any{"orders-reads"}},
			"empty":          {"secret": ""},
			"null":           {"secret": nil},
			"not allowed":    {"secret": "orders"},
			"a path":         {"secret": "database/creds/orders-reads"},
			"its policy":     {"policies": []any{"make-orders-reads"}},
			"policies, too":  {"secret": "orders-reads", "policies": []any{"orders-read"}},
			"empty policies": {"secret": "orders-reads", "policies": []any{}},
		},
		ListNames: func(ctx context.Context) ([]string, error) { return marked(ctx, server) },
		Remove:    func(ctx context.Context, name string) error { return removeByHand(ctx, server, name) },
		Widen:     widen(t, server),
		Foreign:   func(t *testing.T) func(context.Context) error { return foreign(t, server) },
		Use:       func(ctx context.Context, _ access.Grant, c access.Credential) error { return readOrders(ctx, c) },
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			target, err := config.open(context.Background(), "vault/test", faulty(fault, n))
			require.NoError(t, err)
			return target
		},
		Slack: 5 * time.Second,
		Lacks: targettest.Lacks{NotFoundYet: "the active node reads what it wrote last",
			Sessions: "what is open with a secret is known to the service that it is for; TestSecretsCutSessions"},
	})
	// What a pick-up whose reply was lost made goes in Vault's own queue.
	db.noAccounts(t, application.Data["username"].(string))
}

// taken picks a secret up.
func taken(t *testing.T, target *target, g access.Grant) access.Credential {
	t.Helper()
	require.NoError(t, target.Grant(context.Background(), g))
	c, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	return c
}

// Case 147: the engine cannot take an account back. The grant is not closed until it has,
// though the token is gone and Vault itself has given up, and nobody gets anything meanwhile.
func TestCase147SecretThatStays(t *testing.T) {
	ctx := context.Background()
	_, db, config := startWithSecrets(t)
	target, g := opened(t, config), secretGrant(time.Hour, "orders-reads")
	c := taken(t, target, g)
	db.exec(t, `CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO "`+c.Env["PGUSER"]+`"`)
	for range 2 {
		err := opened(t, config).Revoke(ctx, access.Grant{Name: g.Name})
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		require.NotContains(t, err.Error(), c.Env["PGPASSWORD"])
		p, err := target.Inspect(ctx, access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.True(t, p.Open, "closed means gone")
		listed, err := target.List(ctx)
		require.NoError(t, err)
		require.Len(t, listed, 1)
		_, err = target.Mint(ctx, g)
		require.Equal(t, access.CodeNotFound, access.CodeOf(err), "%v", err)
	}
	db.exec(t, `DROP TABLE kept`)
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
	left, err := db.accounts(ctx)
	require.NoError(t, err)
	require.Empty(t, left)
	p, err := target.Inspect(ctx, access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.True(t, p.Gone())
}

// A session that is open with a secret ends as the engine's statements say, and an account
// ends with its grant though its role allows a day.
func TestSecretsCutSessions(t *testing.T) {
	ctx := context.Background()
	server, db, config := startWithSecrets(t)
	target := opened(t, config)
	g := secretGrant(30*time.Minute, "orders-writes")
	c := taken(t, target, g)
	require.Equal(t, "postgres", c.Kind)
	require.Equal(t, g.ExpiresAt, c.ExpiresAt)
	leases, err := names(ctx, server, leaseLookup+"database/creds/orders-writes")
	require.NoError(t, err)
	require.Len(t, leases, 1)
	ends := func() time.Time {
		secret, err := server.Root.Sys().Lookup("database/creds/orders-writes/" + leases[0])
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339Nano, secret.Data["expire_time"].(string))
		require.NoError(t, err)
		return at
	}
	require.WithinDuration(t, g.ExpiresAt, ends(), time.Minute, "and not an hour, as its role says")
	session, err := login(ctx, c)
	require.NoError(t, err)
	defer session.Close(ctx)

	longer := g
	longer.ExpiresAt = g.ExpiresAt.Add(time.Hour)
	require.NoError(t, target.Extend(ctx, longer))
	require.NoError(t, target.Extend(ctx, longer), "again")
	require.WithinDuration(t, longer.ExpiresAt, ends(), time.Minute)
	require.NoError(t, readOrders(ctx, c))

	require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
	_, err = session.Exec(ctx, "SELECT 1")
	require.Error(t, err)
	left, err := db.accounts(ctx)
	require.NoError(t, err)
	require.Empty(t, left, "at once")
}

// An engine that allows less than the grant: the credential says so, and another pick-up
// brings another.
func TestSecretShorterThanItsGrant(t *testing.T) {
	ctx := context.Background()
	server, _, config := startWithSecrets(t)
	_, err := server.Root.Logical().Write("database/roles/orders-reads", map[string]any{"db_name": "orders", "default_ttl": "1m", "max_ttl": "10m",
		"creation_statements": `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE reads`})
	require.NoError(t, err)
	target, g := opened(t, config), secretGrant(time.Hour, "orders-reads")
	one := taken(t, target, g)
	require.WithinDuration(t, time.Now().Add(10*time.Minute), one.ExpiresAt, time.Minute)
	two, err := target.Mint(ctx, g)
	require.NoError(t, err)
	require.NotEqual(t, one.Env["PGUSER"], two.Env["PGUSER"])
	require.NoError(t, target.Revoke(ctx, g))
}

// A revoke runs before each of a pick-up's calls in turn: nothing is handed out, and no
// account is left.
func TestSecretBesideRevoke(t *testing.T) {
	ctx := context.Background()
	_, db, config := startWithSecrets(t)
	healthy := opened(t, config)
	for n := 1; ; n++ {
		g := secretGrant(time.Hour, "orders-reads")
		require.NoError(t, healthy.Grant(ctx, g))
		wire := &striking{n: n, strike: func() { require.NoError(t, healthy.Revoke(ctx, access.Grant{Name: g.Name})) }}
		target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire })
		require.NoError(t, err)
		c, err := target.Mint(ctx, g)
		if wire.calls < n {
			require.NoError(t, err)
			require.NoError(t, readOrders(ctx, c))
			require.Greater(t, n, 6)
			require.NoError(t, healthy.Revoke(ctx, g))
			return
		}
		require.Contains(t, []access.Code{access.CodeNotFound, access.CodeConflict}, access.CodeOf(err), "before call %d: %v", n, err)
		p, err := healthy.Inspect(ctx, g)
		require.NoError(t, err)
		require.Truef(t, p.Gone(), "before call %d: %+v", n, p)
		db.noAccounts(t)
	}
}

// madeUp is a Vault that returns a secret of another kind.
type madeUp struct {
	next   http.RoundTripper
	change func(secret map[string]any)
}

func (m *madeUp) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/v1/database/creds/") {
		return resp, err
	}
	var secret map[string]any
	err = json.NewDecoder(resp.Body).Decode(&secret)
	resp.Body.Close()
	m.change(secret)
	text, _ := json.Marshal(secret)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return resp, err
}

// Case 147: what could not be taken back, or only later than its grant, is not handed out.
func TestCase147SecretThatIsNone(t *testing.T) {
	ctx := context.Background()
	_, db, config := startWithSecrets(t)
	for what, c := range map[string]struct {
		change func(map[string]any)
		says   string
	}{
		"no lease":           {func(s map[string]any) { s["lease_id"] = "" }, "no lease of its own"},
		"another's lease":    {func(s map[string]any) { s["lease_id"] = "database/creds/payroll/x" }, "no lease of its own"},
		"a lease elsewhere":  {func(s map[string]any) { s["lease_id"] = "database/creds/orders-reads/../payroll/x" }, "no lease of its own"},
		"a lease of a query": {func(s map[string]any) { s["lease_id"] = "database/creds/orders-reads/x?y" }, "no lease of its own"},
		"for ever":           {func(s map[string]any) { s["lease_duration"] = 0 }, "no lease of its own"},
		"too long":           {func(s map[string]any) { s["lease_duration"], s["renewable"] = 7200, false }, "longer than its grant"},
		"no such field":      {func(s map[string]any) { s["data"] = map[string]any{"user": "p4ssw0rd"} }, `no text in its field`},
		"no text":            {func(s map[string]any) { s["data"].(map[string]any)["password"] = []any{"p4ssw0rd"} }, `no text in its field "password"`},
	} {
		t.Run(what, func(t *testing.T) {
			target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper { return &madeUp{next, c.change} })
			require.NoError(t, err)
			g := secretGrant(time.Hour, "orders-reads")
			require.NoError(t, target.Grant(ctx, g))
			t.Cleanup(func() { require.NoError(t, opened(t, config).Revoke(ctx, g)) })
			_, err = target.Mint(ctx, g)
			require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "p4ssw0rd")
			db.noAccounts(t)
		})
	}
}

// Parameters that are always sent, and the time to live: the path is written.
func TestSecretWithParameters(t *testing.T) {
	ctx := context.Background()
	_, _, config := startWithSecrets(t)
	s := config.Secrets["orders-reads"]
	s.Parameters, s.TTLParameter = map[string]string{"role_arn": "arn:aws:iam::1:role/x"}, "ttl"
	config.Secrets["orders-reads"] = s
	var sent map[string]any
	target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path != "/v1/"+s.Path {
				return next.RoundTrip(r)
			}
			require.Equal(t, http.MethodPut, r.Method)
			require.NoError(t, json.NewDecoder(r.Body).Decode(&sent))
			return answer(r, 200, `{"lease_id":"`+s.Path+`/x","lease_duration":`+string(mustJSON(sent["ttl"]))+`,"renewable":false,"data":{"username":"u","password":"p"}}`), nil
		})
	})
	require.NoError(t, err)
	g := secretGrant(time.Hour, "orders-reads")
	c := taken(t, target, g)
	require.Equal(t, "u", c.Env["PGUSER"])
	require.Equal(t, "arn:aws:iam::1:role/x", sent["role_arn"])
	require.InDelta(t, 3600, sent["ttl"], 60)
	require.False(t, c.ExpiresAt.After(g.ExpiresAt))
	require.NoError(t, target.Revoke(ctx, g))
}

func mustJSON(v any) []byte { b, _ := json.Marshal(v); return b }

// Vault holds Ramp's own token to its secrets, and Ping names what is missing.
func TestPolicyOfSecrets(t *testing.T) {
	ctx := context.Background()
	server, _, config := startWithSecrets(t)
	require.NoError(t, opened(t, config).Ping(ctx))
	_, err := server.Root.Logical().Write("database/roles/payroll", map[string]any{"db_name": "orders", "creation_statements": `CREATE ROLE "{{name}}"`})
	require.NoError(t, err)
	payroll, err := server.Root.Logical().Read("database/creds/payroll")
	require.NoError(t, err)
	ramp := server.Client(t, server.Token(t, "ramp"))
	for what, try := range map[string]func() (*api.Secret, error){
		"read a secret": func() (*api.Secret, error) { return ramp.Logical().ReadWithContext(ctx, "database/creds/orders-reads") },
		"end another's": func() (*api.Secret, error) { return ramp.Logical().Write(leaseRevoke+payroll.LeaseID, nil) },
		"end by the other": func() (*api.Secret, error) {
			return ramp.Logical().Write("sys/leases/revoke", map[string]any{"lease_id": payroll.LeaseID})
		},
		"end all": func() (*api.Secret, error) {
			return ramp.Logical().Write("sys/leases/revoke-prefix/database/creds", nil)
		},
		"prolong another's":   func() (*api.Secret, error) { return ramp.Logical().Write(leaseRenew+payroll.LeaseID, nil) },
		"list others":         func() (*api.Secret, error) { return ramp.Logical().List(leaseLookup + "database/creds/payroll") },
		"change who makes it": func() (*api.Secret, error) { return ramp.Logical().Write("database/roles/orders-reads", nil) },
	} {
		_, err := try()
		var said *api.ResponseError
		require.ErrorAs(t, err, &said, what)
		require.Equal(t, http.StatusForbidden, said.StatusCode, what)
	}
	server.Policy(t, "ramp", Policy("orders-read", "orders-write", "make-orders-reads", "make-orders-writes")+SecretPolicy("database/creds/orders-reads"))
	require.ErrorContains(t, opened(t, config).Ping(ctx), "update on sys/leases/revoke/database/creds/orders-writes/")

	server.Policy(t, "make-orders-reads", `path "secret/data/orders" { capabilities = ["read"] }`)
	g := secretGrant(time.Hour, "orders-reads")
	require.NoError(t, opened(t, config).Grant(ctx, g))
	_, err = opened(t, config).Mint(ctx, g)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.ErrorContains(t, err, "the policy make-orders-reads does not let a token read database/creds/orders-reads")
	require.NoError(t, opened(t, config).Revoke(ctx, g))
}

func TestBadSecrets(t *testing.T) {
	good := Secret{Path: "database/creds/orders", Policy: "make-orders", Credential: Credential{Kind: "postgres", Env: map[string]string{"PGUSER": "username"}}}
	for what, c := range map[string]struct {
		change func(*Config, *Secret)
		code   string
	}{
		"no path":             {func(_ *Config, s *Secret) { s.Path = "" }, "secret_path"},
		"path upwards":        {func(_ *Config, s *Secret) { s.Path = "database/../sys/seal" }, "secret_path"},
		"path of Vault's own": {func(_ *Config, s *Secret) { s.Path = "sys/leases/x" }, "secret_path"},
		"path with a query":   {func(_ *Config, s *Secret) { s.Path = "database/creds/x?y" }, "secret_path"},
		"no policy":           {func(_ *Config, s *Secret) { s.Policy = "" }, "policy_malformed"},
		"root":                {func(_ *Config, s *Secret) { s.Policy = "root" }, "policy_malformed"},
		"policy of contracts": {func(_ *Config, s *Secret) { s.Policy = "orders-read" }, "secret_policy"},
		"policy of another":   {func(c *Config, _ *Secret) { c.Secrets["other"] = good }, "secret_policy"},
		"kind":                {func(_ *Config, s *Secret) { s.Credential.Kind = "oracle" }, "credential_kind"},
		"nothing":             {func(_ *Config, s *Secret) { s.Credential.Env = nil }, "credential_empty"},
		"variable":            {func(_ *Config, s *Secret) { s.Credential.Env = map[string]string{"LD_PRELOAD": "x"} }, "credential_env"},
		"value":               {func(_ *Config, s *Secret) { s.Credential.Values = map[string]string{"PATH": "x"} }, "credential_env"},
		"twice":               {func(_ *Config, s *Secret) { s.Credential.Values = map[string]string{"PGUSER": "x"} }, "credential_twice"},
		"file":                {func(_ *Config, s *Secret) { s.Credential.Files = map[string]string{"../x": "y"} }, "credential_files"},
		"hint":                {func(_ *Config, s *Secret) { s.Credential.Hint = "a\nb" }, "credential_hint"},
		"parameter":           {func(_ *Config, s *Secret) { s.Parameters = map[string]string{"a b": "x"} }, "parameter_malformed"},
		"ttl":                 {func(_ *Config, s *Secret) { s.TTLParameter = "a b" }, "parameter_malformed"},
	} {
		t.Run(what, func(t *testing.T) {
			config, s := validConfig(), good
			config.Secrets = map[string]Secret{}
			c.change(&config, &s)
			config.Secrets["orders"] = s
			_, err := config.Open(context.Background(), "vault/test")
			issues := access.IssuesOf(err)
			require.Len(t, issues, 1, "%v", err)
			require.Equal(t, c.code, issues[0].Code)
		})
	}
	config := validConfig()
	config.Policies, config.Secrets = nil, map[string]Secret{"orders": good}
	target, err := config.Open(context.Background(), "vault/test")
	require.NoError(t, err, "secrets alone")
	scope, err := target.Resolve(context.Background(), access.Entitlement{"secret": "orders"})
	require.NoError(t, err)
	require.Equal(t, "use what vault/test (https://vault.example.com:8200) makes for the grant at database/creds/orders", scope.Summary)
	list, _, err := target.(integrations.Inventory).Choices(context.Background(), listSecrets, "")
	require.NoError(t, err)
	require.Equal(t, "orders", list[0].Value)
}

// What stands in a role's path suffix is read back as it was written, and nothing else is
// believed.
func TestSuffix(t *testing.T) {
	at := time.Unix(1795000000, 0).UTC()
	for _, r := range []role{{expires: at}, {expires: at, accessor: "abc"}, {expires: at, accessor: "abc.ns1"},
		{expires: at, accessor: "abc", lease: "database/creds/orders/x.ns1"}, {expires: at, accessor: "abc.ns1", lease: "aws/creds/a-b_c/x"}} {
		var read role
		read.readSuffix(r.suffix())
		require.Equal(t, r, read)
		require.Regexp(t, `^\w[\w.-]*\w$`, r.suffix(), "Vault takes nothing else")
	}
	for _, bad := range []string{"", "x", "0", "-1.a", "1795000000.a.lease-!", "1795000000.a" + leaseMark + leaseText.EncodeToString([]byte("a/../b")), "1795000000.a" + leaseMark + leaseText.EncodeToString([]byte("a/b?c"))} {
		var read role
		read.readSuffix(bad)
		require.Equal(t, role{}, read, bad)
	}
}
