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
		{"a role that somebody else wrote names a lease by a path", dir + "role.go", "len(lease) > 0 && !leaseShape.Match(lease)", "false", []string{tests + "TestSuffix"}},
	}
}
