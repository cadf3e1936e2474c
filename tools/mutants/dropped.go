package main

// dropped returns the mutants of what policy drops.
func dropped() []mutant {
	case129 := []string{"./server/app -run ^TestCase129$"}
	kept := []string{"./server/app -run TestCase129WhatIsAltered"}
	copied := []string{"./server/app -run TestCase129CopyLends"}
	young := []string{"./server/app -run TestCase129WhatIsYoung"}
	needed := []string{"./server/app -run TestDropKeepsWhatIsNeeded"}
	return []mutant{
		{"a body that is missing without a removal is whole", "evidence/removal.go", "\tcase first < 0:\n", "\tcase true:\n", case129},
		{"anybody signs what was dropped", "evidence/removal.go", "r, payload, err := verified[access.Removal](k, e, typeRemoval)", "r, payload, err := decode[access.Removal](e, typeRemoval)", case129},
		{"a body that was put back is whole", "evidence/removal.go", "\t\tif !ok {\n", "\t\tif !ok && was.Dropped != nil {\n", append(case129, "./server -run TestDroppedVerifiesByAnother")},
		{"what is left of an event may be anything", "evidence/removal.go", "if was.Dropped.Event != e.Seq || !was.Remains().Equal(remains) || was.Actor", "if was.Actor", case129},
		{"words may stand beside what was dropped", "evidence/removal.go", " || was.Actor != \"\" || was.Message != \"\" || was.Key != \"\" || len(was.Detail) > 0 {", " {", case129},
		{"a removal that the log does not tell of counts", "evidence/removal.go", "if digest != e.Detail[access.DetailRemoval] || r.Log != b.at.Origin {", "if digest == \"\" {", []string{"./evidence -run TestRemovals"}},
		{"a removal says another time than its event", "evidence/removal.go", "if !r.At.Equal(e.At) {", "if false {", []string{"./evidence -run TestRemovals"}},
		{"the event of a removal may be dropped", "evidence/removal.go", "case l.dropped && e.Kind == access.EventBodiesDropped:", "case false:", []string{"./evidence -run TestRemovals"}},
		{"a row that says dropped hides a request", "ledger/verified/dropped.go", "\tkept, ok := of.requests[r.ID]\n\tif !ok {", "\tkept := of.requests[r.ID]\n\tif false {", case129},
		{"a copy lends a page its removals", "ledger/verified/dropped.go", "if err != nil || signed.Log != log.Origin {", "if err != nil {", copied},
		{"a copy lends a review its removals", "review/record/request.go", "return err == nil && signed.Log == log.Origin, err", "return err == nil && log.Origin != \"\", err", copied},
		{"a page takes what is missing for dropped", "server/app/timeline.go", "\t\t\tif !covered {", "\t\t\tif !covered && false {", case129},
		{"a changed event is dropped", "server/app/drop.go", "if err != nil || len(r.Altered) > 0 || len(check.Altered) > 0 {", "if err != nil {", kept},
		{"a changed event about no request is dropped", "server/app/drop.go", "\tfor _, n := range check.Altered {", "\tfor _, n := range check.Altered[:0] {", kept},
		{"what the database says is old is dropped", "server/app/drop.go", "\t\tif !e.At.Before(before) {", "\t\tif false {", young},
		{"a row that says dropped has events dropped", "server/app/drop.go", "dropped[r.ID] = r.Dropped != nil && len(r.Altered) == 0;", "dropped[r.ID] = true;", []string{"./server/app -run TestCase129RowThatSaysDropped"}},
		{"a removal may be of what is recent", "evidence/removal.go", "\t\terr = r.Allowed()\n", "\t\terr = nil\n", []string{"./evidence -run TestRemovals"}},
		{"a removal may be of any kind", "access/removal.go", "e.RequestID == \"\" && !e.Kind.Droppable()", "false", []string{"./evidence -run TestRemovals"}},
		{"break glass is dropped by a review that nobody signed", "access/removal.go", "if glass && opened && r.Review == nil {", "if false {", []string{"./server/app -run TestCase129BreakGlass"}},
		{"refused acts of late go with their request", "server/app/drop.go", "return e.Kind.Refusal() && !e.At.Before(before) })", "return false })", []string{"./server/app -run TestDropKeepsRefusedActs"}},
		{"a body that says that it goes later keeps a review from being made", "review/record/log.go", "code != access.CodeEvidence && code != access.CodeConflict", "code != access.CodeEvidence", []string{"./server/app -run TestCase129BodyOfLater"}},
		{"an auditor reads what was dropped at the speed of a page", "server/surface/limits.go", "err != nil && access.CodeOf(err) != access.CodeTooLate", "err != nil", []string{"./server/surface -run TestBulk"}},
		{"a removal is half done", "ledger/removals.go", "\t\t\tif gone != int64(len(some)) {", "\t\t\tif gone < 0 {", []string{"./server/app -run TestDropIsWhole"}},
		{"what a sink has not had is dropped", "ledger/removals.go", "(` + unhandled + ` OR e.at >= ?", "(e.at >= ?", []string{"./server/app -run TestDropBodies"}},
		{"a request with an open grant is dropped", "ledger/removals.go", "\n\t\tAND NOT EXISTS (SELECT 1 FROM grants g WHERE g.request_id = requests.id AND g.status <> 'closed')\n\t\tAND NOT EXISTS (SELECT 1 FROM grants g JOIN", "\n\t\tAND NOT EXISTS (SELECT 1 FROM grants g JOIN", needed},
		{"what brought contracts into force is dropped", "ledger/removals.go", "\n\t\tAND NOT EXISTS (SELECT 1 FROM grants g JOIN contracts_in_force c ON c.grant_name = g.name WHERE g.request_id = requests.id)", "", needed},
		{"break glass is dropped before its review", "ledger/removals.go", "\n\t\tAND NOT (` + unreviewed + `) ORDER BY", " ORDER BY", needed},
		{"a request is dropped of which something is new", "ledger/removals.go", " OR e.at >= ? AND e.kind NOT IN ` + refusalKinds + `))", " AND e.at >= ? AND e.kind NOT IN ` + refusalKinds + `))", needed},
	}
}
