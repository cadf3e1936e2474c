package main

// targetsOff returns the mutants of what is said about targets: rights of Ramp's own credentials.
func targetsOff() []mutant {
	const tests = " -run TestRights"
	return []mutant{
		{"a wide token of Vault passes for just what is needed", "integrations/vaulttoken/rights.go", `if capability != "deny" && !slices.Contains`, `if capability == "deny" && !slices.Contains`, []string{"./integrations/vaulttoken" + tests}},
		{"a wide role of AWS passes for just what is needed", "integrations/awsapi/rights.go", "case p.TooMuch && slices.Contains(allowed, action):", "case false:", []string{"./integrations/awsiam" + tests, "./integrations/identitycenter" + tests}},
		{"roles of AWS without the boundary pass for needed", "integrations/awsiam/rights.go", `Context: map[string]string{"iam:PermissionsBoundary": account + "policy/" + elsewhere}, TooMuch: true}`, `Context: map[string]string{"iam:PermissionsBoundary": account + "policy/" + elsewhere}, TooMuch: false}`, []string{"./integrations/awsiam" + tests}},
		{"other authorities that a host of a fleet trusts are not said", "integrations/sshcert/fleet_rights.go", "integrations.Beside(is.Authorities, []string{authority}); len(more) > 0", "integrations.Beside(is.Authorities, []string{authority}); false", []string{"./integrations/sshcert -run TestFleetRights"}},
		{"anybody on a host says who calls its helper unsaid", "integrations/sshcert/helper.go", "{h.helper.Workers, \"says which keys the helper lets in\", 0o022}", "{h.helper.Workers, \"says which keys the helper lets in\", 0}", []string{"./integrations/sshcert -run TestFleetRights"}},
		{"a host of a fleet that does not say is as it should be", "integrations/sshcert/fleet_rights.go", "for name, err := range all.failed {", "_ = all\n\tfor name, err := range map[string]error(nil) {", []string{"./integrations/sshcert -run TestFleetRights"}},
		{"rights for Vault's secrets are not looked for", "integrations/vaulttoken/ping.go", "	maps.Copy(want, c.neededForSecrets())\n", "", []string{"./integrations/vaulttoken -run TestRightsForSecrets"}},
		{"a token that makes Vault's secrets itself passes for just what is needed", "integrations/vaulttoken/rights.go", "beside, notNeeded()", "beside[:0], notNeeded()", []string{"./integrations/vaulttoken -run TestRightsForSecrets"}},
		{"anybody may look into states of Terraform unsaid", "integrations/terraform/rights.go", "mode&0o077 != 0", "mode&0o022 != 0", []string{"./integrations/terraform" + tests}},
		{"a member of other roles in Postgres passes for just what is needed", "integrations/postgres/rights.go", "for _, may := range own {", "for _, may := range own[:0] {", []string{"./integrations/postgres -run TestPing"}},
		{"a worker of another target says that one is off", "evidence/target_state.go", "return k.ForTarget(target).targetState(signed, target)", "return k.targetState(signed, target)", []string{"./evidence -run TestCase149"}},
		{"a target that is off is asked for", "server/app/planner.go", "if err := p.catalog.refuseOff(ctx, by.Person, c, result.Draft.Grants); err != nil {", "if err := p.catalog.refuseOff(ctx, by.Person, c, nil); err != nil {", []string{"./server -run TestCase149"}},
		{"what is said of one target counts for another", "evidence/target_state.go", "if s.Target != target {", "if false {", []string{"./evidence -run TestCase149"}},
		{"a target is off with words that do not show", "evidence/target_state.go", "if issues := s.Validate(); len(issues) > 0 {", "if issues := s.Validate(); len(issues) > 1000 {", []string{"./evidence -run TestCase149"}},
		{"who asks reads the worker's own words of why a target is off", "server/app/targets.go", "return state.WithoutInternals()", "return state", []string{"./server -run TestCase149"}},
		{"a grant that is ruled out is opened", "ledger/not_begun.go", "if err == nil && out {", "if err == nil && !out && out {", []string{"./ledger -run TestLedger/sqlite/Case156"}},
		{"a grant is signed as never begun without the log", "server/app/not_begun.go", "size, err := n.checkLog(ctx, plan, out)", "size, err := plan.LogSize, error(nil)", []string{"./server/app -run Case156"}},
		{"what was never begun, by a signature, is not asked for at a target that works", "activities/close.go", "t.Broker.Disabled(g.Target) != nil && t.neverBegun(ctx, g)", "t.neverBegun(ctx, g)", []string{"./activities -run Case156"}},
		{"a grant that has a row was never begun", "activities/not_begun.go", "access.CodeOf(err) != access.CodeNotFound", "err != nil && access.CodeOf(err) != access.CodeNotFound", []string{"./activities -run Case156"}},
		{"another grant's signature rules a grant out", "activities/not_begun.go", "n.RequestID == g.RequestID && n.Grant == g.Name", "n.RequestID == g.RequestID", []string{"./activities -run Case156"}},
		{"evidence says never begun of what was opened", "evidence/verify_access.go", "if opened || slices.ContainsFunc(v.Events, begun) {", "if false && (opened || slices.ContainsFunc(v.Events, begun)) {", []string{"./evidence -run Case156"}},
		{"what a worker said of its target long ago counts", "access/target_state.go", "age > TargetStateLasts || age < -TargetStateLasts", "age > 1e6*TargetStateLasts", []string{"./access -run TestTargetState", "./server -run TestCase149"}},
		{"a target that could not be started stays off", "worker/states.go", "		k.opening.open(ctx, k.name)\n", "		_ = ctx\n", []string{"./worker -run TestTargetComesBack"}},
	}
}
