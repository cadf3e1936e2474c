package main

// databases returns the mutants of the target Postgres.
func databases() []mutant {
	const setup, ending, tests = "integrations/postgres/setup.sql", "integrations/postgres/ending.sql", "./integrations/postgres -run "
	return append(clusters(), []mutant{
		{"a closed grant of Postgres opens again", setup, "IF was IS NOT NULL THEN", "IF false THEN", []string{tests + "TestNeverOpensAgain"}},
		{"a session's locks hold up its end", ending, "      PERFORM ramp.cut(g);\n      BEGIN", "      BEGIN", []string{tests + "Case120"}},
		{"what was made in Postgres belongs to a superuser", ending, "OWNER TO %I', r.kind, r.identity, heir);", "OWNER TO %I', r.kind, r.identity, current_user);", []string{tests + "Case121"}},
		{"Ramp's login gives any role of Postgres", setup, "IF NOT EXISTS (SELECT FROM ramp.may_give WHERE kind = 'role' AND what = one) THEN", "IF false THEN", []string{tests + "Case119"}},
		{"a password in clear is sent to Postgres", setup, "     OR coalesce(verifier !~", "     OR false AND coalesce(verifier !~", []string{tests + "Case119"}},
		{"Ramp's login takes what is in use", ending, "h.grant_name = g AND a.rolcanlogin) THEN", "h.grant_name = g AND a.rolcanlogin AND false) THEN", []string{tests + "Case119"}},
		{"the number of a dropped role is that of somebody else's", setup, "WHERE r.oid IS NULL OR shobj_description(r.oid, 'pg_authid') = 'Made by Ramp for ' || m.grant_name", "", []string{tests + "TestRenamedAndReused"}},
		{"a role of Postgres that was renamed is lost", setup, " OR shobj_description(r.oid, 'pg_authid') = 'Made by Ramp for ' || m.grant_name", "", []string{tests + "TestRenamedAndReused"}},
		{"a server in Postgres' place gets the password", "integrations/postgres/session.go", "config.RequireAuth, config.ChannelBinding = \"scram-sha-256\"", "config.RequireAuth, config.ChannelBinding = \"\"", []string{tests + "TestAnotherServer"}},
		{"a standby says that nothing is open", "integrations/postgres/session.go", "ParameterStatus(\"in_hot_standby\") != \"off\"", "ParameterStatus(\"in_hot_standby\") == \"x\"", []string{tests + "TestStandby"}},
		{"privileges that were given elsewhere are not seen", "integrations/postgres/drift.go", "for _, one := range elsewhere {", "for _, one := range elsewhere[:0] {", []string{tests + "TestConformance/drift"}},
		{"a session of a role that was dropped goes on", setup, "  INSERT INTO ramp.roles SELECT oid, g FROM pg_roles WHERE rolname = login;\n", "", []string{tests + "TestSessionOfADroppedRole"}},
		{"a function of a listed role of Postgres outlives access", setup, "  PERFORM ramp.check_creators(gives);\n", "", []string{tests + "TestCase131"}},
		{"a function of a listed role in another database outlives access", "integrations/postgres/grant.go", "		if database == t.config.Home {\n			continue", "		if true {\n			continue", []string{tests + "TestCase131"}},
		{"what was made and is locked keeps privileges on tables of Postgres", "integrations/postgres/revoke.go", "ramp.take($1)", "ramp.sessions($1)", []string{tests + "TestCase132"}},
		{"more objects than the server has locks are given away at once", "integrations/postgres/revoke.go", "if found[0].Last == nil {", "if true {", []string{tests + "TestCase132"}},
		{"a prepared transaction keeps what a grant gave", "integrations/postgres/revoke.go", "		cut := t.cut(ctx, c, g.Name)\n", "		if err := nonePrepared(ctx, c, g.Name); err != nil {\n			return err\n		}\n		cut := t.cut(ctx, c, g.Name)\n", []string{tests + "TestCase132"}},
		{"one login whose row is locked keeps what a grant gave", ending, "EXCEPTION WHEN lock_not_available OR deadlock_detected OR internal_error THEN -- the last", "EXCEPTION WHEN division_by_zero THEN -- the last", []string{tests + "TestCase132"}},
		{"a closed grant of Postgres is restored", "integrations/postgres/drift.go", "	if now.closed {\n		return integrations.ErrRevoked", "	if now.closed && false {\n		return integrations.ErrRevoked", []string{tests + "TestNeverOpensAgain"}},
		{"a credential writes lines into a service file", "cmd/ramp/internal/credential/postgres.go", "if !f.form.MatchString(env[f.variable]) {", "if false {", []string{"./cmd/ramp/internal/credential -run TestCase54ServiceFile"}},
	}...)
}
