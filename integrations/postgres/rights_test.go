package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
)

// TestCase119WhoHasRampsPassword: whoever has it may open and close grants of Ramp's with
// the listed roles and tables, and nothing else.
func TestCase119WhoHasRampsPassword(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	minted(t, target, g)
	own, err := pgx.Connect(t.Context(), s.URL("ramp", s.RampPassword(), "orders"))
	require.NoError(t, err)
	defer own.Close(t.Context())
	s.Exec(t, "orders", "CREATE ROLE harmless")
	const login = "-0123456789abcdef', 'SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', now() + interval '1 hour', "
	other := access.GrantName(access.NewRequestID(), 0)
	for what, statement := range map[string]string{
		"make a role":                   "CREATE ROLE mallory",
		"drop a role":                   "DROP ROLE carol",
		"change a role":                 "ALTER ROLE carol CREATEROLE",
		"become a grant":                `SET ROLE "` + g.Name + `"`,
		"give itself a grant's role":    `GRANT "` + g.Name + `" TO ramp`,
		"read a table":                  "SELECT * FROM sales.orders",
		"read passwords":                "SELECT * FROM pg_authid",
		"make a table":                  "CREATE TABLE sales.x ()",
		"widen what it may give":        "INSERT INTO ramp.may_give VALUES ('role', 'admins', '')",
		"forget what was closed":        "DELETE FROM ramp.grants",
		"stop every other worker":       "BEGIN; LOCK TABLE ramp.one_at_a_time IN ACCESS EXCLUSIVE MODE",
		"change a function":             "CREATE OR REPLACE FUNCTION ramp.setup() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
		"take any membership":           "SELECT ramp.take_back(1, 2, 3)",
		"give another role":             "SELECT ramp.open('" + other + "', now() + interval '1 hour', ARRAY['admins'])",
		"give what is not listed":       "SELECT ramp.open('" + other + "', now() + interval '1 hour', ARRAY['harmless'])",
		"give a superuser":              "SELECT ramp.open('" + other + "', now() + interval '1 hour', ARRAY['postgres'])",
		"open for ever":                 "SELECT ramp.open('" + other + "', 'infinity', ARRAY['orders_read'])",
		"open without an end":           "SELECT ramp.open('" + other + "', NULL, ARRAY['orders_read'])",
		"open under another name":       "SELECT ramp.open('carol', now() + interval '1 hour', ARRAY['orders_read'])",
		"open under no name":            "SELECT ramp.open(NULL, now() + interval '1 hour', ARRAY['orders_read'])",
		"extend for ever":               "SELECT ramp.extend('" + g.Name + "', 'infinity')",
		"give another table":            "SELECT ramp.give('" + g.Name + "', ARRAY['pg_catalog'], ARRAY['pg_authid'], ARRAY['select'])",
		"give another privilege":        "SELECT ramp.give('" + g.Name + "', ARRAY['sales'], ARRAY['orders'], ARRAY['delete'])",
		"give by an injected privilege": "SELECT ramp.give('" + g.Name + "', ARRAY['sales'], ARRAY['orders'], ARRAY['select ON pg_authid TO carol; --'])",
		"a login with a clear password": "SELECT ramp.login('" + g.Name + "', '" + g.Name + "-0123456789abcdef', 'clear', now() + interval '1 hour', 5)",
		"a login of another grant":      "SELECT ramp.login('" + g.Name + "', '" + other + login + "5)",
		"a login without limit":         "SELECT ramp.login('" + g.Name + "', '" + g.Name + login + "-1)",
		"a login that is no grant's":    "SELECT ramp.login('carol', 'carol" + login + "5)",
		"end others' sessions":          "SELECT ramp.cut('carol')",
		"drop others' roles":            "SELECT ramp.drop('carol')",
		"take what others made":         "SELECT ramp.disown('carol')",
		"take what is in use":           "SELECT ramp.disown('" + g.Name + "')",
		"hand over what is in use":      "SELECT ramp.hand_over('" + g.Name + "', 0)",
		"take privileges in use":        "SELECT ramp.take('" + g.Name + "')",
		"strip what is open":            "SELECT ramp.strip('" + g.Name + "')",
		"drop what is open":             "SELECT ramp.drop('" + g.Name + "')",
		"restore to more":               "SELECT ramp.restore('" + g.Name + "', now() + interval '1 hour', ARRAY['admins'], 5)",
	} {
		t.Run(what, func(t *testing.T) {
			_, err := own.PgConn().Exec(t.Context(), statement).ReadAll()
			_, _ = own.PgConn().Exec(t.Context(), "ROLLBACK").ReadAll()
			var said *pgconn.PgError
			require.ErrorAs(t, err, &said)
			require.Contains(t, []string{"42501", "RP004", "RP003"}, said.Code, said.Message)
		})
	}
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Empty(t, differences)
	require.NoError(t, target.Revoke(t.Context(), g))
}

// What Ramp's own login may do that it need not, and what it lacks, its Ping says.
func TestPing(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	r, err := target.Rights(t.Context())
	require.NoError(t, err)
	require.Equal(t, integrations.Rights{}, r)
	for what, c := range map[string]struct{ with, undo, says string }{
		"superuser":         {"ALTER ROLE ramp SUPERUSER", "ALTER ROLE ramp NOSUPERUSER", "is a superuser"},
		"makes roles":       {"ALTER ROLE ramp CREATEROLE", "ALTER ROLE ramp NOCREATEROLE", "may make roles"},
		"member":            {"GRANT admins TO ramp", "REVOKE admins FROM ramp", "member of admins"},
		"function is gone":  {"ALTER FUNCTION ramp.open_lines() RENAME TO x", "ALTER FUNCTION ramp.x() RENAME TO open_lines", "postgres-setup postgres/test"},
		"another set-up":    {"CREATE OR REPLACE FUNCTION ramp.setup() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'x'::text $$", "", "postgres-setup postgres/test"},
		"no right any more": {"REVOKE ALL ON SCHEMA ramp FROM ramp", "GRANT USAGE ON SCHEMA ramp TO ramp", "permission denied"},
	} {
		t.Run(what, func(t *testing.T) {
			s.Exec(t, "orders", c.with)
			defer func() {
				s.Exec(t, "orders", c.undo)
				s.Setup(t, config)
			}()
			err := target.Ping(t.Context())
			require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			if r, err := target.Rights(t.Context()); what != "function is gone" {
				require.NoError(t, err)
				require.Contains(t, strings.Join(append(r.Lacks, r.TooMuch...), "\n"), c.says)
			}
		})
	}
	t.Run("more may be given than was set up", func(t *testing.T) {
		wider := s.Config()
		wider.Roles = append(wider.Roles, "admins")
		err := opened(t, wider).Ping(t.Context())
		require.ErrorContains(t, err, "set up")
		g := newGrant(time.Hour, access.Entitlement{"database": "orders", "roles": []any{"admins"}})
		err = opened(t, wider).Grant(t.Context(), g)
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "Postgres holds Ramp to what was set up: %v", err)
		gone(t, s, target, g)
	})
	t.Run("wrong password", func(t *testing.T) {
		s.Exec(t, "orders", "ALTER ROLE ramp PASSWORD 'rotated-without-telling'")
		defer s.Setup(t, config)
		err := target.Ping(t.Context())
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
		require.NotContains(t, err.Error(), s.RampPassword())
	})
	t.Run("read-only", func(t *testing.T) {
		s.Exec(t, "orders", "ALTER ROLE ramp SET default_transaction_read_only = on")
		defer s.Exec(t, "orders", "ALTER ROLE ramp RESET ALL")
		err := target.Ping(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "takes no writes")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Grant(t.Context(), newGrant(time.Hour, reads()))))
	})
	t.Run("anybody from anywhere", func(t *testing.T) {
		s.Exec(t, "orders", "CREATE TABLE hba (line text)", "COPY hba FROM PROGRAM 'cat pg_hba.conf' WITH (DELIMITER E'\\x01')",
			"COPY (SELECT line FROM hba UNION ALL SELECT 'host all all 10.0.0.0/8 trust') TO PROGRAM 'cat > pg_hba.conf' WITH (FORMAT csv, QUOTE E'\\x02', DELIMITER E'\\x01')")
		err := target.Ping(t.Context())
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "without a password")
	})
}

// Names that would be statements are names.
func TestHostileNames(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	for what, e := range map[string]access.Entitlement{
		"role":  {"database": "orders", "roles": []any{postgrestest.HostileRole}},
		"table": {"database": "orders", "tables": []any{postgrestest.HostileTable, "sales.orders"}, "privileges": []any{"select"}},
	} {
		t.Run(what, func(t *testing.T) {
			g := newGrant(time.Hour, e)
			c := minted(t, target, g)
			require.NoError(t, use(t.Context(), g, c))
			scope, err := target.Resolve(t.Context(), e)
			require.NoError(t, err)
			require.Contains(t, scope.Summary, "drop ")
			differences, err := target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.Empty(t, differences)
			require.NoError(t, target.Revoke(t.Context(), g))
			gone(t, s, target, g)
		})
	}
}

func TestValidate(t *testing.T) {
	good := func() postgres.Config {
		c := (&postgrestest.Server{}).ConfigAt("127.0.0.1:5432")
		c.Password = field.SecretEnv("RAMP_POSTGRES_PASSWORD")
		return c
	}
	require.Empty(t, good().Validate(targetName))
	for what, c := range map[string]struct {
		change func(*postgres.Config)
		code   string
	}{
		"no port":            {func(c *postgres.Config) { c.Address = "db.example.com" }, "address_malformed"},
		"a URL":              {func(c *postgres.Config) { c.Address = "postgres://ramp:p4ss@127.0.0.1:5432" }, "address_malformed"},
		"two hosts":          {func(c *postgres.Config) { c.Clients = "a,b:5432" }, "address_malformed"},
		"a socket":           {func(c *postgres.Config) { c.Clients = "/run/postgresql:5432" }, "address_malformed"},
		"no TLS elsewhere":   {func(c *postgres.Config) { c.Clients = "db.example.com:5432" }, "address_insecure"},
		"unknown TLS":        {func(c *postgres.Config) { c.TLS = "prefer" }, "tls_unknown"},
		"no authorities":     {func(c *postgres.Config) { c.TLS = "" }, "ca_missing"},
		"unused authorities": {func(c *postgres.Config) { c.CAFile = "ca.pem" }, "ca_unused"},
		"user":               {func(c *postgres.Config) { c.User = `ramp"; x` }, "user_malformed"},
		"no password":        {func(c *postgres.Config) { c.Password = none }, "password_missing"},
		"no database":        {func(c *postgres.Config) { c.Databases = nil }, "databases_missing"},
		"database is options": {func(c *postgres.Config) {
			c.Databases = map[string]postgres.Database{"host=evil": {}}
			c.Home = ""
		}, "database_malformed"},
		"home":              {func(c *postgres.Config) { c.Home = "" }, "home_unknown"},
		"sessions":          {func(c *postgres.Config) { c.Connections = 101 }, "connections_range"},
		"superuser's files": {func(c *postgres.Config) { c.Roles = []string{"pg_write_server_files"} }, "role_never"},
		"programs":          {func(c *postgres.Config) { c.Roles = []string{"pg_execute_server_program"} }, "role_never"},
		"all that is kept":  {func(c *postgres.Config) { c.Roles = []string{"pg_write_all_data"} }, "role_never"},
		"verifiers":         {func(c *postgres.Config) { c.Roles = []string{"pg_read_all_data"} }, "role_never"},
		"Ramp's own":        {func(c *postgres.Config) { c.Roles = []string{"ramp_leftovers"} }, "role_never"},
		"a grant's":         {func(c *postgres.Config) { c.Roles = []string{"ramp-0123456789abcdef-a"} }, "role_never"},
		"64 bytes":          {func(c *postgres.Config) { c.Roles = []string{strings.Repeat("ä", 32)} }, "role_never"},
		"invisible":         {func(c *postgres.Config) { c.Roles = []string{"a\u200bb"} }, "role_never"},
		"NUL":               {func(c *postgres.Config) { c.Roles = []string{"a\x00b"} }, "role_never"},
		"role twice":        {func(c *postgres.Config) { c.Roles = []string{"a", "a"} }, "role_duplicate"},
		"nothing": {func(c *postgres.Config) {
			c.Roles, c.Databases = nil, map[string]postgres.Database{"orders": {}}
		}, "nothing_to_give"},
		"no schema":      {tables("orders", "select"), "table_malformed"},
		"three parts":    {tables("a.b.c", "select"), "table_malformed"},
		"open quote":     {tables(`sales."orders`, "select"), "table_malformed"},
		"folded":         {tables("Sales.Orders", "select"), "table_malformed"},
		"the catalog":    {tables("pg_catalog.pg_authid", "select"), "table_malformed"},
		"Ramp's records": {tables("ramp.may_give", "insert"), "table_malformed"},
		"injected":       {tables("sales.orders; drop table x", "select"), "table_malformed"},
		"trigger":        {tables("sales.orders", "trigger"), "privilege_never"},
		"all":            {tables("sales.orders", "all"), "privilege_never"},
		"no privilege":   {tables("sales.orders"), "privileges_missing"},
	} {
		t.Run(what, func(t *testing.T) {
			config := good()
			c.change(&config)
			issues := config.Validate(targetName)
			require.Len(t, issues, 1, "%v", issues)
			require.Equal(t, c.code, issues[0].Code)
			require.NotContains(t, issues.Err().Error(), "p4ss")
		})
	}
}

func tables(name string, privileges ...string) func(*postgres.Config) {
	return func(c *postgres.Config) {
		c.Databases = map[string]postgres.Database{"orders": {Tables: map[string][]string{name: privileges}}, "billing": {}}
	}
}
