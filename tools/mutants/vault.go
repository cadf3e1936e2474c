package main

// vaults returns the mutants of the target Vault.
func vaults() []mutant {
	const dir, tests = "integrations/vaulttoken/", "./integrations/vaulttoken -run "
	return []mutant{
		{"a grant is closed while Vault has its secret's lease", dir + "revoke.go", "		if there && r.lease != \"\" {", "		if there && r.lease == \"none\" {", []string{tests + "TestCase147SecretThatStays"}},
		{"a secret without a lease is handed out", dir + "lease.go", "	case made.leaseBelow(s.Path) == \"\" || made.Duration <= 0:", "	case false:", []string{tests + "TestCase147SecretThatIsNone"}},
		{"a secret that outlives its grant is handed out", dir + "lease.go", "		if made.Duration > wholeSeconds(ends)+1 {", "		if false {", []string{tests + "TestCase147SecretThatIsNone"}},
		{"a secret's lease is as long as its engine says", dir + "lease.go", "	made.ends, err = t.renewLease(ctx, made.LeaseID, ends)", "	_ = t.renewLease", []string{tests + "TestSecretsCutSessions"}},
		{"a contract gives the policy of a secret", dir + "secret.go", "!slices.Contains(c.Policies, s.Policy), \"secret_policy\"", "true, \"secret_policy\"", []string{tests + "TestBadSecrets"}},
		{"the worker signs in with what somebody else wrapped", dir + "signin.go", "!begins || !ends || role == \"\" ||", "!ends ||", []string{tests + "TestCase147WrappedSecretID"}},
		{"the worker signs in with what lay in a cubbyhole", dir + "signin.go", "strings.TrimPrefix(about.Data.Path, a.namespace+\"/\")", "strings.TrimPrefix(about.Data.Path, \"cubbyhole/\")", []string{tests + "TestCase147WrappedSecretID"}},
		{"a sign-in that is refused is tried at each call", dir + "session.go", "	if s.refused != nil && s.now().Before(s.until) {", "	if false {", []string{tests + "TestCase147RefusedSignIn"}},
		{"a token of Ramp's own that was revoked is used on", dir + "session.go", "	s.token = \"\"\n	return true", "	return false", []string{tests + "TestAppRole"}},
		{"a missing right makes Ramp sign in again", dir + "session.go", "access.CodeOf(err) != access.CodeForbidden || err == nil {", "false {", []string{tests + "TestAppRole"}},
		{"Ramp's own token is not renewed", dir + "session.go", "s.renew(ctx) == nil {", "false {", []string{tests + "TestSessionIsRenewed"}},
		{"a role that somebody else wrote names a lease by a path", dir + "role.go", "len(lease) > 0 && !leaseShape.Match(lease)", "false", []string{tests + "TestSuffix"}},
	}
}
