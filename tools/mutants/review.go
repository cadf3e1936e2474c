package main

// reviews returns the mutants of the weekly review.
func reviews() []mutant {
	marks, read := []string{"./server -run TestCase130|TestReviewOfOthers"}, []string{"./review/record -run TestReader"}
	about := []string{"./server -run TestCase141"}
	mails := []string{"./notices -run TestReviewIsMailed|TestAlteredReview"}
	edits := []string{"./review/change"}
	weekly := []string{"./server/app -run TestCase130"}
	return []mutant{
		{"somebody dismisses a finding about themselves", "server/app/reviews.go", "	if about {", "	if false && about {", marks},
		{"somebody dismisses what their agent was refused", "review/repeats.go", "s.humans[r.By][r.Human] = true", "_ = r.Human", about},
		{"a refused act of an agent does not say whose it is", "server/app/refusals.go", "human != by.Person.ID {", "false {", about},
		{"somebody dismisses what the user was refused that they linked", "server/app/reviews.go", "return access.FoldID(u.ActorID()) == access.FoldID(id)", "return false", about},
		{"a link that was taken back hides whose user it was", "ledger/external_links.go", "list, err := l.reader().lastExternalLinks(ctx, `person_key = ?`", "list, err := l.reader().externalLinks(ctx, `person_key = ?`", about},
		{"a review that was changed in the database is believed", "server/app/reviews.go", "if review.Digest(kept.Report) != access.ReviewMadeOf(told).Digest {", "if false && review.Digest(kept.Report) != access.ReviewMadeOf(told).Digest {", marks},
		{"an owner reads what is about others' contracts", "server/app/reviews.go", "if v.seesAll(p) {", "if true || v.seesAll(p) {", marks},
		{"the charts of an owner count what is others'", "server/app/review_trend.go", "weeksOf(v.shown(by.Person, report))", "weeksOf(report)", []string{"./server -run TestReviewPage"}},
		{"an agent reads reviews", "server/app/review_trend.go", "return p.Kind == access.KindHuman && (", "return (", marks},
		{"a plan that nobody signed is reviewed", "review/record/request.go", "p, err := r.Keys.VerifyPlan(e)", "p, err := evidence.ReadPlan(e)", read},
		{"a decision that nobody signed is reviewed", "review/record/request.go", "d, err := r.Keys.VerifyDecision(e)", "d, err := evidence.ReadDecision(e)", read},
		{"a closing that was undone is reviewed", "review/record/request.go", "range closings {\n\t\tif u", "range events {\n\t\tif u", []string{"./review/record -run TestEndedAgain"}},
		{"an end that was undone is reviewed", "review/record/request.go", "if undone {", "if undone && false {", []string{"./review/record -run TestEndedAgain"}},
		{"a request whose row was deleted leaves the review unnoticed", "review/record/reader.go", "missing.add(p.request.ID)", "_ = p.request.ID", read},
		{"a decision that was deleted leaves the review unnoticed", "review/record/request.go", "(e.Kind != access.EventDecisionRecorded || keys[e.Key])", "(true || keys[e.Key])", read},
		{"a second account with the same address marks a finding", "server/app/reviews.go", "p.Email = m.Email", "_ = m.Email", weekly},
		{"a linked account marks a finding", "server/app/reviews.go", "	p = known.WithAccounts(p)\n", "", weekly},
		{"a row that nobody told the log of stops the weekly review", "ledger/reviews.go", "ON CONFLICT (until) DO UPDATE SET since = excluded.since, report = excluded.report`", "ON CONFLICT (until) DO NOTHING`", weekly},
		{"a mark that somebody wrote into the database counts", "server/app/reviews.go", "check := v.audit.verifyTimeline(ctx, out)", "check := &access.TimelineCheck{}", weekly},
		{"a review whose event was changed with it is believed", "server/app/reviews.go", "check := v.audit.verifyTimeline(ctx, []access.Event{e})", "check := &access.TimelineCheck{}", weekly},
		{"a review believes events that the log does not have", "review/record/log.go", "if r.Checkpoint == nil {", "if true || r.Checkpoint == nil {", read},
		{"the time of one event hides what follows it from a review", "review/record/reader.go", "if len(list) < pageSize || over(list, until) {", "if len(list) < pageSize || list[0].AskedAt.After(until) {", read},
		{"an order to end that nobody signed is shown", "evidence/keyring.go", "verified[access.EndOrder](k, e, TypeEnd)", "decode[access.EndOrder](e, TypeEnd)", []string{"./server/app -run TestWhoEndedIt"}},
		{"owners read the ids of others' requests", "review/remember.go", "r.UnknownToOwners...)", "r.Unknown...)", []string{"./review/record -run TestOwners"}},
		{"a review proposes more approvals than people ever gave", "review/another.go", "len(a.stages[stageOf{contract, stage}]) <= now", "false", []string{"./review -run TestAnother"}},
		{"a mail of a review names people unasked", "notices/weekly.go", "l.Link, e.config.ReviewNames)", "l.Link, true)", mails},
		{"an owner is mailed what is about others' contracts", "notices/weekly.go", "		if !of.all {", "		if false {", mails},
		{"a report that somebody changed is mailed", "notices/weekly_report.go", "review.Digest(kept.Report) != access.ReviewMadeOf(ev).Digest", "false", mails},
		{"whoever writes a report writes a mail", "notices/weekly_report.go", "about = append(about, personCell(id))", "about = append(about, id)", mails},
		{"nobody hears that a week has no review", "server/app/weekly.go", "		v.tellOverdue(ctx, until, now)\n", "", weekly},
		{"an edit that changes another contract is proposed", "review/change/apply.go", "same == (name == contract) && (was || is) {", "same && name == contract {", edits},
		{"a group is taken out of what an and binds", "review/change/apply.go", "if text == `\"`+group+`\" in person.groups`", "if strings.HasSuffix(text, `\"`+group+`\" in person.groups`)", edits},
	}
}
