package main

// reviews returns the mutants of the weekly review.
func reviews() []mutant {
	marks, read := []string{"./server -run TestCase130|TestReviewOfOthers"}, []string{"./review/record -run TestReader"}
	edits := []string{"./review/change"}
	return []mutant{
		{"somebody dismisses a finding about themselves", "server/app/reviews.go", "if isAbout(f, by.Person) {", "if false && isAbout(f, by.Person) {", marks},
		{"a review that was changed in the database is believed", "server/app/reviews.go", "if digestOf(kept.Report) != access.ReviewMadeOf(told).Digest {", "if false && digestOf(kept.Report) != access.ReviewMadeOf(told).Digest {", marks},
		{"an owner reads what is about others' contracts", "server/app/reviews.go", "if v.seesAll(p) {", "if true || v.seesAll(p) {", marks},
		{"the charts of an owner count what is others'", "server/app/review_trend.go", "weeksOf(v.shown(by.Person, report))", "weeksOf(report)", []string{"./server -run TestReviewPage"}},
		{"an agent reads reviews", "server/app/review_trend.go", "return p.Kind == access.KindHuman && (", "return (", marks},
		{"a plan that nobody signed is reviewed", "review/record/request.go", "p, err := r.Keys.VerifyPlan(e)", "p, err := evidence.ReadPlan(e)", read},
		{"a decision that nobody signed is reviewed", "review/record/request.go", "d, err := r.Keys.VerifyDecision(e)", "d, err := evidence.ReadDecision(e)", read},
		{"a request whose row was deleted leaves the review unnoticed", "review/record/reader.go", "missing.add(p.request.ID)", "_ = p.request.ID", read},
		{"a decision that was deleted leaves the review unnoticed", "review/record/request.go", "(e.Kind != access.EventDecisionRecorded || keys[e.Key])", "(true || keys[e.Key])", read},
		{"an edit that changes another contract is proposed", "review/change/apply.go", "same == (name == contract) && (was || is) {", "same && name == contract {", edits},
		{"a group is taken out of what an and binds", "review/change/apply.go", "if text == `\"`+group+`\" in person.groups`", "if strings.HasSuffix(text, `\"`+group+`\" in person.groups`)", edits},
	}
}
