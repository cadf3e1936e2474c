package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	s, config := start(t)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return opened(t, config) },
		Target: targetName, Principal: "alice@example.com",
		Entitlement: reads(), Other: writes(),
		Invalid: map[string]access.Entitlement{
			"no database":        {"roles": []any{"orders_read"}},
			"another database":   {"database": "postgres", "roles": []any{"orders_read"}},
			"roles no list":      {"database": "orders", "roles": "orders_read"},
			"empty list":         {"database": "orders", "roles": []any{}},
			"null":               {"database": "orders", "roles": nil},
			"not texts":          {"database": "orders", "roles": []any{7}},
			"not allowed":        {"database": "orders", "roles": []any{"orders_read", "admins"}},
			"Ramp's own":         {"database": "orders", "roles": []any{"ramp"}},
			"superuser":          {"database": "orders", "roles": []any{"postgres"}},
			"twice":              {"database": "orders", "roles": []any{"orders_read", "orders_read"}},
			"upper case":         {"database": "orders", "roles": []any{"ORDERS_READ"}},
			"injected":           {"database": "orders", "roles": []any{"orders_read, admins"}},
			"tables alone":       {"database": "orders", "tables": []any{"sales.orders"}},
			"privileges alone":   {"database": "orders", "roles": []any{"orders_read"}, "privileges": []any{"select"}},
			"other table":        {"database": "orders", "tables": []any{"pg_catalog.pg_authid"}, "privileges": []any{"select"}},
			"other privilege":    {"database": "orders", "tables": []any{"sales.refunds"}, "privileges": []any{"insert"}},
			"table of another":   {"database": "billing", "tables": []any{"sales.orders"}, "privileges": []any{"select"}},
			"privilege injected": {"database": "orders", "tables": []any{"sales.orders"}, "privileges": []any{"select, update"}},
		},
		ListNames: func(ctx context.Context) ([]string, error) { return roleNames(ctx, s) },
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
		Lacks: targettest.Lacks{
			SessionExpiry: "VALID UNTIL is for logins; a session that is open goes on until Ramp, or a timer that calls ramp.end_expired, ends it",
			NotFoundYet:   "the primary reads what it wrote last",
		},
	})
}

// removeByHand drops a grant's roles, in use or not, as an administrator might.
func removeByHand(ctx context.Context, s *postgrestest.Server, grant string) error {
	names, err := s.Texts(ctx, "orders", "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1 DESC", grant)
	if err != nil {
		return err
	}
	for _, name := range names {
		q := postgrestest.Quoted(name)
		if err := s.Try(ctx, "orders", "DROP OWNED BY "+q, "DROP ROLE "+q); err != nil {
			return err
		}
	}
	return nil
}

// widen are changes by hand, each by its statement: {grant} is the grant's role, {login} its
// login.
func widen(s *postgrestest.Server) map[string]func(context.Context, access.Grant) error {
	out := map[string]func(context.Context, access.Grant) error{}
	for what, statement := range map[string]string{
		"superuser":                   "ALTER ROLE {login} SUPERUSER",
		"makes roles":                 "ALTER ROLE {grant} CREATEROLE CREATEDB",
		"replicates":                  "ALTER ROLE {login} REPLICATION BYPASSRLS",
		"longer":                      "ALTER ROLE {login} VALID UNTIL '2999-01-01'",
		"never ends":                  "ALTER ROLE {grant} VALID UNTIL 'infinity'",
		"end taken away":              "ALTER ROLE {login} VALID UNTIL 'infinity'; UPDATE pg_authid SET rolvaliduntil = NULL WHERE rolname = '{bare}'",
		"another role":                "GRANT orders_write TO {grant}",
		"another role, to the login":  "GRANT admins TO {login}",
		"may give it on":              "GRANT orders_read TO {grant} WITH ADMIN OPTION",
		"somebody else is a member":   "GRANT {grant} TO carol",
		"somebody else has the login": "GRANT {login} TO carol WITH ADMIN OPTION",
		"the role logs in":            "ALTER ROLE {grant} LOGIN PASSWORD 'guess'",
		"more sessions":               "ALTER ROLE {login} CONNECTION LIMIT -1",
		"role taken away":             "REVOKE orders_read FROM {grant}",
		"login taken away":            "REVOKE {grant} FROM {login}",
		"a table":                     "GRANT UPDATE ON sales.refunds TO {grant}",
		"a column":                    "GRANT SELECT (id) ON sales.refunds TO {login}",
		"a schema":                    "GRANT CREATE ON SCHEMA sales TO {grant}",
		"a database":                  "GRANT CREATE ON DATABASE billing TO {login}",
		"a function":                  "CREATE OR REPLACE FUNCTION sales.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION sales.f() TO {grant}",
		"another login":               "CREATE ROLE {other} LOGIN PASSWORD 'guess' IN ROLE {grant}",
	} {
		out[what] = func(ctx context.Context, g access.Grant) error {
			names, err := s.Texts(ctx, "orders", "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1", g.Name+"-")
			if err != nil || len(names) == 0 {
				return fmt.Errorf("no login of %s: %w", g.Name, err)
			}
			return s.Try(ctx, "orders", strings.NewReplacer("{grant}", postgrestest.Quoted(g.Name), "{login}", postgrestest.Quoted(names[0]), "{bare}", names[0],
				"{other}", postgrestest.Quoted(g.Name+"-"+access.NewRequestID())).Replace(statement))
		}
	}
	return out
}

// foreign makes roles whose names are almost Ramp's.
func foreign(t *testing.T, s *postgrestest.Server) func(context.Context) error {
	names := []string{"ramp", "ramp_leftovers", "ramp-build", "ramp-0123456789abcdef-z", "ramp-0123456789abcdef", "ramp-0123456789abcdef-a-by-hand",
		"ramp-0123456789abcdef-ab", "xramp-0123456789abcdef-a", "ramp-0123456789abcdef-a-0123456789abcdef-a", "RAMP-0123456789abcdef-a"}
	for _, name := range names[2:] {
		s.Exec(t, "orders", "CREATE ROLE "+postgrestest.Quoted(name)+" LOGIN IN ROLE orders_read")
	}
	t.Cleanup(func() {
		for _, name := range names[2:] {
			_ = s.Try(context.Background(), "orders", "DROP ROLE "+postgrestest.Quoted(name))
		}
	})
	return func(ctx context.Context) error {
		there, err := s.Texts(ctx, "orders", "SELECT rolname FROM pg_roles WHERE rolcanlogin OR rolname = 'ramp_leftovers'")
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.Contains(there, name) {
				return errors.New(name + " is gone, or cannot log in")
			}
		}
		return nil
	}
}
