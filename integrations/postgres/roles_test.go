package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase119ListedRolesThatLeadFurther: a listed role that may log in, or that leads to
// more than its own privileges, is not given, whatever an administrator listed.
func TestCase119ListedRolesThatLeadFurther(t *testing.T) {
	s, config := start(t)
	for what, statements := range map[string][]string{
		"logs in":                  {"CREATE ROLE bad LOGIN"},
		"member of one that does":  {"CREATE ROLE bad", "GRANT carol TO bad"},
		"superuser":                {"CREATE ROLE bad SUPERUSER"},
		"makes roles, by a member": {"CREATE ROLE bad", "GRANT admins TO bad"},
		"makes databases":          {"CREATE ROLE bad CREATEDB"},
		"passes row security":      {"CREATE ROLE bad BYPASSRLS"},
		"replicates":               {"CREATE ROLE bad REPLICATION"},
		"programs":                 {"CREATE ROLE bad", "GRANT pg_execute_server_program TO bad"},
		"files, by two steps":      {"CREATE ROLE bad", "CREATE ROLE between", "GRANT pg_read_server_files TO between", "GRANT between TO bad"},
		"writes Ramp's records":    {"CREATE ROLE bad", "GRANT pg_write_all_data TO bad"},
		"reads verifiers":          {"CREATE ROLE bad", "GRANT pg_read_all_data TO bad"},
		"ends others' sessions":    {"CREATE ROLE bad", "GRANT pg_signal_backend TO bad"},
	} {
		t.Run(what, func(t *testing.T) {
			s.Exec(t, "orders", statements...)
			defer s.Exec(t, "orders", "DROP ROLE bad", "DROP ROLE IF EXISTS between")
			wider := s.Config()
			wider.Roles = append(wider.Roles, "bad")
			s.Setup(t, wider)
			defer s.Setup(t, config)
			target := opened(t, wider)
			g := newGrant(time.Hour, access.Entitlement{"database": "orders", "roles": []any{"bad"}})
			err := target.Grant(t.Context(), g)
			require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "Ramp does not give it")
			gone(t, s, target, g)
		})
	}
	t.Run("Postgres' own that shows how the server does", func(t *testing.T) {
		s.Exec(t, "orders", "CREATE ROLE good", "GRANT pg_monitor, orders_read TO good")
		wider := s.Config()
		wider.Roles = append(wider.Roles, "good")
		s.Setup(t, wider)
		target := opened(t, wider)
		g := newGrant(time.Hour, access.Entitlement{"database": "orders", "roles": []any{"good"}})
		require.NoError(t, use(t.Context(), g, minted(t, target, g)))
		require.NoError(t, target.Revoke(t.Context(), g))
		gone(t, s, target, g)
	})
}
