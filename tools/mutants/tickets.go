package main

// tickets returns the mutants of what people decide in tickets, and of what agents are told.
func tickets() []mutant {
	hook, once, decides := "server/tickethook/hook.go", "server/app/external_once.go", []string{"./server -run Case111"}
	return []mutant{
		{"a comment that nobody signed decides", hook, "if !signed(keys, body, c.Request().Header.Get(k.header)) {", "if false && !signed(keys, body, c.Request().Header.Get(k.header)) {", decides},
		{"strangers send to ticket systems' address without end", hook, "Rate: surface.PerStranger", "Rate: surface.Unlimited", []string{"./server -run Case123"}},
		{"signed messages count against their address", "server/surface/limits.go", "if c.Get(provenKey) != nil {", "if false {", []string{"./server/surface -run Case123", "./server -run Case123"}},
		{"comments approve where nothing lets them", hook, "do.Verdict == access.Approve && !k.config.Approvals {", "do.Verdict == access.Approve && false {", decides},
		{"a name in other letters takes a code", "ledger/external_links.go", "isASCII(name) && strings", "strings", []string{"./server -run Case124"}},
		{"an old comment decides", hook, "case age > maxAge || age < -maxAhead:", "case age > 1000*maxAge || age < -1000*maxAhead:", decides},
		{"a comment decides twice", once, "} else if done {", "} else if done && false {", decides},
		{"a comment that arrives twice at an instant decides twice", once, "if !claimed {", "if !claimed && false {", decides},
		{"a program's comment decides", hook, "case !said.Own:", "case false:", decides},
		{"a comment on any ticket decides", hook, "!strings.EqualFold(r.Plan.Ticket, ticket) ||", "false && strings.EqualFold(r.Plan.Ticket, ticket) ||", decides},
		{"Jira sends a refused comment again", hook, "if access.CodeOf(err) == access.CodeConflict {", "if false {", decides},
		{"an edited comment of Jira decides", "server/tickethook/jira.go", "created := e.Event == \"comment_created\" ||", "created := e.Event != \"\" ||", decides},
		{"a comment of Jira decides that another changed", "server/tickethook/jira.go", "author.person() && by(e.Comment.Editor) &&", "author.person() &&", decides},
		{"a comment of Jira decides that another sent", "server/tickethook/jira.go", "&& by(e.Actor) &&", "&&", decides},
		{"an edited comment of GitHub decides", "server/tickethook/github.go", "if e.Action != \"created\" ||", "if", decides},
		{"a comment of GitHub decides that another sent", "server/tickethook/github.go", "author.ID == e.Sender.ID && ", "", decides},
		{"a code links whoever read it", "ledger/external_links.go", "(c.User == \"\" || isASCII(name)", "(c.User != \"?\" || isASCII(name)", []string{"./server -run Case124"}},
		{"a code links who has that name as an id", "ledger/external_links.go", "strings.EqualFold(c.User, name)", "strings.EqualFold(c.User, name) || c.User == u.User", []string{"./server -run Case124"}},
		{"what is given is among Ramp's words", "server/mcpserver/view.go", "out.Targets = append(out.Targets, g.Target)", "out.Targets = append(out.Targets, g.Target+g.Scope.Summary)", []string{"./server -run Case08WordsForAgents"}},
		{"what an error quotes is not marked", "server/mcpserver/tools.go", "1000) + quotes)", "1000))", []string{"./server -run Case08WordsForAgents"}},
		{"nobody hears that their agent asks", "notices/decide.go", "&& requester.Why == whyAgent {\n\t\t\t\tout", "&& false {\n\t\t\t\tout", []string{"./notices -run TestWhoHearsWhat"}},
		{"a program's new name gives a link to another user", "ledger/external_links.go", "url.QueryEscape(u.Workspace) + \" \" + url.QueryEscape(u.User)", "url.PathEscape(\"\") + u.Workspace + \" \" + u.User", []string{"./ledger -run TestLedger$/sqlite$/Case124"}},
	}
}
