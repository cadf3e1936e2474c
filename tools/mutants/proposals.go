package main

// proposals are the mutants of contracts that change by requests.
func proposals() []mutant {
	rules, source := []string{"./server -run ContractsChange"}, []string{"./server/proposals"}
	uploads := []string{"./ledger -run TestLedger$/sqlite$/Case10[68]"}
	record := []string{"./ledger -run TestLedger$/sqlite$/Case101"}
	commits, history := []string{"./server -run Case118"}, []string{"./server/contractgit -run Case118"}
	return []mutant{
		{"whoever wrote contracts approves them", "access/rule.go", "case v != Deny && slices.ContainsFunc(r.Authors, p.SameHuman):", "case false:", []string{"./access -run Case101"}},
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
		{"the ledger's word brings contracts into force", "server/proposals/verify.go", "|| plan.Contract != s.config.Contract || c == nil || c.Set != r.Set || c.Replaces != r.Replaces", "|| c == nil", source},
		{"a worker of another target brings contracts into force", "server/proposals/source.go", "workers: workers.ForTarget(c.TargetName())", "workers: workers", source},
		{"files are proposed beside the commits that are signed", "server/app/proposals.go", "if c.commits != nil {\n\t\treturn UploadedContracts{}, access.InvalidField(\"commit_needed\"", "if false {\n\t\treturn UploadedContracts{}, access.InvalidField(\"commit_needed\"", commits},
		{"who signed a commit approves it", "server/app/proposals.go", "authors, err = c.withSigners(ctx, authors, newest.Authors); err != nil {", "_, err = c.withSigners(ctx, authors, newest.Authors); err != nil {", []string{"./server -run CommitByProposal"}},
		{"who signed a commit approves it by a second account with their address", "server/app/proposal_commits.go", "signer.Name, signer.Email, signer.EmailVerified = m.Name, m.Email, m.Email != \"\"", "signer.Name = m.Name", []string{"./server -run Case122"}},
		{"who signed a commit approves it by a linked account", "server/app/proposal_commits.go", "signer := known.WithAccounts(access.Person{ID: id, Kind: access.KindHuman})", "signer := access.Person{ID: id, Kind: access.KindHuman}", []string{"./server -run Case122"}},
		{"a signer is changed in the ledger, so that their second account is nobody's", "server/app/proposal_commits.go", "why := known.Unproven[access.FoldID(one)]; why != \"\" {", "why := known.Unproven[access.FoldID(one)]; false && why != \"\" {", []string{"./server -run Case122"}},
		{"a directory that does not respond knows nothing of a signer", "server/app/proposal_commits.go", "c.directory.DirectorySnapshot(ctx, ids...); err != nil {", "c.directory.DirectorySnapshot(ctx, ids...); false && err != nil {", []string{"./server/app -run Case122"}},
		{"a commit that is no longer the newest is asked for", "server/proposals/commits.go", "if contracts.FilesOf(newest.Files).Digest() != set {", "if false {", commits},
		{"who wrote a commit has another sign on top", "server/contractgit/proposable.go", "if changes {", "if changes && false {", history},
		{"an unsigned merge brings back what was left out", "server/contractgit/proposable.go", "if known[p.Hash] && p.Hash != plumbing.NewHash(inForce) {", "if false {", history},
		{"a proposed commit leads back", "server/contractgit/proposable.go", "if !before[plumbing.NewHash(after)] {", "if !before[plumbing.NewHash(after)] && false {", history},
		{"who is made an author cannot deny", "access/rule.go", "case v != Deny && slices.ContainsFunc(r.Authors, p.SameHuman):", "case slices.ContainsFunc(r.Authors, p.SameHuman):", []string{"./access -run Case101"}},
		{"an author is taken out of the ledger", "ledger/contractuploads.go", "case logged || len(out) < len(signed):", "case len(out) < len(signed):", uploads},
		{"the record of another upload is an author's", "ledger/contractuploads.go", "ok && u.Digest == digest && x.id == contractUploadID(digest, u.Number) {", "ok {", uploads},
		{"somebody uploads any number of sets", "ledger/contractuploads.go", "n >= ContractUploads {", "false && n >= ContractUploads {", uploads},
		{"a set that was proposed is forgotten", "ledger/contractuploads.go", "SET forget_at = NULL WHERE digest = ?`, change.Set)", "SET forget_at = forget_at WHERE digest = ?`, change.Set)", uploads},
		{"what nobody proposes is kept for ever", "ledger/contractuploads.go", "DELETE FROM contract_sets WHERE forget_at < ?", "DELETE FROM contract_sets WHERE forget_at < 0 * ?", uploads},
		{"a denial that comes while contracts come into force is not looked at", "ledger/contractsinforce.go", "\treturn check(statements)", "\t_ = statements\n\treturn nil", []string{"./ledger -run Case107"}},
		{"a worker's key brings into force what nobody approved", "server/proposals/verify.go", "proof.Term(r.Grant).WasOpened(r.At, r.At); err != nil {", "proof.Term(r.Grant).WasOpened(r.At, r.At); false && err != nil {", source},
		{"a worker dates what was denied before its denial", "server/proposals/verify.go", "proof.Plan.Digest, before); tally != access.TallySatisfied {", "proof.Plan.Digest, before); false && tally != access.TallySatisfied {", source},
		{"a denial that is taken away is not missed", "server/proposals/verify.go", "\t\tif i < 0 {\n", "\t\tif i < 0 {\n\t\t\tcontinue\n\t\t}\n\t\tif i < 0 {\n", source},
		{"a worker dates what was ended before its end", "server/proposals/verify.go", "if e.Kind != access.EventDecisionRecorded {\n", "if e.Kind != access.EventDecisionRecorded {\n\t\t\tcontinue\n\t\t}\n\t\tif false {\n", source},
		{"an older record is put back before a server starts", "server/proposals/verify.go", "case l.Later:", "case false:", source},
		{"contracts come into force that the log does not tell of", "server/proposals/verify.go", "case l.Seq == 0:", "case false:", source},
		{"one approval brings contracts into force twice", "server/proposals/verify.go", "case r.At.Before(l.Previous.Add(-access.ClockSkew)):", "case false:", source},
		{"nobody hears that contracts in force were changed in the ledger", "server/proposals/source.go", "\t\ts.raise(ctx, plan.RequestID, err.Error())\n", "", source},
		{"a change of contracts is approved where it is not shown", "access/rule.go", "if plan.Change != nil && !d.Via.ShowsContracts() {", "if false {", []string{"./access -run Case109", "./server -run Case109"}},
		{"a token for an hour becomes a lasting link", "server/app/external.go", "by.Person.RequireRecentLogin(LinkLogin, c.now()); err != nil {", "by.Person.RequireRecentLogin(LinkLogin, c.now()); false && err != nil {", []string{"./server -run Case108"}},
		{"one signed decision is taken as often as it is sent at once", "server/app/external_once.go", "if !claimed {", "if !claimed && false {", []string{"./server -run Case109"}},
		{"an agent is given what its person asked for", "access/id.go", "if a.Via.ByThemselves() {", "if true {", []string{"./access -run Case30", "./server -run Case108"}},
		{"a set comes into force under which nobody can propose another", "server/proposals/source.go", "\tif err == nil {\n\t\terr = CheckSet(set, s.config)\n\t}\n", "\t_ = set\n", source},
	}
}
