SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00'
$$
BEGIN NOT ATOMIC -- MySQL ends here: it has no such block
  DECLARE version INT DEFAULT CAST(SUBSTRING_INDEX(VERSION(), '.', 1) AS UNSIGNED) * 100 + CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(VERSION(), '.', 2), '.', -1) AS UNSIGNED);
  IF VERSION() NOT LIKE '%MariaDB%' OR version < 1011 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Ramp needs MariaDB 10.11 or newer';
  END IF;
END
$$
CREATE DATABASE IF NOT EXISTS ramp
$$
ALTER DATABASE ramp CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
$$
DROP PROCEDURE IF EXISTS ramp.setup
$$
{plugin}
$$
-- Nobody can log in as the owner, whose rights the procedures have; CREATE USER among them.
CREATE USER IF NOT EXISTS `{owner}`@`localhost` IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK
$$
ALTER USER `{owner}`@`localhost` IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK
$$
GRANT CREATE USER, PROCESS, CONNECTION ADMIN{creators} ON *.* TO `{owner}`@`localhost`
$$
-- UPDATE is what SET DEFAULT ROLE for others needs.
GRANT SELECT, UPDATE ON mysql.* TO `{owner}`@`localhost`
$$
GRANT ALL PRIVILEGES ON ramp.* TO `{owner}`@`localhost`
$$
{grants}CREATE USER IF NOT EXISTS `{user}`@`%` IDENTIFIED VIA mysql_native_password USING 'invalid'
$$
ALTER USER `{user}`@`%` REQUIRE {require}
$$
-- What Ramp may give, and how. MariaDB itself holds Ramp to it.
CREATE TABLE IF NOT EXISTS ramp.may_give (kind VARCHAR(20) NOT NULL, what VARCHAR(400) NOT NULL, privilege VARCHAR(20) NOT NULL, PRIMARY KEY (kind, what, privilege)) ENGINE = InnoDB
$$
-- One row for each grant: its end as seconds since 1970, what it gives, and when it was
-- closed. A closed grant never opens again.
CREATE TABLE IF NOT EXISTS ramp.grants (name VARCHAR(23) NOT NULL PRIMARY KEY, ends BIGINT NOT NULL, closed BIGINT, roles TEXT NOT NULL, gives TEXT NOT NULL) ENGINE = InnoDB
$$
-- Whether the grant is being restored, and which of its accounts: what a crash leaves half
-- made is made by the next restore.
ALTER TABLE ramp.grants ADD COLUMN IF NOT EXISTS restoring BOOLEAN NOT NULL DEFAULT FALSE
$$
CREATE TABLE IF NOT EXISTS ramp.logins (login VARCHAR(32) NOT NULL PRIMARY KEY, host VARCHAR(255) NOT NULL, grant_name VARCHAR(23) NOT NULL, verifier VARCHAR(100) NOT NULL, KEY (grant_name)) ENGINE = InnoDB
$$
ALTER TABLE ramp.logins ADD COLUMN IF NOT EXISTS restoring BOOLEAN NOT NULL DEFAULT FALSE
$$
-- What was made with access and removed at its end, for whoever wants it back.
CREATE TABLE IF NOT EXISTS ramp.removed (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, grant_name VARCHAR(23) NOT NULL, removed BIGINT NOT NULL, kind VARCHAR(10) NOT NULL, name VARCHAR(400) NOT NULL, statement LONGTEXT NOT NULL) ENGINE = InnoDB
$$
-- Sessions that a look has seen: by their number and when the server was started, since
-- numbers begin again with it; and when each was seen first and last, in milliseconds since
-- 1970. No session says when it began or how it ended, and one between two looks is not seen.
CREATE TABLE IF NOT EXISTS ramp.seen (grant_name VARCHAR(23) NOT NULL, id BIGINT NOT NULL, server_start BIGINT NOT NULL, began BIGINT NOT NULL, seen BIGINT NOT NULL, PRIMARY KEY (grant_name, id, server_start)) ENGINE = InnoDB
$$
DELETE FROM ramp.may_give
$$
INSERT INTO ramp.may_give (kind, what, privilege) VALUES {may_give}
$$
-- Accounts and roles by the names of Ramp's grants. mysql.global_priv compares bytes.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` VIEW ramp.held AS
  SELECT CAST(User AS CHAR CHARACTER SET utf8mb4) AS login, CAST(Host AS CHAR CHARACTER SET utf8mb4) AS host, CAST(LEFT(User, 23) AS CHAR CHARACTER SET utf8mb4) AS grant_name,
    COALESCE(JSON_VALUE(Priv, '$.is_role'), 'false') IN ('true', '1') AS is_role, COALESCE(JSON_VALUE(Priv, '$.account_locked'), 'false') IN ('true', '1') AS locked, Priv AS attributes
  FROM mysql.global_priv WHERE User RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{8})?$'
$$
{sessions}CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_name(g TEXT)
BEGIN
  IF NOT COALESCE(g RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j]$', FALSE) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'this is not the name of a grant of Ramp''s';
  END IF;
END
$$
-- Raises an error unless a grant is open.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_open(g TEXT)
BEGIN
  DECLARE at, until BIGINT;
  DECLARE EXIT HANDLER FOR NOT FOUND SIGNAL SQLSTATE 'RP002' SET MESSAGE_TEXT = 'nothing is open under this grant';
  CALL ramp.check_name(g);
  SELECT closed, ends INTO at, until FROM ramp.grants WHERE name = g;
  IF at IS NOT NULL THEN
    SIGNAL SQLSTATE 'RP001' SET MESSAGE_TEXT = 'the grant was revoked';
  END IF;
  IF until <= UNIX_TIMESTAMP() THEN
    SIGNAL SQLSTATE 'RP003' SET MESSAGE_TEXT = 'the grant has expired by the clock of the database';
  END IF;
  IF NOT EXISTS (SELECT * FROM ramp.held WHERE login = g AND is_role) AND NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g AND restoring) THEN
    SIGNAL SQLSTATE 'RP002' SET MESSAGE_TEXT = 'nothing is open under this grant';
  END IF;
END
$$
-- Raises an error where sessions of a grant might not be seen, and so not be ended.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_seen()
BEGIN
  DECLARE problem TEXT DEFAULT (SELECT MIN(what) FROM ramp.unseen);
  IF problem IS NOT NULL THEN
    SIGNAL SQLSTATE 'RP006' SET MESSAGE_TEXT = problem;
  END IF;
END
$$
-- Raises an error if a role is none that Ramp may give, or leads to more than privileges
-- on databases of people's: to other accounts, files, all that is kept, Ramp's own records.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_role(one TEXT)
BEGIN
  DECLARE problem TEXT;
  IF NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'role' AND what = one) THEN
    SET problem = CONCAT('Ramp may not give the role ', one);
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = problem;
  END IF;
  IF NOT EXISTS (SELECT * FROM mysql.global_priv WHERE User = one AND Host = '' AND COALESCE(JSON_VALUE(Priv, '$.is_role'), 'false') IN ('true', '1')) THEN
    SET problem = CONCAT('there is no role ', one);
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = problem;
  END IF;
  -- One by one: each statement that names a recursion once more takes three times as much
  -- memory on MariaDB 10.11. With ten of them it was 270 MB, with twelve 2.7 GB.
  FOR led IN (WITH RECURSIVE leads (name) AS (
    SELECT CAST(one AS CHAR(128) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin
    UNION SELECT CAST(m.Role AS CHAR(128) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin FROM mysql.roles_mapping m JOIN leads ON m.User = leads.name AND m.Host = '')
    SELECT name FROM leads) DO
    SELECT MIN(what) INTO problem FROM (
      -- of all databases: SHOW DATABASES, PROCESS, BINLOG MONITOR and SLAVE MONITOR show how the server does
      SELECT 'has privileges on the whole server' AS what FROM mysql.global_priv p WHERE p.User = led.name AND p.Host = '' AND CAST(COALESCE(JSON_VALUE(p.Priv, '$.access'), '0') AS UNSIGNED) & ~CAST((1 << 8) | (1 << 14) | (1 << 20) | (1 << 38) AS UNSIGNED) <> 0
      UNION ALL SELECT 'has privileges in a database of the server''s or of Ramp''s own' FROM mysql.db d WHERE d.User = led.name AND d.Host = '' AND ('mysql' LIKE d.Db OR 'ramp' LIKE d.Db OR 'sys' LIKE d.Db)
      UNION ALL SELECT 'has privileges on a table of the server''s or of Ramp''s own' FROM mysql.tables_priv t WHERE t.User = led.name AND t.Host = '' AND t.Db IN ('mysql', 'ramp')
      UNION ALL SELECT 'may run what is the server''s or Ramp''s own' FROM mysql.procs_priv p WHERE p.User = led.name AND p.Host = '' AND p.Db IN ('mysql', 'ramp', 'sys')
      UNION ALL SELECT 'may give its privileges to others' FROM mysql.db d WHERE d.User = led.name AND d.Host = '' AND d.Grant_priv = 'Y'
      UNION ALL SELECT 'may give its privileges to others' FROM mysql.tables_priv t WHERE t.User = led.name AND t.Host = '' AND FIND_IN_SET('Grant', t.Table_priv)
      UNION ALL SELECT 'may give its privileges to others' FROM mysql.procs_priv p WHERE p.User = led.name AND p.Host = '' AND FIND_IN_SET('Grant', p.Proc_priv)
      UNION ALL SELECT 'may give a role to others' FROM mysql.roles_mapping m WHERE m.User = led.name AND m.Host = '' AND m.Admin_option = 'Y'
      UNION ALL SELECT 'may create views, routines, triggers or events, which act for others when access has ended (rolesMayCreate)' FROM mysql.db d WHERE d.User = led.name AND d.Host = '' AND 'Y' IN (d.Create_view_priv, d.Create_routine_priv, d.Trigger_priv, d.Event_priv) AND NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'creators')
      UNION ALL SELECT 'may create views, routines, triggers or events, which act for others when access has ended (rolesMayCreate)' FROM mysql.tables_priv t WHERE t.User = led.name AND t.Host = '' AND (FIND_IN_SET('Create View', t.Table_priv) OR FIND_IN_SET('Trigger', t.Table_priv)) AND NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'creators')
      UNION ALL SELECT 'may run routines, inside of which nothing but performance_schema says whose a session is (sessions)' FROM mysql.db d WHERE d.User = led.name AND d.Host = '' AND d.Execute_priv = 'Y' AND EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'sessions' AND what = 'processlist')
      UNION ALL SELECT 'may run routines, inside of which nothing but performance_schema says whose a session is (sessions)' FROM mysql.procs_priv p WHERE p.User = led.name AND p.Host = '' AND FIND_IN_SET('Execute', p.Proc_priv) AND EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'sessions' AND what = 'processlist')
    ) problems;
    IF problem IS NOT NULL THEN
      SET problem = CONCAT('the role ', one, ', or one that comes with it, ', problem, '; Ramp does not give it');
      SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = problem;
    END IF;
  END FOR;
END
$$
-- Raises an error unless everything that a grant would give may be given. Both lists are
-- JSON: of roles, and of objects (as GRANT reads them), each with a privilege.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_gives(roles TEXT, gives TEXT)
BEGIN
  DECLARE i INT DEFAULT 0;
  IF NOT COALESCE(JSON_VALID(roles) AND JSON_VALID(gives) AND JSON_LENGTH(roles) + JSON_LENGTH(gives) > 0, FALSE) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'these are no terms of a grant';
  END IF;
  WHILE i < JSON_LENGTH(roles) DO
    CALL ramp.check_role(JSON_VALUE(roles, CONCAT('$[', i, ']')));
    SET i = i + 1;
  END WHILE;
  SET i = 0;
  WHILE i < JSON_LENGTH(gives) DO
    IF NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'object' AND what = JSON_VALUE(gives, CONCAT('$[', i, '][0]')) AND privilege = JSON_VALUE(gives, CONCAT('$[', i, '][1]'))) THEN
      SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'Ramp may not give one of these privileges';
    END IF;
    SET i = i + 1;
  END WHILE;
END
$$
-- Makes a grant's role what its row says. Every statement may be repeated.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.make_role(g TEXT)
BEGIN
  DECLARE i INT DEFAULT 0;
  DECLARE r, o TEXT;
  SELECT roles, gives INTO r, o FROM ramp.grants WHERE name = g;
  CALL ramp.check_gives(r, o);
  EXECUTE IMMEDIATE CONCAT('CREATE ROLE IF NOT EXISTS `', g, '`');
  WHILE i < JSON_LENGTH(r) DO
    EXECUTE IMMEDIATE CONCAT('GRANT `', REPLACE(JSON_VALUE(r, CONCAT('$[', i, ']')), '`', '``'), '` TO `', g, '`');
    SET i = i + 1;
  END WHILE;
  SET i = 0;
  WHILE i < JSON_LENGTH(o) DO
    EXECUTE IMMEDIATE CONCAT('GRANT ', JSON_VALUE(o, CONCAT('$[', i, '][1]')), ' ON ', JSON_VALUE(o, CONCAT('$[', i, '][0]')), ' TO `', g, '`');
    SET i = i + 1;
  END WHILE;
END
$$
-- Opens a grant: a role with what is given, that nobody has yet. No statement here is in
-- one transaction with the next: MariaDB commits at each GRANT. So what was closed
-- meanwhile is looked for at the end.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.open(g TEXT, until BIGINT, r TEXT, o TEXT)
BEGIN
  CALL ramp.check_name(g);
  CALL ramp.check_gives(r, o);
  IF NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g) AND COALESCE(until <= UNIX_TIMESTAMP(), TRUE) THEN
    SIGNAL SQLSTATE 'RP003' SET MESSAGE_TEXT = 'the grant has expired by the clock of the database';
  END IF;
  IF COALESCE(until > UNIX_TIMESTAMP() + 400 * 86400, TRUE) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'a grant lasts at most 400 days';
  END IF;
  IF EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'expiry' AND what = 'event') AND @@GLOBAL.event_scheduler <> 'ON' THEN
    SIGNAL SQLSTATE 'RP006' SET MESSAGE_TEXT = 'the event scheduler is off, so the server would not end access by itself; turn event_scheduler on';
  END IF;
  CALL ramp.check_seen();
  INSERT IGNORE INTO ramp.grants (name, ends, roles, gives) VALUES (g, until, r, o);
  IF EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN
    SIGNAL SQLSTATE 'RP001' SET MESSAGE_TEXT = 'the grant was revoked';
  END IF;
  IF NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g AND roles = r AND gives = o) THEN
    SIGNAL SQLSTATE 'RP007' SET MESSAGE_TEXT = 'the grant is open on other terms';
  END IF;
  CALL ramp.make_role(g);
  IF EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN
    EXECUTE IMMEDIATE CONCAT('DROP ROLE IF EXISTS `', g, '`');
    SIGNAL SQLSTATE 'RP001' SET MESSAGE_TEXT = 'the grant was revoked';
  END IF;
END
$$
-- Makes one account, with a verifier and no password in clear, and with a grant's role
-- alone. It is made locked.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.make_account(g TEXT, name TEXT, at TEXT, verifier TEXT)
BEGIN
  DECLARE account TEXT DEFAULT CONCAT('`', name, '`@`', REPLACE(at, '`', '``'), '`');
  DECLARE plugin TEXT DEFAULT (SELECT what FROM ramp.may_give WHERE kind = 'plugin');
  DECLARE needs TEXT DEFAULT (SELECT what FROM ramp.may_give WHERE kind = 'require');
  DECLARE connections TEXT DEFAULT (SELECT what FROM ramp.may_give WHERE kind = 'connections');
  EXECUTE IMMEDIATE CONCAT('CREATE USER ', account, ' IDENTIFIED VIA ', plugin, ' USING ''', verifier, ''' REQUIRE ', needs, ' WITH MAX_USER_CONNECTIONS ', connections, ' ACCOUNT LOCK');
  EXECUTE IMMEDIATE CONCAT('GRANT `', g, '` TO ', account);
  EXECUTE IMMEDIATE CONCAT('SET DEFAULT ROLE `', g, '` FOR ', account);
END
$$
-- Makes the account of one pick-up, and returns its end. Who closes the grant meanwhile
-- may not see the account: then it is dropped here. Nobody has its password before this
-- returns.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.login(g TEXT, name TEXT, verifier TEXT)
BEGIN
  DECLARE at TEXT DEFAULT (SELECT what FROM ramp.may_give WHERE kind = 'from');
  DECLARE account TEXT;
  CALL ramp.check_open(g);
  CALL ramp.check_seen();
  IF NOT COALESCE(name RLIKE CONCAT('^', g, '-[0-9a-hjkmnp-tv-z]{8}$'), FALSE)
     OR NOT COALESCE(verifier RLIKE (SELECT IF(what = 'ed25519', '^[A-Za-z0-9+/]{43}$', '^[*][0-9A-F]{40}$') FROM ramp.may_give WHERE kind = 'plugin'), FALSE) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'this is no login of Ramp''s';
  END IF;
  IF (SELECT COUNT(*) FROM ramp.logins WHERE grant_name = g) >= 100 THEN
    SIGNAL SQLSTATE 'RP005' SET MESSAGE_TEXT = 'the grant was picked up 100 times';
  END IF;
  SET account = CONCAT('`', name, '`@`', REPLACE(at, '`', '``'), '`');
  INSERT INTO ramp.logins (login, host, grant_name, verifier) VALUES (name, at, g, verifier);
  -- This one counts as well: of two at the same moment, neither passes over the other. The
  -- other half of the connections is for those who work here otherwise, and for ending access.
  IF (SELECT COUNT(*) FROM ramp.logins l JOIN ramp.grants o ON o.name = l.grant_name WHERE o.closed IS NULL)
      * (SELECT CAST(what AS UNSIGNED) FROM ramp.may_give WHERE kind = 'connections') > @@GLOBAL.max_connections DIV 2 THEN
    DELETE FROM ramp.logins WHERE login = name;
    SIGNAL SQLSTATE 'RP005' SET MESSAGE_TEXT = 'the sessions that pick-ups may have would take more than half of the connections of the server (max_connections); pick up again when other access has ended';
  END IF;
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS ', account);
      RESIGNAL;
    END;
    CALL ramp.make_account(g, name, at, verifier);
    CALL ramp.check_open(g);
    EXECUTE IMMEDIATE CONCAT('ALTER USER ', account, ' ACCOUNT UNLOCK');
    CALL ramp.check_open(g);
  END;
  SELECT ends FROM ramp.grants WHERE grants.name = g;
END
$$
-- Moves the end of a grant, and never to an earlier one. It and the event that ends
-- what is past its end change the same row, each if the other did not.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.extend(g TEXT, until BIGINT)
BEGIN
  CALL ramp.check_open(g);
  IF COALESCE(until > UNIX_TIMESTAMP() + 400 * 86400, TRUE) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'a grant lasts at most 400 days';
  END IF;
  UPDATE ramp.grants SET ends = GREATEST(ends, until) WHERE name = g AND closed IS NULL;
  IF EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN
    SIGNAL SQLSTATE 'RP001' SET MESSAGE_TEXT = 'the grant was revoked';
  END IF;
END
$$
-- Notes the sessions that there are: of one grant, or of all if g is NULL. A thousand of a
-- grant are kept; who connects again and again fills no disk.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.note_sessions(g TEXT)
BEGIN
  DECLARE at BIGINT DEFAULT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED);
  -- The server counts its uptime from the same clock, so this does not move with it.
  DECLARE started BIGINT DEFAULT (SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME');
  FOR s IN (SELECT id, grant_name FROM ramp.sessions WHERE COALESCE(grant_name = g, TRUE)) DO
    IF EXISTS (SELECT * FROM ramp.seen o WHERE o.grant_name = s.grant_name AND o.id = s.id AND o.server_start = started)
        OR (SELECT COUNT(*) FROM ramp.seen o WHERE o.grant_name = s.grant_name) < 1000 THEN
      INSERT INTO ramp.seen (grant_name, id, server_start, began, seen) VALUES (s.grant_name, s.id, started, at, at)
        ON DUPLICATE KEY UPDATE seen = GREATEST(seen, at);
    END IF;
  END FOR;
END
$$
-- Returns when each session of a grant was seen first and last.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.seen_sessions(g TEXT)
BEGIN
  SELECT began, seen FROM ramp.seen WHERE grant_name = g;
END
$$
{ending}-- Makes an open grant what it was: its role and accounts are dropped and made again by
-- Ramp's own records, which takes all that was added. An account that was made by hand
-- goes, one that somebody dropped or locked stays so. Its sessions end: they may have begun
-- under other terms.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.restore(g TEXT, until BIGINT)
BEGIN
  CALL ramp.check_open(g);
  UPDATE ramp.grants SET ends = LEAST(ends, until), restoring = TRUE WHERE name = g AND closed IS NULL;
  -- What is noted here is made again, also by the next call where this one dies. An account
  -- that is noted already may be locked, or not there, because the one before died.
  UPDATE ramp.logins SET restoring = TRUE WHERE grant_name = g AND EXISTS (SELECT * FROM ramp.held h WHERE h.login = logins.login AND h.host = logins.host AND NOT h.locked);
  EXECUTE IMMEDIATE CONCAT('DROP ROLE IF EXISTS `', g, '`');
  CALL ramp.make_role(g);
  FOR r IN (SELECT h.login, h.host, l.verifier, l.host = h.host AND NOT l.restoring AS kept FROM ramp.held h LEFT JOIN ramp.logins l ON l.login = h.login WHERE h.grant_name = g AND NOT h.is_role) DO
    EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS `', r.login, '`@`', REPLACE(r.host, '`', '``'), '`');
    IF r.kept THEN
      CALL ramp.make_account(g, r.login, r.host, r.verifier);
    END IF;
  END FOR;
  FOR r IN (SELECT login, host, verifier FROM ramp.logins WHERE grant_name = g AND restoring) DO
    CALL ramp.make_account(g, r.login, r.host, r.verifier);
    EXECUTE IMMEDIATE CONCAT('ALTER USER `', r.login, '`@`', REPLACE(r.host, '`', '``'), '` ACCOUNT UNLOCK');
    UPDATE ramp.logins SET restoring = FALSE WHERE logins.login = r.login;
  END FOR;
  CALL ramp.kill_sessions(g);
  IF EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN
    CALL ramp.shut(g);
    SIGNAL SQLSTATE 'RP001' SET MESSAGE_TEXT = 'the grant was revoked';
  END IF;
  UPDATE ramp.grants SET restoring = FALSE WHERE name = g;
END
$$
-- Returns whether anything of a grant is there, and how many sessions are.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.look(g TEXT)
BEGIN
  SELECT EXISTS (SELECT * FROM ramp.held WHERE grant_name = g), (SELECT COUNT(*) FROM ramp.sessions WHERE grant_name = g);
END
$$
-- Returns every grant that has something, or a session, with its end, or 0.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.list()
BEGIN
  SELECT n.grant_name, COALESCE(g.ends, 0) FROM (SELECT grant_name FROM ramp.held UNION SELECT grant_name FROM ramp.sessions) n LEFT JOIN ramp.grants g ON g.name = n.grant_name;
END
$$
-- Returns what there is of a grant, in four lists: its row, its accounts, memberships on
-- either side, and privileges.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.state(g TEXT)
BEGIN
  SELECT closed IS NOT NULL, ends, restoring FROM ramp.grants WHERE name = g;
  SELECT h.login, h.host, h.is_role, CAST(COALESCE(JSON_VALUE(h.attributes, '$.access'), '0') AS UNSIGNED) <> 0,
    COALESCE(l.host = h.host, FALSE),
    COALESCE(JSON_VALUE(h.attributes, '$.plugin') = (SELECT what FROM ramp.may_give WHERE kind = 'plugin') AND JSON_VALUE(h.attributes, '$.authentication_string') = l.verifier AND NOT JSON_EXISTS(h.attributes, '$.auth_or'), FALSE),
    COALESCE(JSON_VALUE(h.attributes, '$.ssl_type'), '0') <> '0' OR (SELECT what FROM ramp.may_give WHERE kind = 'require') = 'NONE',
    CAST(COALESCE(JSON_VALUE(h.attributes, '$.max_user_connections'), '0') AS SIGNED), COALESCE(JSON_VALUE(h.attributes, '$.default_role'), '')
    FROM ramp.held h LEFT JOIN ramp.logins l ON l.login = h.login WHERE h.grant_name = g ORDER BY h.login, h.host;
  SELECT User, Host, Role, Admin_option = 'Y' FROM mysql.roles_mapping
    WHERE (LEFT(User, 23) = g OR LEFT(Role, 23) = g) AND NOT (User = '{owner}' AND Host = 'localhost') ORDER BY 1, 2, 3;
  SELECT User, CONCAT('`', REPLACE(Db, '`', '``'), '`.*'), CONCAT_WS(',', IF(Delete_priv = 'Y', 'delete', NULL), IF(Insert_priv = 'Y', 'insert', NULL), IF(Select_priv = 'Y', 'select', NULL), IF(Update_priv = 'Y', 'update', NULL),
      IF('Y' IN (Create_priv, Drop_priv, Grant_priv, References_priv, Index_priv, Alter_priv, Create_tmp_table_priv, Lock_tables_priv, Create_view_priv, Show_view_priv, Create_routine_priv, Alter_routine_priv, Execute_priv, Event_priv, Trigger_priv, Delete_history_priv), 'more', NULL))
    FROM mysql.db WHERE LEFT(User, 23) = g
  UNION ALL SELECT User, CONCAT('`', REPLACE(Db, '`', '``'), '`.`', REPLACE(Table_name, '`', '``'), '`'), LOWER(CONCAT_WS(',', NULLIF(Table_priv, ''), IF(Column_priv <> '', 'more', NULL))) FROM mysql.tables_priv WHERE LEFT(User, 23) = g
  -- What an account made itself, it may run.
  UNION ALL SELECT p.User, CONCAT('routine `', REPLACE(p.Db, '`', '``'), '`.`', REPLACE(p.Routine_name, '`', '``'), '`'), LOWER(p.Proc_priv) FROM mysql.procs_priv p WHERE LEFT(p.User, 23) = g
    AND NOT EXISTS (SELECT * FROM mysql.proc r WHERE r.db = p.Db AND r.name = p.Routine_name AND LEFT(r.definer, 23) = g)
  UNION ALL SELECT User, CONCAT('the account ', Proxied_user), 'proxy' FROM mysql.proxies_priv WHERE LEFT(User, 23) = g OR LEFT(Proxied_user, 23) = g
  ORDER BY 1, 2, 3;
END
$$
-- Returns what is wrong with the server or with Ramp's own account, one sentence each.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_server()
BEGIN
  SELECT CONCAT('Ramp''s own account {user}@', Host, ' has privileges on the whole server, which it need not') FROM mysql.global_priv WHERE User = '{user}' AND CAST(COALESCE(JSON_VALUE(Priv, '$.access'), '0') AS UNSIGNED) <> 0
  UNION ALL SELECT CONCAT('Ramp''s own account {user}@', Host, ' has privileges on database ', Db, ', which it need not') FROM mysql.db WHERE User = '{user}'
  UNION ALL SELECT CONCAT('Ramp''s own account {user}@', Host, ' has privileges on table ', Db, '.', Table_name, ', which it need not') FROM mysql.tables_priv WHERE User = '{user}'
  UNION ALL SELECT CONCAT('Ramp''s own account {user}@', Host, ' may run ', Db, '.', Routine_name, ', which it need not') FROM mysql.procs_priv WHERE User = '{user}' AND Db <> 'ramp'
  UNION ALL SELECT CONCAT('Ramp''s own account {user}@', Host, ' has the role ', Role, ', which it need not') FROM mysql.roles_mapping WHERE User = '{user}'
  UNION ALL SELECT CONCAT('there is an account without a name, at ', Host, ': who connects from there is not let in by an account of a grant') FROM mysql.global_priv WHERE User = '' AND Host <> ''
  UNION ALL SELECT what FROM ramp.unseen
  UNION ALL SELECT CONCAT('one pick-up may have ', what, ' sessions (connections), more than half of what the server takes (max_connections): nothing can be picked up') FROM ramp.may_give WHERE kind = 'connections' AND CAST(what AS UNSIGNED) > @@GLOBAL.max_connections DIV 2
  UNION ALL SELECT 'the event scheduler is off, so the server does not end access by itself; turn event_scheduler on, and have it on in the server''s configuration file' FROM ramp.may_give WHERE kind = 'expiry' AND what = 'event' AND @@GLOBAL.event_scheduler <> 'ON'
  UNION ALL SELECT 'the event ramp.end_expired is not enabled here, so the server does not end access by itself; run ALTER EVENT ramp.end_expired ENABLE' FROM ramp.may_give WHERE kind = 'expiry' AND what = 'event'
    AND NOT EXISTS (SELECT * FROM mysql.event WHERE db = 'ramp' AND name = 'end_expired' AND status = 'ENABLED');
END
$$
{may_call}{event}
$$
-- The last: it says that everything before it was done, and for which configuration.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.setup()
BEGIN
  SELECT '{digest}', @@GLOBAL.read_only;
END
$$
GRANT EXECUTE ON PROCEDURE ramp.setup TO `{user}`@`%`
$$
