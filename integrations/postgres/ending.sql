-- Functions of an earlier version of Ramp, with another result.
DROP FUNCTION IF EXISTS ramp.close(text), ramp.strip(text);

-- Ends the backends of a grant, and returns how many there were.
CREATE OR REPLACE FUNCTION ramp.cut(g text) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ramp$
BEGIN
  PERFORM ramp.check_name(g);
  PERFORM pg_stat_clear_snapshot(); -- pg_stat_activity stands still within a transaction
  RETURN (SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usesysid IN (SELECT role FROM ramp.held WHERE grant_name = g));
END
$ramp$;

-- Closes a grant for good, and returns how many logins could not be closed: from the commit
-- on, nobody logs in by the others. The backends end just before each login's row is
-- changed: one of them may hold the lock of that row, for example by changing its password
-- in a transaction, and log in again as soon as it is cut. A login whose row stays
-- locked, as by a prepared transaction, holds up neither the others nor the next
-- steps, which take its rights.
CREATE OR REPLACE FUNCTION ramp.close(g text) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record; remaining int; until timestamptz := clock_timestamp() + interval '2 s';
BEGIN
  PERFORM ramp.check_name(g);
  INSERT INTO ramp.grants (name, closed) VALUES (g, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET closed = coalesce(ramp.grants.closed, excluded.closed);
  PERFORM set_config('lock_timeout', '100', true);
  LOOP
    remaining := 0;
    FOR r IN SELECT a.rolname FROM pg_roles a JOIN ramp.held h ON h.role = a.oid WHERE h.grant_name = g AND a.rolcanlogin LOOP
      PERFORM ramp.cut(g);
      BEGIN
        EXECUTE format('ALTER ROLE %I NOLOGIN', r.rolname);
      EXCEPTION WHEN lock_not_available OR deadlock_detected OR internal_error THEN -- the last: it was changed meanwhile
        remaining := remaining + 1;
      END;
    END LOOP;
    EXIT WHEN remaining = 0 OR clock_timestamp() > until;
  END LOOP;
  RETURN remaining;
END
$ramp$;

-- Takes back one membership, whoever gave it.
CREATE OR REPLACE FUNCTION ramp.take_back(membership oid, holder oid, giver oid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE format('REVOKE %s FROM %s GRANTED BY %s CASCADE', membership::regrole, holder::regrole, giver::regrole);
  ELSE
    EXECUTE format('REVOKE %s FROM %s CASCADE', membership::regrole, holder::regrole);
  END IF;
END
$ramp$;

-- Takes all memberships from a closed grant's roles, and from others those in them, and
-- returns how many could not be taken. What the grant gave goes first, and each by itself.
CREATE OR REPLACE FUNCTION ramp.strip(g text) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record; remaining int := 0;
BEGIN
  PERFORM ramp.check_name(g);
  PERFORM FROM ramp.grants WHERE name = g AND closed IS NOT NULL FOR UPDATE; -- two that revoke it take turns
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the grant is open' USING ERRCODE = 'RP004';
  END IF;
  PERFORM set_config('lock_timeout', '200', true);
  FOR r IN SELECT m.roleid, m.member, m.grantor FROM pg_auth_members m
      WHERE m.roleid IN (SELECT role FROM ramp.held WHERE grant_name = g) OR m.member IN (SELECT role FROM ramp.held WHERE grant_name = g)
      ORDER BY m.roleid IN (SELECT role FROM ramp.held WHERE grant_name = g) LOOP
    BEGIN
      PERFORM ramp.take_back(r.roleid, r.member, r.grantor);
    EXCEPTION WHEN lock_not_available OR deadlock_detected OR internal_error THEN
      remaining := remaining + 1;
    END;
  END LOOP;
  RETURN remaining;
END
$ramp$;

-- Raises an error while a grant is open. The records are in another database, so it goes
-- by what all databases see: the logins of a grant that was stripped are in no role.
CREATE OR REPLACE FUNCTION ramp.check_stripped(g text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
BEGIN
  PERFORM ramp.check_name(g);
  IF EXISTS (SELECT FROM pg_roles a JOIN ramp.held h ON h.role = a.oid JOIN pg_auth_members m ON m.member = a.oid
       WHERE h.grant_name = g AND a.rolcanlogin) THEN
    RAISE EXCEPTION 'the grant is open' USING ERRCODE = 'RP004';
  END IF;
END
$ramp$;

-- Takes a stripped grant's privileges on others' tables of this database, first those that
-- Ramp may give. It is a transaction of its own, and each table is by itself, since what
-- people made can hold up the steps that follow: they may have made thousands of
-- objects, and others may lock them. What is left here, disown takes.
CREATE OR REPLACE FUNCTION ramp.take(g text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record;
BEGIN
  PERFORM ramp.check_stripped(g);
  LOCK TABLE ramp.one_at_a_time IN EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '200', true);
  FOR r IN SELECT n.nspname, c.relname, h.role FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
      JOIN ramp.held h ON h.role = a.grantee
      WHERE h.grant_name = g AND c.relowner NOT IN (SELECT role FROM ramp.held WHERE grant_name = g)
      GROUP BY 1, 2, 3
      ORDER BY EXISTS (SELECT FROM ramp.may_give WHERE kind = 'table'
        AND what = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"') DESC
      LIMIT 500 LOOP
    BEGIN
      EXECUTE format('REVOKE ALL ON %I.%I FROM %s CASCADE', r.nspname, r.relname, r.role::regrole);
    EXCEPTION WHEN OTHERS THEN
      NULL; -- disown meets it again, and says so
    END;
  END LOOP;
END
$ramp$;

-- Gives what a stripped grant's roles made in this database to a role that has no rights
-- and cannot log in: up to a hundred objects, in the order of their numbers, after one. It
-- returns the last number, or NULL when there are none. So thousands of them do not need
-- more locks at once than the server has. An object that somebody locks is passed over.
CREATE OR REPLACE FUNCTION ramp.hand_over(g text, after oid) RETURNS oid LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $ramp$
DECLARE r record; heir text; last oid;
BEGIN
  PERFORM ramp.check_stripped(g);
  SELECT what INTO STRICT heir FROM ramp.may_give WHERE kind = 'leftovers';
  FOR r IN SELECT s.objid, i.identity, CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'routine'
        WHEN i.type = 'statistics object' THEN 'statistics' ELSE replace(i.type, '-', ' ') END AS kind
      FROM (SELECT d.classid, d.objid FROM pg_shdepend d
        WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.deptype = 'o' AND d.objid > after
          AND d.refclassid = 'pg_authid'::regclass AND d.refobjid IN (SELECT role FROM ramp.held WHERE grant_name = g)
          AND NOT EXISTS (SELECT FROM pg_depend t WHERE t.classid = d.classid AND t.objid = d.objid -- a sequence goes with its table
            AND t.refclassid = 'pg_class'::regclass AND t.classid = 'pg_class'::regclass AND t.deptype IN ('a', 'i'))
        ORDER BY d.objid LIMIT 100) s, LATERAL pg_identify_object(s.classid, s.objid, 0) i LOOP
    last := greatest(last, r.objid);
    BEGIN
      EXECUTE format('ALTER %s %s OWNER TO %I', r.kind, r.identity, heir);
    EXCEPTION WHEN OTHERS THEN
      NULL; -- disown meets it again, and says so
    END;
  END LOOP;
  RETURN last;
END
$ramp$;

-- Gives the rest of what a stripped grant's roles made in this database to that same role,
-- and takes all their privileges here.
CREATE OR REPLACE FUNCTION ramp.disown(g text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record; heir text;
BEGIN
  PERFORM ramp.check_stripped(g);
  SELECT what INTO STRICT heir FROM ramp.may_give WHERE kind = 'leftovers';
  FOR r IN SELECT a.rolname FROM pg_roles a JOIN ramp.held h ON h.role = a.oid WHERE h.grant_name = g LOOP
    BEGIN
      EXECUTE format('REASSIGN OWNED BY %I TO %I', r.rolname, heir);
      LOCK TABLE ramp.one_at_a_time IN EXCLUSIVE MODE;
      PERFORM set_config('lock_timeout', '500', true); -- the next grant waits 3 s for that lock
      EXECUTE format('DROP OWNED BY %I', r.rolname);
    EXCEPTION WHEN undefined_object OR internal_error THEN
      -- Somebody else who revokes the same grant has dropped the role meanwhile: it has
      -- nothing left. Postgres says so in either way.
      IF EXISTS (SELECT FROM pg_roles WHERE rolname = r.rolname) THEN
        RAISE;
      END IF;
    END;
  END LOOP;
END
$ramp$;

-- Drops the roles of a closed grant without sessions. Errors: 2BP01 while something is
-- left in a database.
CREATE OR REPLACE FUNCTION ramp.drop(g text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record;
BEGIN
  PERFORM ramp.check_name(g);
  PERFORM FROM ramp.grants WHERE name = g AND closed IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the grant is open' USING ERRCODE = 'RP004';
  END IF;
  IF ramp.sessions(g) > 0 THEN
    RAISE EXCEPTION 'sessions of the grant are left' USING ERRCODE = 'RP006';
  END IF;
  FOR r IN SELECT a.rolname FROM pg_roles a JOIN ramp.held h ON h.role = a.oid WHERE h.grant_name = g ORDER BY a.rolname DESC LOOP
    EXECUTE format('DROP ROLE %I', r.rolname);
  END LOOP;
  DELETE FROM ramp.grants WHERE closed < clock_timestamp() - interval '30 days' AND name <> g;
  DELETE FROM ramp.roles m WHERE NOT EXISTS (SELECT FROM ramp.grants WHERE name = m.grant_name);
  DELETE FROM ramp.seen s WHERE NOT EXISTS (SELECT FROM ramp.grants WHERE name = s.grant_name);
END
$ramp$;
