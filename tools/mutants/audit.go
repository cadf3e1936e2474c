package main

// audits returns the mutants of what auditors read.
func audits() []mutant {
	const case126 = "./server -run TestCase126"
	const proofs = "./server/app -run TestCase127"
	return append(dropped(), []mutant{
		{"a spreadsheet runs what people wrote", "server/api/export.go", "\ts = formula.ReplaceAllString(s, \"$1'$2\")\n", "", []string{case126}},
		{"a formula behind a space is run", "server/api/export.go", `\x7f-\x{9f}"]*[=+`, `\x7f-\x{9f}"]{0}[=+`, []string{case126}},
		{"a formula behind a semicolon is run", "server/api/export.go", "(^|[;\\t", "(^|[\\t", []string{case126}},
		{"an export ends early and looks whole", "server/api/export.go", "len(out) > maxExport || len(out) == maxExport && next != \"\"", "false", []string{"./server/api -run ExportIsWhole"}},
		{"an event that was rewritten is proven", "evidence/logproofs.go", "e.Leaf, tlog.RecordHash(e.Event.Leaf())); err != nil {", "e.Leaf, tlog.RecordHash(e.Event.Leaf())); err != nil && false {", []string{proofs}},
		{"anybody signs the checkpoint of a proof", "evidence/logproofs.go", "at, err := keys.VerifyCheckpoint(p.Checkpoint)", "at, err := ReadCheckpoint(p.Checkpoint)", []string{proofs}},
		{"an auditor reads as signed what nobody has", "evidence/signed_contents.go", "\t\t\terr = v.sortStatement(e)\n", "", []string{"./server -run TestCase127Forged"}},
		{"a request whose plan was replaced is not there", "server/app/evidence.go", "if r.Plan.Digest == \"\" {", "if false {", []string{"./server -run TestCase127Forged"}},
		{"another request's evidence is in a sample", "cmd/ramp/internal/people/audit_pack.go", "if !item.IsOf(pack) {", "if false {", []string{"./cmd/ramp/internal/people -run TestCase127"}},
		{"the evidence in a sample is of another log", "cmd/ramp/internal/people/audit_pack.go", "return evidence.VerifyConsistency(read, own, tiles)", "return nil", []string{"./cmd/ramp/internal/people -run TestCase127"}},
		{"anybody searches all requests", "server/app/audit_search.go", "if err := a.requireAuditor(ctx, by); err != nil {\n\t\treturn nil, \"\", err", "if err := a.requireAuditor(ctx, by); err != nil && false {\n\t\treturn nil, \"\", err", []string{"./server -run TestAuthorizationMatrix"}},
		{"anybody reads the evidence of any request", "server/app/audit_evidence.go", "if err := e.log.requireAuditor(ctx, by); err != nil {", "if err := e.log.requireAuditor(ctx, by); err != nil && false {", []string{"./server -run TestAuditPage"}},
		{"an auditor reads tiles without a bound", "server/surface/limits.go", "if ok, _ := l.Bulk.Allow(who, now); ok {", "if true {", []string{"./server/surface -run TestBulk"}},
		{"whoever is refused tiles is not slowed down", "server/surface/limits.go", "if err != nil && access.CodeOf(err) != access.CodeTooLate {\n\t\t\treturn err", "if err != nil && access.CodeOf(err) != access.CodeTooLate {\n\t\t\tl.Person.Return(l.PersonOf(c), time.Now())\n\t\t\treturn err", []string{"./server -run TestRates"}},
		{"who follows the log is shown what it does not hold", "evidence/log_range.go", "if roots[i] != want[i] {", "if false && roots[i] != want[i] {", []string{"./evidence -run TestVerifyLeaves"}},
		{"a search leaves out what was recorded late", "ledger/search.go", "where.and(\"(at, seq) < (?, ?)\", at, seq)", "where.and(\"at < ? AND seq < ?\", at, seq)", []string{"./ledger -run TestSearch|TestAuditSearch"}},
	}...)
}
