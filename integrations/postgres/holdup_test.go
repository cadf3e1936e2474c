package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
)

// doors are what somebody leaves behind for carol, who has no access: functions with their
// owner's rights, one to what a role gives and one to what was given directly.
func doors() []string {
	return []string{
		"CREATE FUNCTION workshop.door() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM sales.orders'",
		"CREATE FUNCTION workshop.second_door() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM sales.refunds'",
	}
}

// held is a grant with doors for carol.
type held struct {
	*testing.T
	s      *postgrestest.Server
	target *integrations.Guarded
	g      access.Grant
	c      access.Credential
}

func holdsUp(t *testing.T, settings ...string) held {
	s, config := start(t, settings...)
	s.Exec(t, "orders", "GRANT USAGE ON SCHEMA workshop TO carol", "ALTER ROLE carol PASSWORD 'carols-own'")
	h := held{t, s, opened(t, config), newGrant(time.Hour, access.Entitlement{"database": "orders",
		"roles": []any{"orders_write"}, "tables": []any{"sales.refunds"}, "privileges": []any{"select"}}), access.Credential{}}
	h.c = minted(t, h.target, h.g)
	// The second is the grant's own role's, whose privileges were given directly.
	makes(t, h.c, doors()[0], "SET ROLE "+postgrestest.Quoted(h.g.Name), doors()[1])
	s.Exec(t, "orders", "SET ROLE carol; SELECT workshop.door(), workshop.second_door()")
	return h
}

// shut demands that the doors lead nowhere.
func (h held) shut() {
	h.Helper()
	for _, door := range []string{"door", "second_door"} {
		require.ErrorContains(h, h.s.Try(h.Context(), "orders", "SET ROLE carol; SELECT workshop."+door+"()"), "permission denied", "%s is open", door)
	}
}

// ends demands that the grant ends.
func (h held) ends() {
	h.Helper()
	require.NoError(h, h.target.Revoke(h.Context(), h.g))
	gone(h.T, h.s, h.target, h.g)
	h.shut()
}

// TestCase132NothingHoldsUpTheEnd: whatever people lock, make or prepare, the rights go at
// the end. What is held up is the drop of roles without rights.
func TestCase132NothingHoldsUpTheEnd(t *testing.T) {
	t.Run("an accomplice's lock", func(t *testing.T) {
		h := holdsUp(t)
		makes(t, h.c, "CREATE TABLE workshop.held ()", "GRANT SELECT ON workshop.held TO carol")
		carol, err := pgx.Connect(t.Context(), h.s.URL("carol", "carols-own", "orders"))
		require.NoError(t, err)
		defer carol.Close(t.Context())
		_, err = carol.PgConn().Exec(t.Context(), "BEGIN; SELECT FROM workshop.held").ReadAll()
		require.NoError(t, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(h.target.Revoke(t.Context(), h.g)))
		h.shut()
		_, err = carol.Exec(t.Context(), "COMMIT")
		require.NoError(t, err)
		h.ends()
	})
	t.Run("more objects than the server has locks", func(t *testing.T) {
		h := holdsUp(t, "max_connections=20", "max_locks_per_transaction=10")
		session := makes(t, h.c)
		for range 20 {
			_, err := session.conn.Exec(t.Context(), `DO $$ BEGIN FOR i IN 1..100 LOOP
				EXECUTE format('CREATE TABLE workshop.%I ()', gen_random_uuid()); END LOOP; END $$`)
			require.NoError(t, err)
		}
		require.ErrorContains(t, h.s.Try(t.Context(), "orders", "REASSIGN OWNED BY "+postgrestest.Quoted(h.c.Env["PGUSER"])+" TO carol"), "out of shared memory")
		h.ends()
		left, err := h.s.Texts(t.Context(), "orders", "SELECT count(*)::text FROM pg_class WHERE relnamespace = 'workshop'::regnamespace AND relowner <> 'ramp_leftovers'::regrole")
		require.NoError(t, err)
		require.Equal(t, []string{"0"}, left)
	})
	for what, statement := range map[string]string{
		"a prepared transaction":                 "INSERT INTO sales.orders VALUES (2, 'later')",
		"a prepared transaction, of its own row": "ALTER ROLE CURRENT_USER PASSWORD 'another'",
		"a prepared transaction, of its doors":   "ALTER FUNCTION workshop.door() SET work_mem = '1MB'; ALTER FUNCTION workshop.second_door() SET work_mem = '1MB'",
	} {
		t.Run(what, func(t *testing.T) {
			h := holdsUp(t, "max_prepared_transactions=5")
			makes(t, h.c, "BEGIN; "+statement+"; PREPARE TRANSACTION 'later'")
			for range 2 {
				err := h.target.Revoke(t.Context(), h.g)
				require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "prepared transactions")
				h.shut()
			}
			h.s.Exec(t, "orders", "ROLLBACK PREPARED 'later'")
			h.ends()
		})
	}
	t.Run("logins that come back at once", func(t *testing.T) {
		h := holdsUp(t)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		var locked sync.WaitGroup
		locked.Add(3)
		for range 3 {
			once := sync.OnceFunc(locked.Done)
			c, err := h.target.Mint(t.Context(), h.g)
			require.NoError(t, err)
			all.Go(func() {
				for ctx.Err() == nil {
					if session, err := dial(ctx, c); err == nil {
						_, _ = session.conn.PgConn().Exec(ctx, "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'another'").ReadAll()
						once()
						_, _ = session.conn.Exec(ctx, "SELECT pg_sleep(600)")
						session.Close()
					}
				}
			})
		}
		locked.Wait()
		require.Eventually(t, func() bool { return h.target.Revoke(t.Context(), h.g) == nil }, time.Minute, time.Millisecond)
		h.ends()
	})
}

// TestCase131NobodyMakesThingsAsAListedRole: what is made after SET ROLE to a listed role
// would be that role's for good. From Postgres 16 on nobody with access can be the role;
// before, a role that may create something is not given.
func TestCase131NobodyMakesThingsAsAListedRole(t *testing.T) {
	s, config := start(t)
	config.RolesMayCreate = false
	s.Setup(t, config)
	target := opened(t, config)
	version, err := s.Texts(t.Context(), "orders", "SHOW server_version_num")
	require.NoError(t, err)
	s.Exec(t, "orders", "REVOKE CREATE ON SCHEMA workshop FROM orders_write", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE ROLE between NOINHERIT", "GRANT between TO orders_write")
	s.Exec(t, "billing", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE SCHEMA workshop")
	g := newGrant(time.Hour, writes())
	require.NoError(t, use(t.Context(), g, minted(t, target, g)), "a role that may create nothing")
	require.NoError(t, target.Revoke(t.Context(), g))
	for what, c := range map[string]struct{ database, may, undo string }{
		"in a schema":                     {"orders", "GRANT CREATE ON SCHEMA workshop TO orders_write", "REVOKE CREATE ON SCHEMA workshop FROM orders_write"},
		"in a schema, by another role":    {"orders", "GRANT CREATE, USAGE ON SCHEMA workshop TO between", "REVOKE ALL ON SCHEMA workshop FROM between"},
		"in a schema, as everybody":       {"orders", "GRANT CREATE ON SCHEMA workshop TO PUBLIC", "REVOKE CREATE ON SCHEMA workshop FROM PUBLIC"},
		"in a database":                   {"orders", "GRANT CREATE ON DATABASE orders TO orders_write", "REVOKE CREATE ON DATABASE orders FROM orders_write"},
		"in a schema of another database": {"billing", "GRANT CREATE, USAGE ON SCHEMA workshop TO orders_write", "REVOKE ALL ON SCHEMA workshop FROM orders_write"},
	} {
		t.Run(what, func(t *testing.T) {
			s.Exec(t, c.database, c.may)
			defer s.Exec(t, c.database, c.undo)
			g := newGrant(time.Hour, writes())
			if version[0] < "160000" {
				err := target.Grant(t.Context(), g)
				require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "may CREATE in")
				gone(t, s, target, g)
				return
			}
			session, err := dial(t.Context(), minted(t, target, g))
			require.NoError(t, err)
			defer session.Close()
			for _, role := range []string{"orders_write", "between"} {
				_, err = session.conn.Exec(t.Context(), "SET ROLE "+role)
				require.ErrorContains(t, err, "permission denied")
			}
			require.NoError(t, target.Revoke(t.Context(), g))
		})
	}
}

// TestBecomesAListedRole: from Postgres 16 on, somebody can be let SET ROLE by hand, which
// is taken back.
func TestBecomesAListedRole(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	version, err := s.Texts(t.Context(), "orders", "SHOW server_version_num")
	require.NoError(t, err)
	if version[0] < "160000" {
		makes(t, c, "SET ROLE orders_read")
		return
	}
	s.Exec(t, "orders", "GRANT orders_read TO "+postgrestest.Quoted(g.Name)+" WITH SET TRUE")
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Contains(t, differences, "it may SET ROLE orders_read")
	require.NoError(t, target.Restore(t.Context(), g))
	differences, err = target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Empty(t, differences)
	session, err := dial(t.Context(), c)
	require.NoError(t, err)
	defer session.Close()
	require.NoError(t, session.Alive(t.Context()))
	_, err = session.conn.Exec(t.Context(), "SET ROLE orders_read")
	require.Error(t, err)
}
