package main

// mysqls returns the mutants of the target MariaDB.
func mysqls() []mutant {
	const setup, ending, sessions, tests = "integrations/mysql/setup.sql", "integrations/mysql/ending.sql", "integrations/mysql/sessions.sql", "./integrations/mysql -run "
	return []mutant{
		{"a closed grant of MariaDB opens again", setup, "  INSERT IGNORE INTO ramp.grants (name, ends, roles, gives) VALUES (g, until, r, o);\n", "  REPLACE INTO ramp.grants (name, ends, roles, gives) VALUES (g, until, r, o);\n", []string{tests + "TestNeverOpensAgain"}},
		{"Ramp's account gives any role of MariaDB", setup, "IF NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'role' AND what = one) THEN", "IF FALSE THEN", []string{tests + "Case144WhoHasRampsPassword"}},
		{"Ramp's account gives any privilege of MariaDB", setup, "    IF NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'object' AND", "    IF FALSE AND NOT EXISTS (SELECT * FROM ramp.may_give WHERE kind = 'object' AND", []string{tests + "Case144WhoHasRampsPassword"}},
		{"a verifier has statements in it", setup, "     OR NOT COALESCE(verifier RLIKE", "     OR FALSE AND NOT COALESCE(verifier RLIKE", []string{tests + "Case144WhoHasRampsPassword"}},
		{"Ramp's account drops what is in use", ending, "  IF NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g AND closed IS NOT NULL) THEN", "  IF FALSE THEN", []string{tests + "Case144WhoHasRampsPassword"}},
		{"a role that leads to verifiers is given", setup, "AND ('mysql' LIKE d.Db OR", "AND ('mysql' = d.Db OR", []string{tests + "Case144RolesThatLeadToMore"}},
		{"a role that brings another is not looked through", setup, "    UNION SELECT CAST(m.Role AS CHAR(128) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin FROM mysql.roles_mapping m JOIN leads ON m.User = leads.name AND m.Host = '')", "    )", []string{tests + "Case144RolesThatLeadToMore"}},
		{"a role of MariaDB that may create is given", setup, "AND 'Y' IN (d.Create_view_priv,", "AND FALSE AND 'Y' IN (d.Create_view_priv,", []string{tests + "Case144RolesThatLeadToMore"}},
		{"an event goes on after the end", ending, "  EXECUTE IMMEDIATE CONCAT('DROP ROLE IF EXISTS `', g, '`');\n  CALL ramp.kill_sessions(g);", "  CALL ramp.kill_sessions(g);", []string{tests + "Case144AnEventGoesOn"}},
		{"a trigger without an owner is left", ending, "      EXECUTE IMMEDIATE CONCAT('DROP TRIGGER IF EXISTS", "      DO CONCAT('DROP TRIGGER IF EXISTS", []string{tests + "Case144AnEventGoesOn"}},
		{"a grant of MariaDB that is half closed stays so", ending, "    CALL ramp.shut(r.name);", "    DO 1;", []string{tests + "Case144OneClosedHalf"}},
		{"MariaDB does not end access by itself", ending, "WHERE closed IS NULL AND ends <= UNIX_TIMESTAMP()) DO", "WHERE closed IS NULL AND ends <= 0) DO", []string{tests + "TestConformance/expiry"}},
		{"sessions of MariaDB go on at the end", ending, "    EXECUTE IMMEDIATE CONCAT('KILL CONNECTION ', s.id);", "    DO s.id;", []string{tests + "TestConformance/sessions"}},
		{"a session inside somebody else's routine of MariaDB goes on", sessions, "WHERE PROCESSLIST_ID IS NOT NULL AND", "WHERE FALSE AND", []string{tests + "Case144InsideSomebodyElses"}},
		{"access opens where MariaDB does not say whose a session is", setup, "  CALL ramp.check_seen();\n  INSERT IGNORE", "  INSERT IGNORE", []string{tests + "TestWithoutPerformanceSchema"}},
		{"access is picked up where MariaDB does not say whose a session is", setup, "  CALL ramp.check_open(g);\n  CALL ramp.check_seen();\n", "  CALL ramp.check_open(g);\n", []string{tests + "TestWithoutPerformanceSchema"}},
		{"sessions that performance_schema has no room for are not seen", sessions, "AND VARIABLE_VALUE > 0", "AND FALSE", []string{tests + "TestWithoutPerformanceSchema"}},
		{"whether performance_schema knows sessions is not tried", sessions, "    WHERE NOT EXISTS (SELECT * FROM performance_schema.threads", "    WHERE FALSE AND NOT EXISTS (SELECT * FROM performance_schema.threads", []string{tests + "TestWithoutPerformanceSchema"}},
		{"a role that may run routines is given where that hides sessions", setup, "AND d.Execute_priv = 'Y' AND EXISTS", "AND FALSE AND EXISTS", []string{tests + "TestWithoutPerformanceSchema"}},
		{"a role that may run one routine is given where that hides sessions", setup, "AND FIND_IN_SET('Execute', p.Proc_priv) AND EXISTS", "AND FALSE AND EXISTS", []string{tests + "TestWithoutPerformanceSchema"}},
		{"pick-ups take every connection of MariaDB", setup, "> @@GLOBAL.max_connections DIV 2 THEN", "> 1000000 THEN", []string{tests + "Case144PickUpsTakeHalf"}},
		{"a pick-up that was refused takes connections", setup, "    DELETE FROM ramp.logins WHERE login = name;", "    DO 1;", []string{tests + "Case144PickUpsTakeHalf"}},
		{"a restore of MariaDB that died is not seen", "integrations/mysql/state.go", "	if s.restoring {", "	if false {", []string{tests + "Case144ARestoreDies"}},
		{"an account that a restore left is locked for good", setup, "l.host = h.host AND NOT l.restoring AS kept", "l.host = h.host AS kept", []string{tests + "Case144ARestoreDies"}},
		{"a grant that a restore left without a role stays so", setup, " AND NOT EXISTS (SELECT * FROM ramp.grants WHERE name = g AND restoring) THEN", " THEN", []string{tests + "Case144ARestoreDies"}},
		{"access opens where MariaDB would not end it", setup, "what = 'event') AND @@GLOBAL.event_scheduler <> 'ON' THEN", "what = 'event') AND FALSE THEN", []string{tests + "TestWithoutAnEvent"}},
		{"a session that the server cuts is missing in how access was used", ending, "    CALL ramp.note_sessions(g);\n", "    DO 0;\n", []string{tests + "TestUsageWithRampGone"}},
		{"a session with the number of an earlier one is taken for it", setup, "VALUES (s.grant_name, s.id, started, at, at)", "VALUES (s.grant_name, s.id, 0, at, at)", []string{tests + "TestUsageOverARestart"}},
		{"who connects again and again fills the disk of MariaDB", setup, "< 1000 THEN", "< 100000 THEN", []string{tests + "TestUsageOverARestart"}},
		{"the name of a database is a pattern", "integrations/mysql/names.go", "		return quoted(o.pattern()) + \".*\"", "		return quoted(o.database) + \".*\"", []string{tests + "TestHostileNames"}},
		{"an account of MariaDB is let in without TLS", "integrations/mysql/setup.go", "	if c.TLS == disable {", "	if c.TLS != \"\" {", []string{tests + "TestTLS"}},
		{"another password of a grant's account is not seen", "integrations/mysql/state.go", "	if !a.verified {", "	if false {", []string{tests + "TestConformance/drift"}},
		{"a credential writes lines into an option file", "cmd/ramp/internal/credential/mysql.go", "if !f.form.MatchString(env[f.variable]) {", "if false {", []string{"./cmd/ramp/internal/credential -run TestCase54OptionFile"}},
		{"a client of MariaDB believes any server", "cmd/ramp/internal/credential/mysql.go", "\"[client-mariadb]\", \"ssl-verify-server-cert\"", "\"[client-mariadb]\"", []string{"./cmd/ramp/internal/credential -run TestMySQLClients"}},
	}
}
