package main

// proposals are the mutants of contracts that change by requests.
func proposals() []mutant {
	rules, source := []string{"./server -run ContractsChange"}, []string{"./server/proposals"}
	record := []string{"./ledger -run TestLedger$/sqlite$/Case101"}
	commits, history := []string{"./server -run Case118"}, []string{"./server/contractgit -run Case118"}
	return []mutant{
		{"whoever wrote contracts approves them", "access/rule.go", "case slices.ContainsFunc(r.Authors, p.SameHuman):", "case false:", []string{"./access -run Case101"}},
		{"contracts are proposed by somebody else than their author", "server/app/proposals.go", "if !slices.ContainsFunc(authors, func(a access.Person) bool { return a.ID == by.ID }) {", "if false {", []string{"./server -run Case101"}},
		{"a proposal counts the requester where the contract says so", "server/app/proposals.go", "draft.Extend, draft.Rule.SelfApproval, draft.Rule.Authors, draft.Rule.Escalate = nil, false, nil, nil", "draft.Extend, draft.Rule.Authors, draft.Rule.Escalate = nil, nil, nil", rules},
		{"escalation stands in for owners", "server/app/proposals.go", "draft.Rule.Authors, draft.Rule.Escalate = nil, false, nil, nil", "draft.Rule.Authors = nil, false, nil", []string{"./server -run Case101"}},
		{"the owner of a base is not asked", "server/app/proposal_owners.go", "other == nil || other.Version != b.Version", "false && other == nil", []string{"./server -run Case101"}},
		{"a contract leaves a base whose owner is not asked", "server/app/proposal_owners.go", "baseNameOf(was[name]) != baseNameOf(is[name])", "false", []string{"./server -run Case101"}},
		{"the owners of what changes are not asked", "server/app/proposals.go", "\t\tif !same {", "\t\tif false && !same {", rules},
		{"another contract changes contracts", "server/app/proposals.go", "case draft.Contract != c.contract:", "case false:", []string{"./server -run ProposalsThat"}},
		{"a proposal replaces what nobody saw replaced", "ledger/contractsinforce.go", "access.CheckReplaces(r.Replaces, x.digest); err != nil {", "access.CheckReplaces(r.Replaces, x.digest); false && err != nil {", record},
		{"a proposal that comes late brings contracts back", "ledger/contractsinforce.go", "if !taken && x.digest != r.Set {", "if (!taken || true) && x.digest != r.Set {", record},
		{"a deleted record brings older contracts back", "ledger/contractsinforce.go", "if later {", "if false && later {", record},
		{"the ledger's word brings contracts into force", "server/proposals/source.go", "|| plan.Contract != s.config.Contract || c == nil || c.Set != r.Set || c.Replaces != r.Replaces", "|| c == nil", source},
		{"a worker of another target brings contracts into force", "server/proposals/source.go", "workers: workers.ForTarget(c.TargetName())", "workers: workers", source},
		{"files are proposed beside the commits that are signed", "server/app/proposals.go", "if c.commits != nil {\n\t\treturn UploadedContracts{}, access.InvalidField(\"commit_needed\"", "if false {\n\t\treturn UploadedContracts{}, access.InvalidField(\"commit_needed\"", commits},
		{"who signed a commit approves it", "server/app/proposals.go", "commit, authors = newest.ID, withSigners(authors, newest.Authors)", "commit = newest.ID", []string{"./server -run CommitByProposal"}},
		{"a commit that is no longer the newest is asked for", "server/proposals/commits.go", "if contracts.FilesOf(newest.Files).Digest() != set {", "if false {", commits},
		{"who wrote a commit has another sign on top", "server/contractgit/proposable.go", "if changes {", "if false {", history},
		{"a proposed commit leads back", "server/contractgit/proposable.go", "if !before[plumbing.NewHash(after)] {", "if false {", history},
		{"a set comes into force under which nobody can propose another", "server/proposals/source.go", "\tif err == nil {\n\t\terr = CheckSet(set, s.config)\n\t}\n", "\t_ = set\n", source},
	}
}
