BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
DO $ramp$
BEGIN
  IF current_setting('server_version_num')::int < 140000 THEN
    RAISE EXCEPTION 'Ramp needs Postgres 14 or newer';
  END IF;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'run this as a superuser: its functions act with the rights of whoever runs it';
  END IF;
  -- Whoever owned the schema could put other functions in the place of these.
  IF EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'ramp' AND NOT r.rolsuper) THEN
    RAISE EXCEPTION 'there is a schema ramp in this database that no superuser owns; drop or rename it';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') THEN
    CREATE ROLE "{user}";
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{leftovers}') THEN
    CREATE ROLE "{leftovers}";
  END IF;
END
$ramp$;
ALTER ROLE "{user}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE "{leftovers}" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT CONNECT ON DATABASE "{database}" TO "{user}";
CREATE SCHEMA IF NOT EXISTS ramp;
REVOKE ALL ON SCHEMA ramp FROM PUBLIC;
GRANT USAGE ON SCHEMA ramp TO "{user}";

-- What Ramp may give. Postgres itself holds Ramp to it.
CREATE TABLE IF NOT EXISTS ramp.may_give (kind text NOT NULL, what text NOT NULL, privilege text NOT NULL DEFAULT '', PRIMARY KEY (kind, what, privilege));
DELETE FROM ramp.may_give;
INSERT INTO ramp.may_give (kind, what, privilege) VALUES {may_give};

-- One row for each grant, which is what serializes the steps of one grant, and says
-- that it was closed: a closed grant never opens again.
CREATE TABLE IF NOT EXISTS ramp.grants (name text PRIMARY KEY, closed timestamptz);
-- The roles that were made, by their oid: a session of a role that somebody dropped by
-- hand goes on, and has no name any more.
CREATE TABLE IF NOT EXISTS ramp.roles (role oid NOT NULL, grant_name text NOT NULL, PRIMARY KEY (role, grant_name));
-- Sessions that a look has seen: when each began, and when it was seen last. No session says
-- how it ended, and one between two looks is not seen.
CREATE TABLE IF NOT EXISTS ramp.seen (grant_name text NOT NULL, pid int NOT NULL, began timestamptz NOT NULL, seen timestamptz NOT NULL, PRIMARY KEY (grant_name, pid, began));
-- Nobody but these functions can hold this lock, as anybody could an advisory one.
CREATE TABLE IF NOT EXISTS ramp.one_at_a_time ();
REVOKE ALL ON ramp.may_give, ramp.grants, ramp.roles, ramp.seen, ramp.one_at_a_time FROM PUBLIC, "{user}";
GRANT SELECT ON ramp.may_give, ramp.grants, ramp.roles, ramp.seen TO "{user}";

-- Which roles belong to a grant: by their names, and by what was recorded. A recorded
-- oid counts while no role has it, or one does that Ramp marked: the oid of a dropped
-- role may be given to a role of somebody else's.
CREATE OR REPLACE VIEW ramp.held AS
  SELECT oid AS role, substr(rolname, 1, 23) AS grant_name FROM pg_roles
    WHERE rolname ~ '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{16})?$'
  UNION
  SELECT m.role, m.grant_name FROM ramp.roles m LEFT JOIN pg_roles r ON r.oid = m.role
    WHERE r.oid IS NULL OR shobj_description(r.oid, 'pg_authid') = 'Made by Ramp for ' || m.grant_name;
REVOKE ALL ON ramp.held FROM PUBLIC, "{user}";
GRANT SELECT ON ramp.held TO "{user}";

-- Transactions that were prepared and wait for their end: they outlive their backends.
CREATE OR REPLACE FUNCTION ramp.prepared(g text) RETURNS int LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $ramp$
  SELECT count(*)::int FROM pg_prepared_xact() WHERE ownerid IN (SELECT role FROM ramp.held WHERE grant_name = g)
$ramp$;

-- Sessions are backends and prepared transactions.
CREATE OR REPLACE FUNCTION ramp.sessions(g text) RETURNS int LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $ramp$
  SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE usesysid IN (SELECT role FROM ramp.held WHERE grant_name = g)) + ramp.prepared(g)
$ramp$;

-- Notes the sessions that there are: of one grant, or of all if g is NULL. A thousand of
-- a grant are kept; who connects again and again fills no disk. It waits for nobody: what
-- it cannot note now, it notes at the next look.
CREATE OR REPLACE FUNCTION ramp.note_sessions(g text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $ramp$
BEGIN
  PERFORM pg_stat_clear_snapshot();
  INSERT INTO ramp.seen AS s (grant_name, pid, began, seen)
    SELECT DISTINCT h.grant_name, a.pid, a.backend_start, now() FROM pg_stat_activity a JOIN ramp.held h ON h.role = a.usesysid
      WHERE coalesce(h.grant_name = g, true) AND a.backend_start IS NOT NULL
        AND ((SELECT count(*) FROM ramp.seen o WHERE o.grant_name = h.grant_name) < 1000
          OR EXISTS (SELECT FROM ramp.seen o WHERE o.grant_name = h.grant_name AND o.pid = a.pid AND o.began = a.backend_start))
    ON CONFLICT (grant_name, pid, began) DO UPDATE SET seen = greatest(s.seen, excluded.seen);
END
$ramp$;

-- Raises an error if something is not the name of a grant of Ramp's.
CREATE OR REPLACE FUNCTION ramp.check_name(g text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
BEGIN
  IF coalesce(g !~ '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j]$', true) THEN
    RAISE EXCEPTION 'this is not the name of a grant of Ramp''s' USING ERRCODE = 'RP004';
  END IF;
END
$ramp$;

-- Locks the row of a grant that is open, until the end of the transaction.
CREATE OR REPLACE FUNCTION ramp.lock_open(g text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
DECLARE was timestamptz;
BEGIN
  PERFORM ramp.check_name(g);
  SELECT closed INTO was FROM ramp.grants WHERE name = g FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing is open under this grant' USING ERRCODE = 'RP002';
  END IF;
  IF was IS NOT NULL THEN
    RAISE EXCEPTION 'the grant was revoked' USING ERRCODE = 'RP001';
  END IF;
END
$ramp$;

-- Raises an error if a role is none that Ramp may give, or leads to more than its own
-- privileges.
CREATE OR REPLACE FUNCTION ramp.check_roles(gives text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
DECLARE one text; o oid;
BEGIN
  FOREACH one IN ARRAY gives LOOP
    IF NOT EXISTS (SELECT FROM ramp.may_give WHERE kind = 'role' AND what = one) THEN
      RAISE EXCEPTION 'Ramp may not give the role %', quote_ident(one) USING ERRCODE = 'RP004';
    END IF;
    SELECT oid INTO o FROM pg_roles WHERE rolname = one;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no role %', quote_ident(one) USING ERRCODE = 'RP004';
    END IF;
    -- Who may log in could be given another password by people, who are that role after
    -- SET ROLE. Postgres' own roles lead to files, programs, other people's sessions, all
    -- tables (ramp's too) and the verifiers of passwords.
    IF EXISTS (SELECT FROM pg_roles s WHERE pg_has_role(o, s.oid, 'MEMBER')
         AND (s.rolcanlogin OR s.rolsuper OR s.rolcreaterole OR s.rolcreatedb OR s.rolreplication OR s.rolbypassrls
           OR s.rolname ~ '^pg_' AND s.rolname NOT IN ('pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables'))) THEN
      RAISE EXCEPTION 'the role % may log in, make roles or databases, replicate, pass row security, or is a superuser or one of Postgres'' own roles, or is a member of such a role; Ramp does not give it', quote_ident(one) USING ERRCODE = 'RP004';
    END IF;
  END LOOP;
END
$ramp$;

-- Raises an error if a role may create something here, on a server where membership lets
-- people be that role (SET ROLE): what they made then would be the role's, with the role's
-- rights, for good. From Postgres 16 on, membership comes without that.
CREATE OR REPLACE FUNCTION ramp.check_creators(gives text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
DECLARE r record;
BEGIN
  IF current_setting('server_version_num')::int >= 160000 OR EXISTS (SELECT FROM ramp.may_give WHERE kind = 'creators') THEN
    RETURN;
  END IF;
  FOR r IN SELECT a.rolname, w.place FROM pg_roles a JOIN pg_roles s ON pg_has_role(a.oid, s.oid, 'MEMBER'), LATERAL (
      SELECT 'schema ' || quote_ident(nspname) AS place FROM pg_namespace n WHERE has_schema_privilege(s.oid, n.oid, 'CREATE')
      UNION ALL SELECT 'database ' || quote_ident(datname) FROM pg_database d WHERE has_database_privilege(s.oid, d.oid, 'CREATE')) w
      WHERE a.rolname = ANY (gives) LIMIT 1 LOOP
    RAISE EXCEPTION 'the role % may CREATE in % (seen in database %), and on Postgres 14 and 15 what people make as that role outlives their access; take the privilege from it and from PUBLIC, use Postgres 16, or set rolesMayCreate',
      quote_ident(r.rolname), r.place, current_database() USING ERRCODE = 'RP004';
  END LOOP;
END
$ramp$;

-- Makes a grant's role a member of a listed one: with its privileges, and without SET ROLE
-- to it where Postgres knows the difference.
CREATE OR REPLACE FUNCTION ramp.join_role(one text, g text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $ramp$
BEGIN
  EXECUTE format('GRANT %I TO %I', one, g) || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;
END
$ramp$;

-- Opens a grant: a role that cannot log in, a member of what is given.
CREATE OR REPLACE FUNCTION ramp.open(g text, ends timestamptz, gives text[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE one text;
BEGIN
  PERFORM ramp.check_name(g);
  PERFORM ramp.check_roles(gives);
  PERFORM ramp.check_creators(gives);
  INSERT INTO ramp.grants (name) VALUES (g) ON CONFLICT DO NOTHING;
  PERFORM ramp.lock_open(g);
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = g) THEN
    RETURN; -- whether it is as it was granted, the worker compares
  END IF;
  IF ends IS NULL OR NOT isfinite(ends) OR ends <= clock_timestamp() THEN
    RAISE EXCEPTION 'the grant has expired by the clock of the database' USING ERRCODE = 'RP003';
  END IF;
  EXECUTE format('CREATE ROLE %I NOLOGIN INHERIT VALID UNTIL %L', g, ends);
  EXECUTE format('COMMENT ON ROLE %I IS %L', g, 'Made by Ramp for ' || g);
  INSERT INTO ramp.roles SELECT oid, g FROM pg_roles WHERE rolname = g;
  FOREACH one IN ARRAY gives LOOP
    PERFORM ramp.join_role(one, g);
  END LOOP;
END
$ramp$;

-- Gives privileges on tables of this database to a grant's role. The three lists are
-- read together.
CREATE OR REPLACE FUNCTION ramp.give(g text, schemas text[], tables text[], privileges text[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
BEGIN
  PERFORM ramp.check_name(g);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = g) THEN
    RAISE EXCEPTION 'nothing is open under this grant' USING ERRCODE = 'RP002';
  END IF;
  LOCK TABLE ramp.one_at_a_time IN EXCLUSIVE MODE; -- two grants at once would change one row of the catalog
  FOR i IN 1 .. cardinality(tables) LOOP
    IF NOT EXISTS (SELECT FROM ramp.may_give WHERE kind = 'table' AND privilege = privileges[i]
         AND what = '"' || replace(schemas[i], '"', '""') || '"."' || replace(tables[i], '"', '""') || '"')
       OR privileges[i] NOT IN ('select', 'insert', 'update', 'delete', 'truncate') THEN
      RAISE EXCEPTION 'Ramp may not give % on %.%', privileges[i], quote_ident(schemas[i]), quote_ident(tables[i]) USING ERRCODE = 'RP004';
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', schemas[i], g);
    EXECUTE format('GRANT %s ON TABLE %I.%I TO %I', privileges[i], schemas[i], tables[i], g);
  END LOOP;
END
$ramp$;

-- Makes the login of one pick-up, a member of the grant's role and of nothing else.
-- It takes a verifier, and no password in clear.
CREATE OR REPLACE FUNCTION ramp.login(g text, login text, verifier text, ends timestamptz, connections int) RETURNS timestamptz LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE until timestamptz;
BEGIN
  PERFORM ramp.lock_open(g);
  IF coalesce(login !~ ('^' || g || '-[0-9a-hjkmnp-tv-z]{16}$'), true)
     OR coalesce(verifier !~ '^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$', true)
     OR coalesce(connections NOT BETWEEN 1 AND 100, true) THEN
    RAISE EXCEPTION 'this is no login of Ramp''s' USING ERRCODE = 'RP004';
  END IF;
  SELECT rolvaliduntil INTO until FROM pg_roles WHERE rolname = g;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing is open under this grant' USING ERRCODE = 'RP002';
  END IF;
  until := least(until, ends);
  IF until IS NULL OR NOT isfinite(until) OR until <= clock_timestamp() THEN
    RAISE EXCEPTION 'the grant has expired by the clock of the database' USING ERRCODE = 'RP003';
  END IF;
  IF (SELECT count(*) FROM ramp.roles WHERE grant_name = g) > 100 THEN
    RAISE EXCEPTION 'the grant was picked up 100 times' USING ERRCODE = 'RP005';
  END IF;
  EXECUTE format('CREATE ROLE %I LOGIN INHERIT CONNECTION LIMIT %s PASSWORD %L VALID UNTIL %L IN ROLE %I', login, connections, verifier, until, g);
  EXECUTE format('COMMENT ON ROLE %I IS %L', login, 'Made by Ramp for ' || g);
  INSERT INTO ramp.roles SELECT oid, g FROM pg_roles WHERE rolname = login;
  RETURN until;
END
$ramp$;

-- Moves the end of a grant and of its logins, and never to an earlier one.
CREATE OR REPLACE FUNCTION ramp.extend(g text, ends timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record;
BEGIN
  PERFORM ramp.lock_open(g);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = g) THEN
    RAISE EXCEPTION 'nothing is open under this grant' USING ERRCODE = 'RP002';
  END IF;
  IF ends IS NULL OR NOT isfinite(ends) THEN
    RAISE EXCEPTION 'an end is needed' USING ERRCODE = 'RP004';
  END IF;
  FOR r IN SELECT a.rolname FROM pg_roles a JOIN ramp.roles m ON m.role = a.oid AND m.grant_name = g WHERE a.rolvaliduntil < ends LOOP
    EXECUTE format('ALTER ROLE %I VALID UNTIL %L', r.rolname, ends);
  END LOOP;
END
$ramp$;

{ending}
-- Makes the roles of an open grant what they were, and ends its sessions, which may
-- have begun under other terms.
CREATE OR REPLACE FUNCTION ramp.restore(g text, ends timestamptz, gives text[], connections int) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $ramp$
DECLARE r record; own oid; one text; until timestamptz;
BEGIN
  PERFORM ramp.check_roles(gives);
  PERFORM ramp.lock_open(g);
  SELECT oid INTO own FROM pg_roles WHERE rolname = g;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing is open under this grant' USING ERRCODE = 'RP002';
  END IF;
  IF ends IS NULL OR NOT isfinite(ends) OR coalesce(connections NOT BETWEEN 1 AND 100, true) THEN
    RAISE EXCEPTION 'these are no terms of a grant' USING ERRCODE = 'RP004';
  END IF;
  FOR r IN SELECT a.* FROM pg_roles a JOIN ramp.held h ON h.role = a.oid WHERE h.grant_name = g LOOP
    until := CASE WHEN isfinite(r.rolvaliduntil) THEN least(r.rolvaliduntil, ends) ELSE ends END;
    EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS VALID UNTIL %L CONNECTION LIMIT %s',
      r.rolname, coalesce(until, ends), CASE WHEN r.oid = own THEN -1 ELSE connections END);
    IF r.oid = own AND r.rolcanlogin THEN
      EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', r.rolname);
    END IF;
  END LOOP;
  PERFORM ramp.take_back(m.roleid, m.member, m.grantor) FROM pg_auth_members m
    JOIN pg_roles a ON a.oid = m.roleid LEFT JOIN ramp.held h ON h.role = m.member AND h.grant_name = g
    WHERE (m.member = own AND (m.admin_option OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, false) OR NOT a.rolname = ANY (gives))) -- Postgres 15 has no set_option
      OR (h.role IS NOT NULL AND m.member <> own AND (m.admin_option OR m.roleid <> own))
      OR (m.roleid IN (SELECT role FROM ramp.held WHERE grant_name = g) AND h.role IS NULL);
  FOREACH one IN ARRAY gives LOOP
    IF NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles a ON a.oid = m.roleid WHERE m.member = own AND a.rolname = one) THEN
      PERFORM ramp.join_role(one, g);
    END IF;
  END LOOP;
  FOR r IN SELECT a.rolname, a.oid FROM pg_roles a JOIN ramp.held h ON h.role = a.oid WHERE h.grant_name = g AND a.oid <> own LOOP
    IF NOT EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid AND roleid = own) THEN
      EXECUTE format('GRANT %I TO %I', g, r.rolname);
    END IF;
  END LOOP;
  PERFORM ramp.cut(g);
END
$ramp$;

-- Ends the sessions of logins that are past their end, and returns how many there were.
-- Ramp does not need it; a timer on the server may call it for the time when Ramp is gone.
CREATE OR REPLACE FUNCTION ramp.end_expired() RETURNS int LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ramp$
  SELECT count(pg_terminate_backend(s.pid))::int FROM pg_stat_activity s
    JOIN pg_roles r ON r.oid = s.usesysid JOIN ramp.held h ON h.role = r.oid
    WHERE r.rolvaliduntil <= clock_timestamp()
$ramp$;

-- Lines of pg_hba.conf that let logins in over the network without a password: the end
-- of a login is the end of its password only.
CREATE OR REPLACE FUNCTION ramp.open_lines() RETURNS SETOF int LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ramp$
  SELECT line_number FROM pg_hba_file_rules
    WHERE auth_method = 'trust' AND type <> 'local' AND coalesce(address NOT IN ('127.0.0.1', '::1', 'localhost'), true)
$ramp$;

CREATE OR REPLACE FUNCTION ramp.setup() RETURNS text LANGUAGE sql IMMUTABLE AS $ramp$ SELECT '{digest}'::text $ramp$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ramp FROM PUBLIC, "{user}";
GRANT EXECUTE ON FUNCTION ramp.setup(), ramp.open_lines(), ramp.prepared(text), ramp.sessions(text), ramp.check_creators(text[]), ramp.open(text, timestamptz, text[]),
  ramp.give(text, text[], text[], text[]), ramp.login(text, text, text, timestamptz, int), ramp.extend(text, timestamptz),
  ramp.cut(text), ramp.close(text), ramp.strip(text), ramp.take(text), ramp.hand_over(text, oid), ramp.disown(text), ramp.drop(text),
  ramp.restore(text, timestamptz, text[], int), ramp.end_expired(), ramp.note_sessions(text) TO "{user}";
COMMIT;
