package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
)

// hides makes what sessions can hide in: a routine, a trigger and a view of carol's.
func hides(t *testing.T, s *mysqltest.Server, config mysql.Config) mysql.Config {
	s.Exec(t, "CREATE ROLE shoppers", "GRANT SELECT, INSERT, EXECUTE ON sales.* TO shoppers", "GRANT SELECT, EXECUTE, TRIGGER ON sales.* TO carol@'%'",
		"CREATE DEFINER = carol@'%' PROCEDURE sales.nap() DO SLEEP(600)",
		"CREATE DEFINER = carol@'%' TRIGGER sales.slow AFTER INSERT ON sales.refunds FOR EACH ROW DO SLEEP(600)",
		"CREATE DEFINER = carol@'%' FUNCTION sales.slowly() RETURNS INT RETURN SLEEP(600)",
		"CREATE DEFINER = carol@'%' VIEW sales.slow_view AS SELECT sales.slowly() AS x")
	s.Exec(t, "CREATE ROLE naps", "GRANT EXECUTE ON PROCEDURE sales.nap TO naps")
	config.Roles = append(config.Roles, "shoppers", "naps")
	s.Setup(t, config)
	return config
}

func shops() access.Entitlement { return access.Entitlement{"roles": []any{"shoppers"}} }

// TestCase144InsideSomebodyElses: a session that is inside a routine, a trigger or a view of
// somebody else's acts under that person's name. It is counted all the same, and ends with
// the grant: neither the rest of its statement nor another one runs.
func TestCase144InsideSomebodyElses(t *testing.T) {
	s, config := start(t)
	config = hides(t, s, config)
	target := opened(t, config)
	for what, statement := range map[string]string{
		"routine": "CALL sales.nap()", "trigger": "INSERT INTO sales.refunds () VALUES ()", "view": "SELECT * FROM sales.slow_view",
	} {
		for _, way := range []string{"Ramp revokes", "Ramp is gone"} {
			t.Run(what+", "+way, func(t *testing.T) {
				g := newGrant(time.Hour, shops())
				conn, end, err := connected(t.Context(), minted(t, target, g))
				require.NoError(t, err)
				t.Cleanup(end)                                      // after the test's context has ended, and with it a statement that goes on
				_, err = conn.ExecContext(t.Context(), "USE sales") // what it may do in the database that it is in, a session keeps
				require.NoError(t, err)
				done := make(chan error, 1)
				go func() {
					_, err := conn.ExecContext(t.Context(), "BEGIN NOT ATOMIC "+statement+"; INSERT INTO sales.orders VALUES (99, 'after the end'); END")
					done <- err
				}()
				require.Eventually(t, func() bool {
					asCarol, err := s.Texts(t.Context(), "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'carol'")
					return err == nil && len(asCarol) == 1
				}, within, each, "it is hidden")
				back, err := target.Inspect(t.Context(), g)
				require.NoError(t, err)
				require.Equal(t, 1, back.Sessions)
				if way == "Ramp is gone" {
					endsNow(t, s, g)
				} else {
					require.NoError(t, target.Revoke(t.Context(), g))
					gone(t, s, target, g)
				}
				select {
				case err := <-done:
					require.Error(t, err)
				case <-time.After(within):
					t.Fatal("it goes on")
				}
				require.Equal(t, "1", rowsOf(t, s, "sales.orders"))
				require.NoError(t, target.Revoke(t.Context(), g))
				gone(t, s, target, g)
			})
		}
	}
}

// Where the server does not say whose a session is, nothing opens, unless the configuration
// says so; roles that may run routines do not open then either, and approvers read it.
func TestWithoutPerformanceSchema(t *testing.T) {
	for what, server := range map[string]struct{ setting, says string }{
		"off":     {"--performance-schema=OFF", "have performance_schema=ON"},
		"no room": {"--performance-schema-max-thread-instances=5", "Performance_schema_thread_instances_lost"},
	} {
		t.Run(what, func(t *testing.T) {
			s, config := start(t, server.setting)
			config = hides(t, s, config)
			target := opened(t, config)
			err := target.Ping(t.Context())
			require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, server.says)
			g := newGrant(time.Hour, reads())
			err = target.Grant(t.Context(), g)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "performance_schema")
			gone(t, s, target, g)
			config.Sessions = "processlist"
			s.Setup(t, config)
			target = opened(t, config)
			require.NoError(t, target.Ping(t.Context()))
			for _, e := range []access.Entitlement{shops(), makes(), {"roles": []any{"naps"}}} {
				err = target.Grant(t.Context(), newGrant(time.Hour, e))
				require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "may run routines")
			}
			scope, err := target.Resolve(t.Context(), reads())
			require.NoError(t, err)
			require.Contains(t, scope.Ends, "is not seen")
			require.NoError(t, use(t.Context(), g, minted(t, target, g)))
			config.Sessions = "" // set up again for what the server does not have
			s.Setup(t, config)
			_, err = opened(t, config).Mint(t.Context(), g)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.NoError(t, opened(t, config).Revoke(t.Context(), g))
			gone(t, s, target, g)
		})
	}
}

// Looking through roles takes little memory on the server: a grant is opened by what is
// called in a session of its own, and many are at the same time.
func TestMemory(t *testing.T) {
	s, config := start(t, "--performance-schema-instrument=memory/sql/%=ON")
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	require.NoError(t, use(t.Context(), g, minted(t, target, g)))
	much, err := s.Texts(t.Context(), "SELECT CONCAT(EVENT_NAME, ': ', HIGH_NUMBER_OF_BYTES_USED) FROM performance_schema.memory_summary_global_by_event_name WHERE EVENT_NAME LIKE 'memory/sql/sp%' AND HIGH_NUMBER_OF_BYTES_USED > 16 << 20")
	require.NoError(t, err)
	require.Empty(t, much)
	seen, err := s.Texts(t.Context(), "SELECT EVENT_NAME FROM performance_schema.memory_summary_global_by_event_name WHERE EVENT_NAME LIKE 'memory/sql/sp%' AND HIGH_NUMBER_OF_BYTES_USED > 0")
	require.NoError(t, err)
	require.NotEmpty(t, seen, "memory of procedures is measured")
}
