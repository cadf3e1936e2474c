package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
)

// makes runs statements as somebody with access.
func makes(t *testing.T, c access.Credential, statements ...string) *live {
	t.Helper()
	session, err := dial(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { session.Close() })
	for _, one := range statements {
		_, err := session.conn.PgConn().Exec(t.Context(), one).ReadAll()
		require.NoError(t, err, one)
	}
	return session
}

// TestCase121WhatPeopleMade: it stays, and belongs to a role without rights, so that a
// function that runs with its owner's rights has none.
func TestCase121WhatPeopleMade(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, writes())
	c := minted(t, target, g)
	makes(t, c, "CREATE TABLE workshop.mine AS SELECT * FROM sales.orders", "CREATE VIEW workshop.door AS SELECT * FROM sales.orders",
		"CREATE FUNCTION workshop.peek() RETURNS text SECURITY DEFINER LANGUAGE sql AS 'SELECT what FROM sales.orders'",
		"GRANT SELECT ON workshop.door, workshop.mine TO PUBLIC", "SELECT lo_from_bytea(4711, 'x')",
		"ALTER DEFAULT PRIVILEGES IN SCHEMA workshop GRANT SELECT ON TABLES TO carol")
	s.Exec(t, "orders", "GRANT USAGE ON SCHEMA workshop TO carol", "SET ROLE carol; SELECT workshop.peek(), (SELECT count(*) FROM workshop.door)")
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Empty(t, differences, "what people make is theirs, and no drift")

	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
	owners, err := s.Texts(t.Context(), "orders", `SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname IN ('mine', 'door')
		UNION SELECT pg_get_userbyid(proowner)::text FROM pg_proc WHERE proname = 'peek' UNION SELECT pg_get_userbyid(lomowner)::text FROM pg_largeobject_metadata`)
	require.NoError(t, err)
	require.Equal(t, []string{"ramp_leftovers"}, owners)
	s.Exec(t, "orders", "SET ROLE carol; SELECT count(*) FROM workshop.mine")
	for _, through := range []string{"SELECT workshop.peek()", "SELECT * FROM workshop.door"} {
		require.ErrorContains(t, s.Try(t.Context(), "orders", "SET ROLE carol; "+through), "permission denied", "the access outlived its grant")
	}
}

// A session that holds locks of its own role, or of everybody's memberships, holds up no
// ending.
func TestCase120LocksHoldUpNoEnding(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	for what, statement := range map[string]string{
		"its own row":             "ALTER ROLE CURRENT_USER PASSWORD 'another'",
		"its own settings":        "ALTER ROLE CURRENT_USER SET work_mem = '1MB'",
		"everybody's memberships": "DO $$ BEGIN EXECUTE format('GRANT %I TO carol', current_user); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$", // from Postgres 16 on it may not
		"what it made":            "CREATE TABLE workshop.locked (); LOCK TABLE workshop.locked IN ACCESS EXCLUSIVE MODE",
		"an advisory lock":        "SELECT pg_advisory_xact_lock_shared(1)",
		"a shared table":          "LOCK TABLE sales.orders IN ROW EXCLUSIVE MODE",
		"hash of its name":        "SELECT pg_advisory_xact_lock(hashtext(CURRENT_USER::text))",
		"no timeouts":             "SET statement_timeout = 0; SET idle_session_timeout = 0; SELECT 1",
	} {
		t.Run(what, func(t *testing.T) {
			g := newGrant(time.Hour, writes())
			c := minted(t, target, g)
			session := makes(t, c, "BEGIN; "+statement)
			require.NoError(t, target.Revoke(t.Context(), g))
			require.Error(t, session.Alive(t.Context()), "the session goes on")
			gone(t, s, target, g)
		})
	}
}

// What somebody made in a database that the target does not list keeps its role, which
// cannot log in any more, and the error says where to look.
func TestMadeElsewhere(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	s.Exec(t, "postgres", "CREATE SCHEMA elsewhere", "GRANT ALL ON SCHEMA elsewhere TO orders_write")
	g := newGrant(time.Hour, writes())
	c := minted(t, target, g)
	elsewhere := c
	elsewhere.Env = map[string]string{}
	for k, v := range c.Env {
		elsewhere.Env[k] = v
	}
	elsewhere.Env["PGDATABASE"] = "postgres"
	makes(t, elsewhere, "CREATE TABLE elsewhere.t ()")
	err := target.Revoke(t.Context(), g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "1 object in database postgres")
	require.Error(t, use(t.Context(), g, c), "nobody logs in")
	back, err := target.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.False(t, back.Gone(), "the role is there")
	s.Exec(t, "postgres", "DROP TABLE elsewhere.t")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// What somebody made in another of the target's databases goes to the same role.
func TestSeveralDatabases(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	s.Exec(t, "billing", "CREATE SCHEMA workshop", "GRANT ALL ON SCHEMA workshop TO orders_write")
	e := writes()
	e["database"] = "billing"
	g := newGrant(time.Hour, e)
	c := minted(t, target, g)
	require.Equal(t, "billing", c.Env["PGDATABASE"])
	makes(t, c, "CREATE TABLE workshop.mine ()")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
	owners, err := s.Texts(t.Context(), "billing", "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'mine'")
	require.NoError(t, err)
	require.Equal(t, []string{"ramp_leftovers"}, owners)
}

// A transaction that was prepared outlives its session, and could be committed later: the
// grant counts as in use until a superuser has ended it.
func TestPreparedTransactions(t *testing.T) {
	s, config := start(t, "max_prepared_transactions=5")
	target := opened(t, config)
	g := newGrant(time.Hour, writes())
	makes(t, minted(t, target, g), "BEGIN; INSERT INTO sales.orders VALUES (2, 'later'); PREPARE TRANSACTION 'later'")
	err := target.Revoke(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "prepared transactions")
	back, err := target.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, 1, back.Sessions)
	s.Exec(t, "orders", "ROLLBACK PREPARED 'later'")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// A closed grant never opens again, however late the call comes.
func TestNeverOpensAgain(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	require.NoError(t, target.Revoke(t.Context(), g), "overtakes its grant")
	require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(t.Context(), g)))
	gone(t, s, target, g)
	// Interrupted in each of its steps, and with the roles still there.
	g = newGrant(time.Hour, reads())
	c := minted(t, target, g)
	s.Exec(t, "orders", `SELECT ramp.close('`+g.Name+`')`)
	require.Error(t, use(t.Context(), g, c))
	for what, err := range map[string]error{"Grant": target.Grant(t.Context(), g), "Extend": target.Extend(t.Context(), g), "Restore": target.Restore(t.Context(), g)} {
		require.Error(t, err, what)
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%s: %v", what, err)
	}
	_, err := target.Mint(t.Context(), g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	require.Error(t, use(t.Context(), g, c), "it opened again")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// A role that was renamed by hand is found by its mark, and a role that got the number of
// one that was dropped is left alone.
func TestRenamedAndReused(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	s.Exec(t, "orders", `ALTER ROLE "`+c.Env["PGUSER"]+`" RENAME TO innocent`)
	c.Env["PGUSER"] = "innocent"
	require.NoError(t, use(t.Context(), g, c), "it works under its new name")
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Contains(t, strings.Join(differences, "; "), "innocent")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
	require.Error(t, use(t.Context(), g, c), "the renamed role is left")
	left, err := s.Texts(t.Context(), "orders", "SELECT rolname FROM pg_roles WHERE rolname = 'innocent'")
	require.NoError(t, err)
	require.Empty(t, left, "a role that can log in is left, without rights")

	g = newGrant(time.Hour, reads())
	require.NoError(t, target.Grant(t.Context(), g))
	s.Exec(t, "orders", `INSERT INTO ramp.roles SELECT oid, '`+g.Name+`' FROM pg_roles WHERE rolname = 'carol'`)
	require.NoError(t, target.Revoke(t.Context(), g))
	there, err := s.Texts(t.Context(), "orders", "SELECT rolname FROM pg_roles WHERE rolname = 'carol' AND rolcanlogin")
	require.NoError(t, err)
	require.Len(t, there, 1, "somebody else's role was closed")
}

// TestSessionOfADroppedRole: a session goes on when somebody drops its role, and ends with
// its grant all the same.
func TestSessionOfADroppedRole(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	session, err := dial(t.Context(), c)
	require.NoError(t, err)
	defer session.Close()
	login := postgrestest.Quoted(c.Env["PGUSER"])
	s.Exec(t, "orders", "DROP OWNED BY "+login, "DROP ROLE "+login)
	_, err = session.conn.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err, "Postgres lets it go on, without the role's rights")
	require.NoError(t, target.Revoke(t.Context(), g))
	_, err = session.conn.Exec(t.Context(), "SELECT 1")
	require.Error(t, err)
	gone(t, s, target, g)
}
