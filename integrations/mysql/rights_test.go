package mysql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
)

// TestCase144WhoHasRampsPassword: whoever has it may open and close grants of Ramp's with
// the listed roles and objects, and nothing else.
func TestCase144WhoHasRampsPassword(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	minted(t, target, g)
	logins, err := accounts(t.Context(), s, g.Name)
	require.NoError(t, err)
	own, end, err := mysqltest.Connect(t.Context(), s.As("ramp", mysqltest.RampPassword))
	require.NoError(t, err)
	defer end()
	root := adminSession(t, s)
	verifier := mysql.VerifierOf("ed25519", mysql.NewPassword())
	other := access.GrantName(access.NewRequestID(), 0)
	soon := "UNIX_TIMESTAMP() + 3600, "
	s.Exec(t, "CREATE ROLE harmless", "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.ssl_type', 0) WHERE User = 'nobody'")
	for what, statement := range map[string]string{
		"make an account":               "CREATE USER mallory",
		"drop an account":               "DROP USER carol",
		"change an account":             "ALTER USER carol IDENTIFIED BY 'x'",
		"become a grant":                "SET ROLE `" + g.Name + "`",
		"give itself a grant's role":    "GRANT `" + g.Name + "` TO ramp",
		"read a table":                  "SELECT * FROM sales.orders",
		"read verifiers":                "SELECT * FROM mysql.global_priv",
		"read Ramp's records":           "SELECT * FROM ramp.logins",
		"widen what it may give":        "INSERT INTO ramp.may_give VALUES ('role', 'admins', '')",
		"forget what was closed":        "DELETE FROM ramp.grants",
		"change a procedure":            "CREATE OR REPLACE PROCEDURE ramp.setup() SELECT 1",
		"make an account unchecked":     "CALL ramp.make_account('" + g.Name + "', 'carol', '%', '" + verifier + "')",
		"make a role unchecked":         "CALL ramp.make_role('" + g.Name + "')",
		"shut what is open":             "CALL ramp.shut('" + g.Name + "')",
		"turn the event off":            "ALTER EVENT ramp.end_expired DISABLE",
		"turn the scheduler off":        "SET GLOBAL event_scheduler = OFF",
		"give another role":             "CALL ramp.open('" + other + "', " + soon + "'[\"admins\"]', '[]')",
		"give what is not listed":       "CALL ramp.open('" + other + "', " + soon + "'[\"harmless\"]', '[]')",
		"give nothing":                  "CALL ramp.open('" + other + "', " + soon + "'[]', '[]')",
		"no list":                       "CALL ramp.open('" + other + "', " + soon + "'orders_read', '[]')",
		"no list at all":                "CALL ramp.open('" + other + "', " + soon + "NULL, NULL)",
		"open for ever":                 "CALL ramp.open('" + other + "', 9000000000, '[\"orders_read\"]', '[]')",
		"open without an end":           "CALL ramp.open('" + other + "', NULL, '[\"orders_read\"]', '[]')",
		"open what has ended":           "CALL ramp.open('" + other + "', UNIX_TIMESTAMP(), '[\"orders_read\"]', '[]')",
		"open under another name":       "CALL ramp.open('carol', " + soon + "'[\"orders_read\"]', '[]')",
		"open under no name":            "CALL ramp.open(NULL, " + soon + "'[\"orders_read\"]', '[]')",
		"open under a name in capitals": "CALL ramp.open('RAMP-0123456789abcdef-a', " + soon + "'[\"orders_read\"]', '[]')",
		"extend for ever":               "CALL ramp.extend('" + g.Name + "', 9000000000)",
		"extend without an end":         "CALL ramp.extend('" + g.Name + "', NULL)",
		"give another table":            "CALL ramp.open('" + other + "', " + soon + "'[]', '[[\"`mysql`.`global_priv`\", \"select\"]]')",
		"give another privilege":        "CALL ramp.open('" + other + "', " + soon + "'[]', '[[\"`sales`.`orders`\", \"delete\"]]')",
		"give by an injected privilege": "CALL ramp.open('" + other + "', " + soon + "'[]', '[[\"`sales`.`orders`\", \"select ON mysql.* TO carol -- \"]]')",
		"a password in clear":           "CALL ramp.login('" + g.Name + "', '" + g.Name + "-0123abcd', 'clear')",
		"an injected verifier":          "CALL ramp.login('" + g.Name + "', '" + g.Name + "-0123abcd', CONCAT('" + verifier + "', ''' ACCOUNT UNLOCK -- '))",
		"an account of another grant":   "CALL ramp.login('" + g.Name + "', '" + other + "-0123abcd', '" + verifier + "')",
		"an account that is no grant's": "CALL ramp.login('carol', 'carol-0123abcd', '" + verifier + "')",
		"end others' sessions":          "CALL ramp.cut('carol')",
		"drop others' accounts":         "CALL ramp.drop_accounts('carol')",
		"close others":                  "CALL ramp.close('carol')",
		"cut what is open":              "CALL ramp.cut('" + g.Name + "')",
		"remove from what is open":      "CALL ramp.remove_made('" + g.Name + "')",
		"drop what is open":             "CALL ramp.drop_accounts('" + g.Name + "')",
		"kill sessions":                 "KILL " + root[0],
		"read others' statements":       "CALL ramp.kill_sessions('" + g.Name + "')",
	} {
		t.Run(what, func(t *testing.T) {
			_, err := own.ExecContext(t.Context(), statement)
			var said *client.MySQLError
			require.ErrorAs(t, err, &said)
			state := string(said.SQLState[:])
			require.True(t, slices.Contains([]string{"RP002", "RP003", "RP004"}, state) ||
				slices.Contains([]uint16{1044, 1045, 1095, 1142, 1227, 1370, 1698, 1959}, said.Number), "%s", said)
		})
	}
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Empty(t, differences)
	require.NoError(t, target.Revoke(t.Context(), g))
	left, err := accounts(t.Context(), s, g.Name)
	require.NoError(t, err)
	require.NotEmpty(t, logins)
	require.Empty(t, left)
}

// Roles that lead to more than people's data are not given, whatever the configuration
// lists; by another role neither.
func TestCase144RolesThatLeadToMore(t *testing.T) {
	s, config := start(t)
	for what, statement := range map[string]string{
		"all of the server":       "GRANT SELECT ON *.* TO bad",
		"makes accounts":          "GRANT CREATE USER ON *.* TO bad",
		"files":                   "GRANT FILE ON *.* TO bad",
		"verifiers":               "GRANT SELECT ON mysql.* TO bad",
		"verifiers, by a table":   "GRANT SELECT ON mysql.global_priv TO bad",
		"verifiers, by a pattern": "GRANT SELECT ON `m%`.* TO bad",
		"Ramp's records":          "GRANT INSERT ON ramp.* TO bad",
		"Ramp's procedures":       "GRANT EXECUTE ON PROCEDURE ramp.close TO bad",
		"gives it on":             "GRANT SELECT ON sales.* TO bad WITH GRANT OPTION",
		"gives a table on":        "GRANT SELECT ON sales.refunds TO bad WITH GRANT OPTION",
		"gives a role on":         "GRANT orders_write TO bad WITH ADMIN OPTION",
	} {
		for _, way := range []string{"itself", "by another role"} {
			t.Run(what+", "+way, func(t *testing.T) {
				s.Exec(t, "CREATE ROLE bad", "CREATE ROLE leads", statement, "GRANT bad TO leads")
				defer s.Exec(t, "DROP ROLE bad", "DROP ROLE leads")
				c := config
				c.Roles = []string{map[string]string{"itself": "bad", "by another role": "leads"}[way]}
				s.Setup(t, c)
				g := newGrant(time.Hour, access.Entitlement{"roles": []any{c.Roles[0]}})
				err := opened(t, c).Grant(t.Context(), g)
				require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "Ramp does not give it")
				gone(t, s, opened(t, c), g)
			})
		}
	}
	t.Run("creates", func(t *testing.T) {
		c := config
		c.RolesMayCreate = false
		s.Setup(t, c)
		err := opened(t, c).Grant(t.Context(), newGrant(time.Hour, makes()))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "rolesMayCreate")
	})
	t.Run("how the server does", func(t *testing.T) {
		s.Exec(t, "CREATE ROLE watch", "GRANT PROCESS, SHOW DATABASES, BINLOG MONITOR ON *.* TO watch")
		c := config
		c.Roles = []string{"watch"}
		s.Setup(t, c)
		g := newGrant(time.Hour, access.Entitlement{"roles": []any{"watch"}})
		require.NoError(t, opened(t, c).Grant(t.Context(), g))
		require.NoError(t, opened(t, c).Revoke(t.Context(), g))
	})
}

// What Ramp's own account may do that it need not, what it lacks, and what keeps the server
// from ending access by itself, its Ping says.
func TestPing(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	r, err := target.Rights(t.Context())
	require.NoError(t, err)
	require.Equal(t, integrations.Rights{}, r)
	for what, c := range map[string]struct{ with, undo, says string }{
		"all of the server":    {"GRANT SELECT ON *.* TO ramp@'%'", "REVOKE SELECT ON *.* FROM ramp@'%'", "on the whole server"},
		"a database":           {"GRANT SELECT ON sales.* TO ramp@'%'", "REVOKE SELECT ON sales.* FROM ramp@'%'", "on database sales"},
		"a table":              {"GRANT SELECT ON sales.orders TO ramp@'%'", "REVOKE SELECT ON sales.orders FROM ramp@'%'", "on table sales.orders"},
		"a role":               {"GRANT admins TO ramp@'%'", "REVOKE admins FROM ramp@'%'", "has the role admins"},
		"procedure is gone":    {"DROP PROCEDURE ramp.setup", "", "mysql-setup mysql/test"},
		"another set-up":       {"CREATE OR REPLACE PROCEDURE ramp.setup() SELECT 'x', 0", "", "mysql-setup mysql/test"},
		"no right any more":    {"REVOKE EXECUTE ON PROCEDURE ramp.check_server FROM ramp@'%'", "", "mysql-setup mysql/test"},
		"an anonymous account": {"CREATE USER ''@'localhost'", "DROP USER ''@'localhost'", "without a name"},
		"scheduler off":        {"SET GLOBAL event_scheduler = OFF", "SET GLOBAL event_scheduler = ON", "event_scheduler on"},
		"event off":            {"ALTER EVENT ramp.end_expired DISABLE", "", "end_expired ENABLE"},
		"no event":             {"DROP EVENT ramp.end_expired", "", "end_expired ENABLE"},
	} {
		t.Run(what, func(t *testing.T) {
			s.Exec(t, c.with)
			defer func() {
				if c.undo != "" {
					s.Exec(t, c.undo)
				}
				s.Setup(t, config)
			}()
			err := target.Ping(t.Context())
			require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			if r, err := target.Rights(t.Context()); !strings.Contains(c.says, "mysql-setup") {
				require.NoError(t, err)
				require.Contains(t, strings.Join(append(r.Lacks, r.TooMuch...), "\n"), c.says)
			}
		})
	}
	t.Run("more may be given than was set up", func(t *testing.T) {
		wider := s.Config()
		wider.Roles = append(wider.Roles, "admins")
		require.ErrorContains(t, opened(t, wider).Ping(t.Context()), "set up")
		g := newGrant(time.Hour, access.Entitlement{"roles": []any{"admins"}})
		err := opened(t, wider).Grant(t.Context(), g)
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "MariaDB holds Ramp to what was set up: %v", err)
		gone(t, s, target, g)
	})
	t.Run("wrong password", func(t *testing.T) {
		s.Exec(t, "SET PASSWORD FOR ramp@'%' = PASSWORD('rotated-without-telling')")
		defer s.Setup(t, config)
		err := target.Ping(t.Context())
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "or the server has an account without a name for this host")
		require.NotContains(t, err.Error(), mysqltest.RampPassword)
	})
	t.Run("read-only", func(t *testing.T) {
		s.Exec(t, "SET GLOBAL read_only = ON")
		defer s.Exec(t, "SET GLOBAL read_only = OFF")
		err := target.Ping(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "read-only")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Grant(t.Context(), newGrant(time.Hour, reads()))))
	})
	require.NoError(t, target.Ping(t.Context()))
}

// Names that would be statements are names, and the name of a database is no pattern.
func TestHostileNames(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	for what, e := range map[string]access.Entitlement{
		"role":    {"roles": []any{mysqltest.HostileRole}},
		"table":   {"objects": []any{mysqltest.HostileTable, "sales.orders"}, "privileges": []any{"select"}},
		"pattern": {"objects": []any{"sales_1.*", "sales.orders"}, "privileges": []any{"select"}},
	} {
		t.Run(what, func(t *testing.T) {
			g := newGrant(time.Hour, e)
			c := minted(t, target, g)
			require.NoError(t, use(t.Context(), g, c))
			conn, end, err := connected(t.Context(), c)
			require.NoError(t, err)
			defer end()
			_, err = conn.ExecContext(t.Context(), "SELECT * FROM salesx1.orders")
			require.ErrorContains(t, err, "denied", "sales_1.* is no other database")
			if what == "pattern" {
				_, err = conn.ExecContext(t.Context(), "SELECT * FROM sales_1.orders")
				require.NoError(t, err)
			}
			differences, err := target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.Empty(t, differences)
			require.NoError(t, target.Revoke(t.Context(), g))
			gone(t, s, target, g)
		})
	}
}

func TestValidate(t *testing.T) {
	good := func() mysql.Config {
		c := (&mysqltest.Server{}).ConfigAt("127.0.0.1:3306")
		c.Password = field.SecretEnv("RAMP_MYSQL_PASSWORD")
		return c
	}
	require.Empty(t, good().Validate(targetName))
	object := func(name string, privileges ...string) func(*mysql.Config) {
		return func(c *mysql.Config) { c.Objects = map[string][]string{name: privileges} }
	}
	for what, c := range map[string]struct {
		change func(*mysql.Config)
		code   string
	}{
		"no port":             {func(c *mysql.Config) { c.Address = "db.example.com" }, "address_malformed"},
		"a URL":               {func(c *mysql.Config) { c.Address = "mysql://ramp:p4ss@127.0.0.1:3306" }, "address_malformed"},
		"no TLS elsewhere":    {func(c *mysql.Config) { c.Clients = "db.example.com:3306" }, "address_insecure"},
		"unknown TLS":         {func(c *mysql.Config) { c.TLS = "prefer" }, "tls_unknown"},
		"no authorities":      {func(c *mysql.Config) { c.TLS = "" }, "ca_missing"},
		"unused authorities":  {func(c *mysql.Config) { c.CAFile = "ca.pem" }, "ca_unused"},
		"user":                {func(c *mysql.Config) { c.User = "ramp`; x" }, "user_malformed"},
		"no password":         {func(c *mysql.Config) { c.Password = field.Secret{} }, "password_missing"},
		"sessions":            {func(c *mysql.Config) { c.Connections = 101 }, "connections_range"},
		"a plugin":            {func(c *mysql.Config) { c.Authentication = "pam" }, "authentication_unknown"},
		"an expiry":           {func(c *mysql.Config) { c.Expiry = "days" }, "expiry_unknown"},
		"from is more":        {func(c *mysql.Config) { c.From = "%` IDENTIFIED BY 'x" }, "from_malformed"},
		"Ramp's own":          {func(c *mysql.Config) { c.Roles = []string{"ramp_owner"} }, "role_never"},
		"everybody":           {func(c *mysql.Config) { c.Roles = []string{"PUBLIC"} }, "role_never"},
		"a grant's":           {func(c *mysql.Config) { c.Roles = []string{"ramp-0123456789abcdef-a"} }, "role_never"},
		"65 characters":       {func(c *mysql.Config) { c.Roles = []string{strings.Repeat("ä", 65)} }, "role_never"},
		"invisible":           {func(c *mysql.Config) { c.Roles = []string{"a\u200bb"} }, "role_never"},
		"NUL":                 {func(c *mysql.Config) { c.Roles = []string{"a\x00b"} }, "role_never"},
		"role twice":          {func(c *mysql.Config) { c.Roles = []string{"a", "a"} }, "role_duplicate"},
		"nothing":             {func(c *mysql.Config) { c.Roles, c.Objects = nil, nil }, "nothing_to_give"},
		"no database":         {object("orders", "select"), "object_malformed"},
		"three parts":         {object("a.b.c", "select"), "object_malformed"},
		"all databases":       {object("*.*", "select"), "object_malformed"},
		"open backtick":       {object("sales.`orders", "select"), "object_malformed"},
		"a table called star": {object("sales.`*`", "select"), "object_malformed"},
		"the server's own":    {object("mysql.global_priv", "select"), "object_malformed"},
		"in capitals":         {object("MySQL.*", "select"), "object_malformed"},
		"Ramp's records":      {object("ramp.may_give", "insert"), "object_malformed"},
		"injected":            {object("sales.orders; drop table x", "select"), "object_malformed"},
		"trigger":             {object("sales.orders", "trigger"), "privilege_never"},
		"all":                 {object("sales.orders", "all"), "privilege_never"},
		"no privilege":        {object("sales.orders"), "privileges_missing"},
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

// adminSession returns the number of a session of the administrator's, which goes on.
func adminSession(t *testing.T, s *mysqltest.Server) (id []string) {
	conn, end, err := mysqltest.Connect(t.Context(), s.Root())
	require.NoError(t, err)
	t.Cleanup(end)
	id = []string{""}
	require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id[0]))
	return id
}
