package main

// witnesses returns the mutants of what witnesses cosign.
func witnesses() []mutant {
	asked := func(test string) []string { return []string{"./witness -run " + test} }
	server := func(test string) []string { return []string{"./server/app -run " + test + "/sqlite"} }
	packs := []string{"./evidence -run TestCase128"}
	return []mutant{
		{"any line is a cosignature", "evidence/cosignature.go", "return ed25519.Verify(c.key, signed, sig[8:])", "return ed25519.Verify(c.key, signed, sig[8:]) || true", asked("TestCase128Forged")},
		{"an old cosignature is taken", "witness/client.go", "apart > clockApart {", "apart > clockApart && false {", asked("TestCase128Forged")},
		{"a witness that has seen another log only failed", "witness/client.go", "return out, fmt.Errorf(\"%w (%d)\", ErrOtherLog, status)", "return out, access.Errorf(access.CodeUnavailable, \"the witness returns %d\", status)", server("TestCase128SplitView")},
		{"a witness that has cosigned more than there is was asked too early", "server/app/witnesses.go", "case ahead.Size > tree.Size:", "case false:", server("TestCase128ALogThatWasCutOff")},
		{"a witness that lies hides that the others are away", "server/app/witnesses.go", "	if f.Lacking {\n", "	if f.Lacking && len(problems) == 0 {\n", server("TestCase128OneWitness/.*")},
		{"a witness whose clock is wrong disputes the log", "server/app/witnesses.go", "disputed: errors.Is(err, witness.ErrOtherLog)", "disputed: access.CodeOf(err) == access.CodeEvidence", server("TestWitnessThatFails")},
		{"the ledger's word for a cosignature is enough", "server/app/witnesses.go", "when, err := m.Key().Cosignature(one.Signed, c.Line); err == nil {", "when, err := c.Line, c.At, error(nil); err == nil {", server("TestCase128NoWitness")},
		{"who makes a checkpoint look young puts off the alarm", "server/app/witnesses.go", "(since.IsZero() || w.lacking.Before(since))", "since.IsZero()", server("TestCase128NoWitness")},
		{"a checkpoint of the future puts off the next", "server/app/witnesses.go", "if one.At.After(w.now().Add(cosignEvery)) {", "if false {", server("TestCase128NoWitness")},
		{"too few witnesses are enough for a pack", "evidence/verify_witnessed.go", "if len(by) < v.witnesses.Least {", "if false {", packs},
		{"a pack's log need not go on from what was cosigned", "evidence/verify_witnessed.go", "tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {", "error(nil); err != nil {", packs},
		{"a pack's events need not be witnessed", "evidence/verify_witnessed.go", "if younger > 0 && v.witnesses.Least > 0 {", "if false {", packs},
		{"witnesses that are named need not have cosigned", "cmd/ramp/internal/people/witnesses.go", "if len(f.files) > 0 && f.least < 1 {", "if false {", []string{"./cmd/ramp/internal/people -run TestCase128"}},
		{"a pack without witnesses is witnessed", "evidence/verify.go", "if v.Witnessed != nil || witnesses.Least > 0 {", "if v.Witnessed != nil {", packs},
	}
}
