package mysql_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase144InSomebodyElsesRoutine: a session of the grant's that is inside a routine of
// somebody else's has that person's name in the list of processes.
func TestCase144InSomebodyElsesRoutine(t *testing.T) {
	s, config := start(t)
	s.Exec(t, "CREATE ROLE shoppers", "GRANT SELECT, EXECUTE ON sales.* TO shoppers",
		"CREATE DEFINER = carol@'%' PROCEDURE sales.nap(n INT) DO SLEEP(n)", "GRANT EXECUTE ON sales.* TO carol@'%'")
	config.Roles = append(config.Roles, "shoppers")
	s.Setup(t, config)
	target := opened(t, config)
	g := newGrant(time.Hour, access.Entitlement{"roles": []any{"shoppers"}})
	c := minted(t, target, g)
	conn, end, err := connected(t.Context(), c)
	require.NoError(t, err)
	defer end()
	_, err = conn.ExecContext(t.Context(), "USE sales")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := conn.ExecContext(context.WithoutCancel(t.Context()), "CALL sales.nap(600)")
		done <- err
	}()
	require.Eventually(t, func() bool {
		n, err := s.Texts(t.Context(), "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'carol'")
		return err == nil && len(n) == 1
	}, within, each)
	back, err := target.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, 1, back.Sessions)
	require.NoError(t, target.Revoke(t.Context(), g))
	select {
	case err := <-done:
		require.Error(t, err)
	case <-time.After(within):
		t.Fatal("it goes on")
	}
	gone(t, s, target, g)
}

// TestWithoutPerformanceSchema: where the server does not say whose session it is, roles
// that may run routines are not given.
func TestWithoutPerformanceSchema(t *testing.T) {
	s, config := start(t, "--performance-schema=OFF")
	target := opened(t, config)
	err := target.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "performance_schema")
	g := newGrant(time.Hour, makes())
	err = target.Grant(t.Context(), g)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "performance_schema")
	gone(t, s, target, g)
	g = newGrant(time.Hour, reads())
	require.NoError(t, use(t.Context(), g, minted(t, target, g)))
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}
