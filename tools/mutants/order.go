package main

// orders returns the mutants of the order in which several grants are opened and closed,
// and of targets that cannot start.
func orders() []mutant {
	tests := []string{"./workflows -run TestCase148"}
	return append(targetsOff(), []mutant{
		{"several grants are opened at once", "workflows/open.go", "		if !r.inOrder() {\n			continue\n		}\n", "		if true {\n			continue\n		}\n", tests},
		{"a grant is opened after one before it has failed", "workflows/open.go", "pending == 0 || r.End != nil }); failed != nil || r.End != nil {\n			break", "pending == 0 || r.End != nil }); false {\n			break", tests},
		{"several grants are closed at once", "workflows/close.go", "return c.open <= i || c.late || enough.IsReady()", "return true || c.open <= i || c.late || enough.IsReady()", tests},
		{"grants are closed in the order in which they were opened", "workflows/close.go", "for i, g := range slices.Backward(c.plan.Grants) {", "for i, g := range slices.Backward(c.plan.Grants) {\n			g = c.plan.Grants[len(c.plan.Grants)-1-i]", tests},
		{"a grant that takes long to close holds up the others", "workflows/close.go", "c.late || enough.IsReady() })", "c.late || false && enough.IsReady() })", tests},
		{"closers keep no order", "ledger/due.go", "AND later.status = 'open'", "AND later.status = 'none'", []string{"./ledger -run TestLedger/sqlite/Case148"}},
		{"closers keep the order for as long as a target fails", "ledger/due.go", "micros(before.Add(-KeepsOrder))", "micros(before.Add(-100 * KeepsOrder))", []string{"./ledger -run TestLedger/sqlite/Case148"}},
		{"an extension that reached the last grants only holds the first open", "ledger/due.go", " AND later.expires_at <= ?))\n", " AND later.expires_at <= ? + 864000000000))\n", []string{"./ledger -run TestLedger/sqlite/Case148"}},
		{"people ask for what a target that cannot start meant before", "activities/meanings.go", "t.Broker.Disabled(target) != nil {", "t.Broker.Disabled(target) != nil && false {", []string{"./activities -run TestDisabledTarget"}},
	}...)
}
