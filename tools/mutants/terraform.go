package main

// modules returns the mutants of the target Terraform.
func modules() []mutant {
	const dir, tests = "integrations/terraform/", "./integrations/terraform -run "
	return []mutant{
		{"another plan than people approved is applied", dir + "grant.go", "if digest != approved {", "if digest == \"\" {", []string{tests + "TestCase138AppliedIsWhatWasApproved"}},
		{"a module that was changed is run", dir + "module.go", "if c.Git == nil && m.digest != c.Digest {", "if c.Git != nil && m.digest != c.Digest {", []string{tests + "TestCase138ModuleThatChanges"}},
		{"a kept module that was changed ends access", dir + "workdir.go", "err == nil && digest != r.Digest {", "err == nil && digest == \"\" {", []string{tests + "TestCase138ModuleThatChanges"}},
		{"a module calls what is not pinned", dir + "module.go", "inside == \"..\" || strings.HasPrefix(inside, \"../\")", "inside == \"..\"", []string{tests + "TestModulesThatCannotBePinned"}},
		{"a program's word that it destroyed all is believed", dir + "revoke.go", "if len(left) > 0 {", "if len(left) > 99 {", []string{tests + "TestCase138ProgramThatFails"}},
		{"what a killed program made is forgotten", dir + "revoke.go", "	x.unknown()\n", "	_ = x\n", []string{tests + "TestCrashInTheMiddleOfAnApply"}},
		{"a command of a run whose worker died runs on", dir + "revoke.go", "	if err := endLeftovers(ctx, directory); err != nil {\n		return err\n	}\n", "", []string{tests + "TestCrashInTheMiddleOfAnApply"}},
		{"processes that do not end count as ended", dir + "leftovers.go", "		case <-ctx.Done():\n			return", "		case <-ctx.Done():\n			return nil\n		case <-make(chan int):\n			return", []string{tests + "TestCase152LeftoversThatDoNotEnd"}},
		{"targets that share a directory of runs find each other's", dir + "runtime.go", "\"t-\"+hex.EncodeToString(sum[:6])", "hex.EncodeToString(sum[:0])", []string{tests + "TestCase152SharedRuntime"}},
		{"a run that an earlier version left is every target's", dir + "runtime.go", "	if string(t.config.Runtime) == ownRuntime(t.config.Directory) {", "	if true {", []string{tests + "TestCase152SharedRuntime"}},
		{"what runs on from a run of an earlier version is not ended", dir + "runtime.go", "	if err := endLeftovers(ctx, path); err != nil {\n		return err\n	}\n", "", []string{tests + "TestCase152SharedRuntime/LeftByAnEarlierVersion$"}},
		{"a revoke waits for an opening", dir + "revoke.go", "	t.stopOthers(g.Name)\n", "", []string{tests + "TestRevokeStopsAnOpening"}},
		{"an extension makes access anew", dir + "extend.go", "c.Change.Actions.Update() && (ownMark(c)", "true || c.Change.Actions.Update() && (ownMark(c)", []string{tests + "TestExtendChangesInPlace"}},
		{"an extension takes over what a module reads by then", dir + "extend.go", "if was.Equal(r.AppliedAt) {", "if false {", []string{tests + "TestCase138ExtendingGivesNothingMore"}},
		{"an extension changes what does not follow from the end", dir + "extend.go", "!differs(c.Change.Before, c.Change.After, c.Change.AfterUnknown)", "true", []string{tests + "TestNotOfItsEnd"}},
		{"OpenTofu runs files that nobody inspects", dir + "module.go", "!strings.HasSuffix(name, \".tofu\") && ", "", []string{tests + "TestCase138FilesOfOpenTofusOwn"}},
		{"people who ask hold up an end", dir + "exclusive.go", "slots := t.closing", "slots := t.slots", []string{tests + "TestCase138AskingHoldsUpNoEnd"}},
		{"a state whose record is lost is thrown away", dir + "backend.go", "return t.lost(name)", "return nil, nil", []string{tests + "TestCase138AStateWithoutItsRecord"}},
		{"an error of Terraform repeats a secret", dir + "words.go", "line = strings.ReplaceAll(line, secret, \"(secret)\")", "line = strings.ReplaceAll(line, secret, secret)", []string{tests + "TestCase138ProgramThatFails"}},
		{"another target's record is believed", dir + "store.go", "header + s.target + \"\\n\" + name)", "header + \"\\n\" + name)", []string{tests + "TestCase139RecordsOfAnother"}},
		{"records that are not mounted are none", dir + "store.go", "return nil, s.there()", "return nil, nil", []string{tests + "TestADirectoryThatIsNotThere"}},
		{"the lock of another machine is taken off", dir + "unlock.go", "holder[1] != who", "holder[1] == \"\"", []string{tests + "TestOwnLock"}},
	}
}
