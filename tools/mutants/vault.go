package main

// vaults returns the mutants of the target Vault.
func vaults() []mutant {
	const dir, tests = "integrations/vaulttoken/", "./integrations/vaulttoken -run "
	return []mutant{
		{"a Vault of the community edition passes for one with namespaces", dir + "ping.go", "health.Enterprise != nil && !*health.Enterprise", "false", []string{tests + "TestNamespaceThatThereIsNot"}},
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
		{"a person who logs in gets what an identity of several people has", dir + "logins.go", "	if len(names) != 1 || !strings.EqualFold(names[0], principal) {", "	if false {", []string{tests + "TestCase147LoginsOfWhom"}},
		{"the policies of an identity that is disabled are given", dir + "logins.go", "	case reply.Data.Disabled:", "	case false:", []string{tests + "TestCase147LoginsOfWhom"}},
		{"an extension beside a revoke gives the policies again", dir + "group.go", "map[string]any{\"metadata\": endOf(at)}, nil)", "map[string]any{\"metadata\": endOf(at), \"policies\": \"orders-read\"}, nil)", []string{tests + "TestCase147LoginsExtendBesideRevoke"}},
		{"an extension leaves an empty group where a revoke ran", dir + "logins.go", "	case has.gives(want):\n", "	case has.gives(want) || len(want.members) > 0:\n", []string{tests + "TestCase147LoginsExtendBesideRevoke"}},
		{"the policies of a group beside the grant's are no drift", dir + "group.go", "	case len(d.Parents) > 0:", "	case false:", []string{tests + "TestLoginsConformance/drift"}},
		{"people of another group who have the grant's policies are no drift", dir + "group.go", "	case len(d.Groups) > 0:", "	case false:", []string{tests + "TestLoginsConformance/drift"}},
		{"a group that lost its person is put right", dir + "logins_drift.go", "		return []string{err.Error()}, nil", "		return nil, nil", []string{tests + "TestLoginsIdentityGone"}},
		{"a grant is closed while Vault has its group", dir + "logins.go", "		if there {\n			return 1, err", "		if there {\n			return 0, err", []string{tests + "TestCase147LoginsGroupStays"}},
		{"a group in other letters is not found", dir + "logins.go", "		name = strings.ToLower(name)", "		_ = strings.ToLower(name)", []string{tests + "TestLoginsRenamedInOtherLetters"}},
		{"a role that somebody else wrote names a lease by a path", dir + "role.go", "len(lease) > 0 && !leaseShape.Match(lease)", "false", []string{tests + "TestSuffix"}},
	}
}
