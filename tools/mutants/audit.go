package main

// audits returns the mutants of what auditors read.
func audits() []mutant {
	const case126 = "./server -run TestCase126"
	const proofs = "./server/app -run TestCase127"
	return []mutant{
		{"a spreadsheet runs what people wrote", "server/api/export.go", "if first, _ := utf8.DecodeRuneInString(text); text != \"\" &&", "if first, _ := utf8.DecodeRuneInString(text); text == \"\" &&", []string{case126}},
		{"a formula behind a space is run", "server/api/export.go", "[]string{s, strings.TrimSpace(s)}", "[]string{s}", []string{case126}},
		{"an export ends early and looks whole", "server/api/export.go", "len(out) > maxExport || len(out) == maxExport && next != \"\"", "false", []string{"./server/api -run ExportIsWhole"}},
		{"an event that was rewritten is proven", "evidence/logproofs.go", "e.Leaf, tlog.RecordHash(e.Event.Leaf())); err != nil {", "e.Leaf, tlog.RecordHash(e.Event.Leaf())); err != nil && false {", []string{proofs}},
		{"anybody signs the checkpoint of a proof", "evidence/logproofs.go", "at, err := keys.VerifyCheckpoint(p.Checkpoint)", "at, err := ReadCheckpoint(p.Checkpoint)", []string{proofs}},
		{"anybody searches all requests", "server/app/audit_search.go", "if err := a.requireAuditor(ctx, by); err != nil {\n\t\treturn nil, \"\", err", "if err := a.requireAuditor(ctx, by); err != nil && false {\n\t\treturn nil, \"\", err", []string{"./server -run TestAuthorizationMatrix"}},
		{"anybody reads the evidence of any request", "server/app/audit_evidence.go", "if err := e.log.requireAuditor(ctx, by); err != nil {", "if err := e.log.requireAuditor(ctx, by); err != nil && false {", []string{"./server -run TestAuditPage"}},
		{"a search leaves out what was recorded late", "ledger/search.go", "where.and(\"(at, seq) < (?, ?)\", at, seq)", "where.and(\"at < ? AND seq < ?\", at, seq)", []string{"./ledger -run TestSearch|TestAuditSearch"}},
	}
}
