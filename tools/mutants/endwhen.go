package main

// ends returns the mutants of what ends access before its time.
func ends() []mutant {
	rule, watch := []string{"./access -run Case100"}, "./server/app -run Case100"
	return []mutant{
		{"a condition ends access by what was so an hour ago", "access/end_condition.go", "case age > FactWithin:", "case false:", rule},
		{"a condition ends access by what is dated in the future", "access/end_condition.go", "case age < -ClockSkew, f.AsOf != nil && f.AsOf.Sub(at) > ClockSkew:", "case false:", rule},
		{"a shift that is just over takes access from who has the next", "access/end_condition.go", "case f.OnCall != nil && f.OnCall.Until != nil && !at.Before(*f.OnCall.Until):", "case false:", rule},
		{"another ticket ends access", "access/end_condition.go", "if f.FactQuestion != c.Asks[i] {", "if f.FactQuestion != c.Asks[i] && false {", rule},
		{"an order of a person passes for the contract's", "access/end_condition.go", "case o.By != ActorContract:", "case false:", rule},
		{"nothing known is true", "access/end_condition.go", "case by.UnknownSince == nil && !known:", "case false && !known:", rule},
		{"what is unknown for a moment ends access", "access/end_condition.go", "case o.At.Sub(*by.UnknownSince) < c.UnknownFor.Std():", "case false:", rule},
		{"a forged event says since when a condition is unknown", "access/end_condition.go", "case by.UnknownSince.Before(p.CreatedAt.Add(-ClockSkew)):", "case false:", rule},
		{"a damaged event of one request keeps the access of others open", "server/app/endwhen.go", "if together != nil {", "if together != nil && false {", []string{"./server/app -run Case100"}},
		{"a calendar that says every second takes a core", "facts/calendar/shifts.go", "len(option.Byhour)+len(option.Byminute)+len(option.Bysecond) > 0", "false", []string{"./facts/calendar"}},
		{"what is unknown ends access though the contract keeps it", "server/app/endwhen.go", "if c.UnknownFor > 0 && now.Sub", "if now.Sub", []string{watch}},
		{"what is unknown never ends access", "server/app/endwhen.go", "now.Sub(period.Since) >= c.UnknownFor.Std()", "now.Sub(period.Since) >= 1e6*c.UnknownFor.Std()", []string{watch}},
		{"a server that starts anew counts anew since when something is unknown", "server/app/endwhen.go", "access.LastUnknownPeriod(events, i)", "access.LastUnknownPeriod(events[:0], i)", []string{watch}},
		{"what was unknown once is never known again", "server/app/endwhen.go", "if !period.Since.IsZero() && period.Number", "if false && period.Number", []string{watch}},
		{"a source that comes and goes fills the log", "server/app/endwhen.go", "period.Number < access.MaxUnknownPeriods {", "true {", []string{watch}},
		{"conditions end what is not open", "server/app/endwhen.go", ", States: []access.State{access.StateGranting, access.StateActive}}", "}", []string{watch}},
		{"each request asks for itself", "server/app/asking.go", "if seen[q] {", "if false {", []string{"./server/app -run AskingFew|Case100"}},
		{"a source that hangs is waited for at each question", "server/app/asking.go", "hangs = hangs || !knows", "hangs = hangs || false", []string{"./server/app -run AskingFew"}},
		{"access opens that ends at once", "contracts/endwhen.go", "case Satisfied:", "case \"\":", []string{"./contracts -run EndWhenInThePlan"}},
		{"access is given without the ticket that ends it", "contracts/endwhen.go", "if c.condition.reads.ticket && q.Request.Ticket == \"\" {", "if false {", []string{"./contracts -run EndWhenInThePlan"}},
		{"the plan does not say when access ends", "contracts/endwhen.go", "q.draft.EndWhen = append(q.draft.EndWhen, planned)", "_ = planned", []string{"./contracts -run EndWhenInThePlan"}},
		{"a pack is proven whose access a condition of no plan ended", "evidence/verify_ends.go", "if err := v.proof.CheckEnd(o); err != nil {", "if err := v.proof.CheckEnd(o); false {", []string{"./evidence -run Case100"}},
		{"what was unknown before access was approved ends it", "server/app/endwhen.go", "period.Since = time.Time{} // no server", "_ = period // no server", []string{"./server/app -run Case100"}},
		{"a pack is proven whose access ended since something was unknown before it opened", "access/end_condition.go", "!o.EndedBy.UnknownSince.Before(opens.Add(-ClockSkew)) {", "true {", []string{"./access -run Case100"}},
		{"a pack is proven that says since when something was unknown, and the log does not", "evidence/verify_ends.go", " && e.Event.At.Equal(*o.EndedBy.UnknownSince)", "", []string{"./evidence -run Case100"}},
	}
}
