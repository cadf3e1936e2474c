package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	s, config := start(t)
	targettest.Run(t, harness(s, config))
}

func harness(s *mysqltest.Server, config mysql.Config) targettest.Harness {
	return targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return opened(t, config) },
		Target: targetName, Principal: "alice@example.com",
		Entitlement: reads(), Other: writes(),
		Invalid: map[string]access.Entitlement{
			"roles no list":      {"roles": "orders_read"},
			"empty list":         {"roles": []any{}},
			"null":               {"roles": nil},
			"not texts":          {"roles": []any{7}},
			"not allowed":        {"roles": []any{"orders_read", "admins"}},
			"Ramp's own":         {"roles": []any{"ramp"}},
			"twice":              {"roles": []any{"orders_read", "orders_read"}},
			"upper case":         {"roles": []any{"ORDERS_READ"}},
			"injected":           {"roles": []any{"orders_read, admins"}},
			"objects alone":      {"objects": []any{"sales.orders"}},
			"privileges alone":   {"roles": []any{"orders_read"}, "privileges": []any{"select"}},
			"other table":        {"objects": []any{"mysql.global_priv"}, "privileges": []any{"select"}},
			"all databases":      {"objects": []any{"*.*"}, "privileges": []any{"select"}},
			"all of a database":  {"objects": []any{"sales.*"}, "privileges": []any{"select"}},
			"other privilege":    {"objects": []any{"sales.refunds"}, "privileges": []any{"insert"}},
			"privilege injected": {"objects": []any{"sales.orders"}, "privileges": []any{"select, update"}},
		},
		ListNames: func(ctx context.Context) ([]string, error) { return grantNames(ctx, s) },
		Remove:    func(ctx context.Context, name string) error { return removeByHand(ctx, s, name) },
		Widen:     widen(s),
		Usage:     access.UsageSeen,
		Foreign:   func(t *testing.T) func(context.Context) error { return foreign(t, s) },
		Use:       use,
		Dial: func(ctx context.Context, _ access.Grant, c access.Credential) (targettest.Session, error) {
			return dial(ctx, c)
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			target, err := config.OpenAround(context.Background(), targetName, faults(fault, n))
			require.NoError(t, err)
			return target
		},
		// The event of the server looks once a second; the rest is for a busy machine.
		Slack: 10 * time.Second,
		Lacks: targettest.Lacks{NotFoundYet: "the primary reads what it wrote last"},
	}
}

// accounts returns the accounts of a grant, as SQL reads them.
func accounts(ctx context.Context, s *mysqltest.Server, grant string) ([]string, error) {
	return s.Texts(ctx, "SELECT CONCAT('`', User, '`@`', Host, '`') FROM mysql.global_priv WHERE User LIKE CONCAT(?, '-%') ORDER BY 1", grant)
}

// removeByHand drops a grant's role and accounts, in use or not, as an administrator might.
func removeByHand(ctx context.Context, s *mysqltest.Server, grant string) error {
	names, err := accounts(ctx, s, grant)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.Try(ctx, "DROP USER "+name); err != nil {
			return err
		}
	}
	return s.Try(ctx, "DROP ROLE IF EXISTS `"+grant+"`")
}

// widen are changes by hand, each by its statement: {grant} is the grant's role, {login} its
// account.
func widen(s *mysqltest.Server) map[string]func(context.Context, access.Grant) error {
	out := map[string]func(context.Context, access.Grant) error{}
	for what, statement := range map[string]string{
		"all of the server":          "GRANT ALL PRIVILEGES ON *.* TO {login}",
		"makes accounts":             "GRANT CREATE USER ON *.* TO `{grant}`",
		"longer":                     "UPDATE ramp.grants SET ends = ends + 86400 WHERE name = '{grant}'",
		"another role":               "GRANT orders_write TO `{grant}`",
		"another role, to the login": "GRANT admins TO {login}",
		"another default role":       "GRANT orders_write TO {login}; SET DEFAULT ROLE orders_write FOR {login}",
		"may give it on":             "GRANT orders_read TO `{grant}` WITH ADMIN OPTION",
		"somebody else has it":       "INSERT INTO mysql.roles_mapping VALUES ('%', 'carol', '{grant}', 'N'); FLUSH PRIVILEGES",
		"another role has it":        "INSERT INTO mysql.roles_mapping VALUES ('', 'admins', '{grant}', 'N'); FLUSH PRIVILEGES",
		"another password":           "ALTER USER {login} IDENTIFIED BY 'guess'",
		"a second password":          "ALTER USER {login} IDENTIFIED VIA ed25519 USING '{verifier}' OR mysql_native_password USING PASSWORD('guess')",
		"more sessions":              "ALTER USER {login} WITH MAX_USER_CONNECTIONS 0",
		"role taken away":            "REVOKE orders_read FROM `{grant}`",
		"login taken away":           "DELETE FROM mysql.roles_mapping WHERE Role = '{grant}' AND User LIKE '{grant}-%'; FLUSH PRIVILEGES",
		"a table":                    "GRANT UPDATE ON sales.refunds TO `{grant}`",
		"a table, to the login":      "GRANT SELECT ON sales.refunds TO {login} WITH GRANT OPTION",
		"a column":                   "GRANT SELECT (id) ON sales.refunds TO {login}",
		"a database":                 "GRANT CREATE ON sales.* TO `{grant}`",
		"a routine":                  "CREATE OR REPLACE PROCEDURE sales.p() SELECT 1; GRANT EXECUTE ON PROCEDURE sales.p TO `{grant}`",
		"a proxy":                    "GRANT PROXY ON carol@'%' TO {login}",
		"another account":            "CREATE USER `{grant}-0123abcd`@`%` IDENTIFIED BY 'guess'",
		"the same from elsewhere":    "CREATE USER {elsewhere} IDENTIFIED BY 'guess'",
	} {
		out[what] = func(ctx context.Context, g access.Grant) error {
			names, err := accounts(ctx, s, g.Name)
			if err != nil || len(names) == 0 {
				return fmt.Errorf("no account of %s: %w", g.Name, err)
			}
			verifiers, err := s.Texts(ctx, "SELECT verifier FROM ramp.logins WHERE grant_name = ?", g.Name)
			if err != nil {
				return err
			}
			text := strings.NewReplacer("{grant}", g.Name, "{login}", names[0], "{elsewhere}", strings.Replace(names[0], "%", "localhost", 1), "{verifier}", verifiers[0]).Replace(statement)
			return s.Try(ctx, strings.Split(text, "; ")...)
		}
	}
	return out
}

// foreign makes accounts and roles whose names are almost Ramp's.
func foreign(t *testing.T, s *mysqltest.Server) func(context.Context) error {
	names := []string{"ramp", "ramp_owner", "ramp-build", "ramp-0123456789abcdef-z", "ramp-0123456789abcdef", "ramp-0123456789abcdef-a-by-hand",
		"ramp-0123456789abcdef-ab", "xramp-0123456789abcdef-a", "ramp-0123456789abcdef-a-0123abcd-a", "RAMP-0123456789abcdef-a"}
	for _, name := range names[2:] {
		s.Exec(t, "CREATE USER `"+name+"` IDENTIFIED BY 'guess'", "GRANT orders_read TO `"+name+"`")
	}
	t.Cleanup(func() {
		for _, name := range names[2:] {
			_ = s.Try(context.Background(), "DROP USER `"+name+"`")
		}
	})
	return func(ctx context.Context) error {
		there, err := s.Texts(ctx, "SELECT User FROM mysql.global_priv WHERE User = 'ramp_owner' OR COALESCE(JSON_VALUE(Priv, '$.account_locked'), 'false') = 'false'")
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.Contains(there, name) {
				return errors.New(name + " is gone, or locked")
			}
		}
		return nil
	}
}
