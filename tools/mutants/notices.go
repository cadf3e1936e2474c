package main

// notices returns the mutants of who hears of what, and through which channel.
func notices() []mutant {
	return []mutant{
		{"who chose to hear of no decision does not hear of break glass", "notices/addresses.go", "case whyApprover, whyEscalated, whyOnCall:", "case whyApprover, whyEscalated, whyOnCall, whyReviewer:", []string{"./notices -run WhoHasAnAddress"}},
		{"somebody chooses for another by their address", "ledger/notice_choices.go", "if p.EmailVerified {", "if true {", []string{"./ledger -run TestLedger/sqlite"}},
		{"what was switched off is sent if it was written down before", "notices/outbox.go", " || hears && to.muted {", " {", []string{"./notices -run TestPeopleChoose"}},
		{"a channel hears the reason", "notices/message.go", "c.letterOf(n, r, c.zone(\"\"), false)", "c.letterOf(n, r, c.zone(\"\"), c.Reasons)", []string{"./notices -run TestChannelsOfServices"}},
		{"a name mentions everybody in a channel", "notices/message.go", "\"@\", \"@\\u200b\", ", "", []string{"./notices -run TestChannelsOfServices"}},
		{"a channel that nobody configured is silent", "notices/engine.go", "if !ev.Kind.Urgent() {\n\t\treturn nil", "if true {\n\t\treturn nil", []string{"./notices -run TestChannelsOfServices"}},
		{"a library sends a notice again by itself", "notices/service/service.go", "if o.made {", "if false {", []string{"./notices/service -run TestFaults"}},
		{"the address of a channel is shown", "notices/service/service.go", "case o.err != nil:\n", "case said != nil:\n\t\treturn access.Errorf(access.CodeUnavailable, \"%w\", said)\n\tcase o.err != nil:\n", []string{"./notices/service -run TestFaults"}},
		{"the address of a channel travels in clear", "notices/service/service.go", "if !jsonhttp.IsSafe(r.URL.Scheme, r.URL.Host) {", "if false {", []string{"./notices/service -run TestAddresses"}},
		{"an address in a contract is a channel", "contracts/notify.go", "if !channelName.MatchString(name) {", "if false && !channelName.MatchString(name) {", []string{"./contracts -run TestRefusedContracts"}},
		{"who handed over is asked to decide, or is an error", "notices/outbox.go", "mayHandOver(n.Why) && !hears || ", "", []string{"./notices -run TestHandedOver"}},
		{"who decided hears that others did", "notices/handled.go", " && !slices.Contains(decided, access.FoldID(n.Address))", "", []string{"./notices -run TestWhoDecidedKnows"}},
		{"a notice is anybody's while it is being sent", "ledger/notices.go", "micros(until), claimed[i].Tries", "micros(now), claimed[i].Tries", []string{"./notices -run TestCrashAfterSending"}},
	}
}
