package main

// notices returns the mutants of who hears of what, and through which channel.
func notices() []mutant {
	return []mutant{
		{"the requester is asked to decide by their group's address", "notices/addresses.go", "return a.channel == mailChannel && requester.EmailVerified &&", "return false && requester.EmailVerified &&", []string{"./notices -run WhoHasAnAddress"}},
		{"an address that somebody only says is theirs keeps others from hearing", "notices/addresses.go", "a.channel == mailChannel && requester.EmailVerified &&", "a.channel == mailChannel &&", []string{"./notices -run WhoHasAnAddress"}},
		{"of a long request the last events are not read", "notices/handled.go", "if len(page) < eventPage {", "if true {", []string{"./notices -run TestWhoDecidedAnExtensionKnows"}},
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
		{"who decided hears that others did", "notices/handled.go", "if slices.Contains(deciders, access.FoldID(n.Address)) {", "if false {", []string{"./notices -run TestWhoDecidedKnows"}},
		{"that somebody was linked waits for a request", "notices/alone.go", "case access.EventExternalLinked, access.EventSinkBehind,", "case access.EventSinkBehind,", []string{"./notices -run TestCase125"}},
		{"that somebody was linked and taken back is silent", "ledger/external_links.go", "list, err := l.reader().lastExternalLinks(ctx, `id = ?`, u.key())", "list, err := l.reader().externalLinks(ctx, `id = ?`, u.key())", []string{"./notices -run TestCase125LinkIsHeardOf"}},
		{"a link that nobody can be told of is silent", "notices/alone.go", "if len(to) == 0 {\n\t\treturn 0, e.alarm(", "if len(to) == 0 {\n\t\treturn 0, nil\n\t}\n\tif len(to) < 0 {\n\t\treturn 0, e.alarm(", []string{"./notices -run TestCase125LinkOfSomebody"}},
		{"a receiver that is behind fills a mailbox", "notices/alone.go", "case access.EventSinkBehind:\n\t\treturn fmt.Sprintf(\"sink %s after %s on %s\", ev.Detail[\"sink\"], ev.Detail[\"after\"], at.Format(time.DateOnly))", "case access.EventSinkBehind:\n\t\treturn fmt.Sprint(ev.Seq, at.Format(time.DateOnly))", []string{"./notices -run TestCase46ReceiverIsBehind"}},
		{"an alarm that nobody hears is an alarm for ever", "notices/outbox.go", "if kind == access.EventNoticeUndelivered {", "if false {", []string{"./notices -run TestCase46UndeliveredIsHeardOf"}},
		{"a row about no request goes to whom it says", "notices/alone.go", "if i < 0 || !known {", "if i < 0 {\n\t\tto, i = append(to, addressed{why: n.Why}), len(to)\n\t}\n\tif !known {", []string{"./notices -run TestCase48ForgedRowsOfNoRequest"}},
		{"what an event says is in a notice", "notices/alone_message.go", "if !ok {\n\t\treturn \"(not as Ramp writes it)\"", "if !ok && len(text) > 1000 {\n\t\treturn \"(not as Ramp writes it)\"", []string{"./notices -run TestCase48ForgedRowsOfNoRequest"}},
		{"who was asked for a stage that others met hears nothing", "notices/handled.go", "case k == access.EventDecisionRecorded || slices", "case slices", []string{"./notices -run TestOneStageHandledByOthers"}},
		{"a stage is asked for after it was met", "notices/outbox.go", "return waits == closes, err", "return waits && closes, err", []string{"./notices -run TestAskedTooLate"}},
		{"nobody is asked again when an approval counts no more", "notices/engine.go", "if ev.Kind == access.EventDecisionInvalidated {", "if false {", []string{"./notices -run TestOneStageHandledByOthers"}},
		{"a message in a channel has any number of bytes", "notices/message.go", "if len(text) <= n {", "if true {", []string{"./notices -run TestChannelsTakeWhatIsLong"}},
		{"a row says that an agent's human asked", "notices/decide.go", " || why != whyOfEnd(r) {", " {", []string{"./notices -run TestReminderOfAnAgent"}},
		{"a notice is anybody's while it is being sent", "ledger/notices.go", "micros(until), claimed[i].Tries", "micros(now), claimed[i].Tries", []string{"./notices -run TestCrashAfterSending"}},
	}
}
