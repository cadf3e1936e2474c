-- Kills the sessions of a grant, and what its events run. They are noted first; what is not
-- noted is lacking in the record of how the grant was used, and killed all the same.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.kill_sessions(g TEXT)
BEGIN
  DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; -- it ended by itself
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;
    CALL ramp.note_sessions(g);
  END;
  FOR s IN (SELECT id FROM ramp.sessions WHERE grant_name = g) DO
    EXECUTE IMMEDIATE CONCAT('KILL CONNECTION ', s.id);
  END FOR;
END
$$
-- Takes what a closed grant gave: nobody logs in from here on, its role is gone, with it
-- the rights of what was made under the role's name, and sessions end. Each statement by
-- itself: one that fails, as of an account that somebody drops meanwhile, keeps nothing.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.shut(g TEXT)
BEGIN
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
  FOR r IN (SELECT login, host FROM ramp.held WHERE grant_name = g AND NOT is_role AND NOT locked) DO
    EXECUTE IMMEDIATE CONCAT('ALTER USER `', r.login, '`@`', REPLACE(r.host, '`', '``'), '` ACCOUNT LOCK');
  END FOR;
  EXECUTE IMMEDIATE CONCAT('DROP ROLE IF EXISTS `', g, '`');
  CALL ramp.kill_sessions(g);
  -- What somebody gave the accounts by hand.
  FOR r IN (SELECT login, host FROM ramp.held WHERE grant_name = g AND NOT is_role) DO
    EXECUTE IMMEDIATE CONCAT('REVOKE ALL PRIVILEGES, GRANT OPTION FROM `', r.login, '`@`', REPLACE(r.host, '`', '``'), '`');
  END FOR;
END
$$
-- Closes a grant for good, also one that is not there yet.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.close(g TEXT)
BEGIN
  CALL ramp.check_name(g);
  INSERT INTO ramp.grants (name, ends, closed, roles, gives) VALUES (g, 0, UNIX_TIMESTAMP(), '', '')
    ON DUPLICATE KEY UPDATE closed = COALESCE(closed, UNIX_TIMESTAMP());
  CALL ramp.shut(g);
END
$$
-- Raises an error unless a grant is closed.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.check_closed(g TEXT)
BEGIN
  CALL ramp.check_name(g);
  IF NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN
    SIGNAL SQLSTATE 'RP004' SET MESSAGE_TEXT = 'the grant is open';
  END IF;
END
$$
-- Kills the sessions of a closed grant again, and returns how many there were, and how
-- many of its accounts or roles can still be used.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.cut(g TEXT)
BEGIN
  CALL ramp.check_closed(g);
  CALL ramp.shut(g);
  SELECT (SELECT COUNT(*) FROM ramp.sessions WHERE grant_name = g), (SELECT COUNT(*) FROM ramp.held WHERE grant_name = g AND (is_role OR NOT locked));
END
$$
-- Removes the events and triggers of a closed grant: an event runs by itself, and a
-- trigger whose owner is gone would fail every change of its table. Their statements
-- are kept in ramp.removed.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.remove_made(g TEXT)
BEGIN
  CALL ramp.check_closed(g);
  IF EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'creators') THEN
    FOR e IN (SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name, CONCAT('CREATE EVENT `', REPLACE(EVENT_SCHEMA, '`', '``'), '`.`', REPLACE(EVENT_NAME, '`', '``'), '` ON SCHEDULE ',
        IF(EVENT_TYPE = 'ONE TIME', CONCAT('AT ''', EXECUTE_AT, ''''), CONCAT('EVERY ''', INTERVAL_VALUE, ''' ', INTERVAL_FIELD)), ' DO ', EVENT_DEFINITION) AS statement
        FROM information_schema.EVENTS WHERE CAST(LEFT(DEFINER, 23) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin = g) DO
      INSERT INTO ramp.removed (grant_name, removed, kind, name, statement) VALUES (g, UNIX_TIMESTAMP(), 'event', CONCAT(e.db, '.', e.name), e.statement);
      EXECUTE IMMEDIATE CONCAT('DROP EVENT IF EXISTS `', REPLACE(e.db, '`', '``'), '`.`', REPLACE(e.name, '`', '``'), '`');
    END FOR;
    FOR t IN (SELECT TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name, CONCAT('CREATE TRIGGER `', REPLACE(TRIGGER_SCHEMA, '`', '``'), '`.`', REPLACE(TRIGGER_NAME, '`', '``'), '` ', ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ON `',
        REPLACE(EVENT_OBJECT_SCHEMA, '`', '``'), '`.`', REPLACE(EVENT_OBJECT_TABLE, '`', '``'), '` FOR EACH ROW ', ACTION_STATEMENT) AS statement
        FROM information_schema.TRIGGERS WHERE CAST(LEFT(DEFINER, 23) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin = g) DO
      INSERT INTO ramp.removed (grant_name, removed, kind, name, statement) VALUES (g, UNIX_TIMESTAMP(), 'trigger', CONCAT(t.db, '.', t.name), t.statement);
      EXECUTE IMMEDIATE CONCAT('DROP TRIGGER IF EXISTS `', REPLACE(t.db, '`', '``'), '`.`', REPLACE(t.name, '`', '``'), '`');
    END FOR;
  END IF;
END
$$
-- Drops the accounts of a closed grant without sessions.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.drop_accounts(g TEXT)
BEGIN
  CALL ramp.check_closed(g);
  IF EXISTS (SELECT * FROM ramp.sessions WHERE grant_name = g) THEN
    SIGNAL SQLSTATE 'RP006' SET MESSAGE_TEXT = 'sessions of the grant are left';
  END IF;
  FOR r IN (SELECT login, host FROM ramp.held WHERE grant_name = g AND NOT is_role) DO
    EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS `', r.login, '`@`', REPLACE(r.host, '`', '``'), '`');
  END FOR;
  EXECUTE IMMEDIATE CONCAT('DROP ROLE IF EXISTS `', g, '`');
  DELETE FROM ramp.logins WHERE grant_name = g;
  DELETE FROM ramp.grants WHERE closed < UNIX_TIMESTAMP() - 30 * 86400 AND name <> g;
  DELETE FROM ramp.seen WHERE grant_name NOT IN (SELECT name FROM ramp.grants);
END
$$
-- Closes what is past its end, and finishes what a crash left half closed. The event
-- ramp.end_expired calls it every second.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` PROCEDURE ramp.end_expired()
BEGIN
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; -- one grant holds up no other
  FOR r IN (SELECT name FROM ramp.grants WHERE closed IS NULL AND ends <= UNIX_TIMESTAMP()) DO
    UPDATE ramp.grants SET closed = UNIX_TIMESTAMP() WHERE name = r.name AND closed IS NULL AND ends <= UNIX_TIMESTAMP();
  END FOR;
  FOR r IN (SELECT name FROM ramp.grants WHERE closed IS NOT NULL AND
      (name IN (SELECT grant_name FROM ramp.held WHERE is_role OR NOT locked) OR name IN (SELECT grant_name FROM ramp.sessions))) DO
    CALL ramp.shut(r.name);
  END FOR;
END
$$
