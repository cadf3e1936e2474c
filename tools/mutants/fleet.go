package main

// fleets returns the mutants of SSH hosts: of the authority that signs.
func fleets() []mutant {
	const checks = "integrations/sshcert/authority/authority.go"
	more := []string{"./integrations/sshcert -run TestCase145"}
	return []mutant{
		{"Vault signs for longer than access lasts", checks, "case cert.ValidBefore > uint64(w.Ends.Unix()):", "case false:", more},
		{"Vault signs for another login", checks, "case cert.KeyId != w.Grant || !slices.Equal(cert.ValidPrincipals, []string{w.Grant}):", "case false:", more},
		{"Vault signs without the forced command", checks, "case !maps.Equal(cert.CriticalOptions, w.criticalOptions()):", "case false:", more},
		{"Vault signs more extensions", checks, "case !maps.Equal(cert.Extensions, w.extensions()):", "case false:", more},
		{"Vault signs somebody else's key", checks, "case !bytes.Equal(cert.Key.Marshal(), w.Key.Marshal()):", "case false:", more},
		{"another authority signs", checks, "case !bytes.Equal(cert.SignatureKey.Marshal(), public.Marshal()):", "case false:", more},
		{"a key that is being signed at the end is not revoked", "integrations/sshcert/mint.go", "return ends, t.dir.Issue(hostfiles.Key{Grant: g.Name, Public: key, ExpiresAt: ends})", "return ends, nil", []string{"./integrations/sshcert -run TestRevokedWhileSigning"}},
	}
}
