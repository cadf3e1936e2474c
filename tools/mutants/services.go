package main

// services returns the mutants of what is asked of services outside, and sent to them.
func services() []mutant {
	return []mutant{
		{"a name in Jira is a person here", "facts/source/config.go", "if c.Emails && access.IsAddress(email) {", "if access.IsAddress(email) {", []string{"./facts/jira -run Case93"}},
		{"an issue is that of another project", "facts/jira/jira.go", "if is.Key != key {", "if false {", []string{"./facts/jira -run TestCloud"}},
		{"a token that has ended makes every ticket absent", "facts/jira/jira.go", "return reply, j.myself(ctx)", "return reply, nil", []string{"./facts/jira -run TestTokenThatEnded"}},
		{"a ticket's key asks for all of ServiceNow", "facts/servicenow/servicenow.go", "if !numberForm.MatchString(key) {", "if false {", []string{"./facts/servicenow -run Case92"}},
		{"a record is another than was asked for", "facts/servicenow/servicenow.go", "if r.Number != key {", "if false {", []string{"./facts/servicenow -run Case92"}},
		{"everybody on call is on call for this", "facts/pagerduty/pagerduty.go", "entry.Schedule == nil || entry.Schedule.ID != schedule || entry.User == nil", "entry.User == nil", []string{"./facts/pagerduty -run Case93"}},
		{"an issue of anybody's own repository counts", "facts/github/github.go", "!slices.Contains(g.config.Projects, parts[1])", "false && !slices.Contains(g.config.Projects, parts[1])", []string{"./facts/github -run TestIssues"}},
		{"a login of GitHub is a person", "facts/github/github.go", "g.config.Person(strconv.FormatInt(is.Assignee.ID, 10), \"\")", "g.config.Person(\"583231\", \"\")", []string{"./facts/github -run TestIssues"}},
		{"who declined is on call", "facts/calendar/shifts.go", "if strings.EqualFold(attendee.Params.Get(ical.ParamParticipationStatus), \"DECLINED\") {", "if false {", []string{"./facts/calendar -run TestAsk"}},
		{"the address of a calendar is shown", "integrations/jsonhttp/file.go", "err = network.Err", "err = network", []string{"./facts/calendar -run TestFaults"}},
		{"a rota is not asked although its shift is over", "facts/kept.go", "&& !shiftOver(r, now)", "", []string{"./facts -run TestShiftIsOver"}},
		{"a reply is kept for an hour", "facts/kept.go", "now.Sub(r.AsOf) < k.keep", "now.Sub(r.AsOf) < 360*k.keep", []string{"./facts -run TestKept"}},
		{"a service that asks for fewer calls is called", "facts/kept.go", "if now.Before(k.closed) {", "if false {", []string{"./facts -run TestRetryAfter"}},
		{"a comment is written again whose response was lost", "facts/jira/comment.go", "if strings.Contains(c.Body, mark) {", "if strings.Contains(c.Body, mark+\"x\") {", []string{"./notices -run TestCommentsOnTheTicket"}},
		{"a work note is written again whose response was lost", "facts/servicenow/comment.go", "err != nil || there {", "err != nil || there && false {", []string{"./facts/servicenow -run TestWorkNotes"}},
		{"a comment says what did not happen", "notices/comments.go", "(len(states) == 0 || slices.Contains(states, r.State))", "(len(states) == 0 || slices.Contains(states, states[0]))", []string{"./notices -run Case48ForgedComments"}},
		{"a comment goes to another ticket", "notices/comments.go", "return is && address != \"\" && n.Address == address && n.ID", "return is && n.ID", []string{"./notices -run Case48ForgedComments"}},
		{"a second row makes a second comment", "notices/comments.go", "n.ID == commentID(r.ID, n.Kind, address) &&", "", []string{"./notices -run Case48ForgedComments"}},
		{"a ticket that its system did not know is commented on", "notices/comments.go", "f.State == access.FactKnown && ", "", []string{"./notices -run TestTicketThatIsNotKnown"}},
		{"a name is a mention in Jira", "facts/jira/comment.go", "strings.NewReplacer(\"{\", \"(\", \"}\", \")\")", "strings.NewReplacer()", []string{"./notices -run TestCommentIsOnlyText"}},
		{"a webhook has what people wrote", "feed/webhooks/hook.go", "e = e.Redacted()", "_ = e.Redacted()", []string{"./feed/webhooks -run TestEveryEvent"}},
		{"an event that was not taken is left out", "feed/webhooks/hook.go", "if resp.StatusCode < 200 || resp.StatusCode > 299 {", "if resp.StatusCode == 1 {", []string{"./feed/webhooks -run TestEveryEvent"}},
		{"the address of a webhook is shown", "feed/webhooks/hook.go", "err = of.Err", "err = of", []string{"./feed/webhooks -run TestSecretsStay"}},
		{"a word is a webhook's secret", "feed/webhooks/config.go", "!isSecret || err != nil || len(raw) < 24", "!isSecret && false || err != nil", []string{"./feed/webhooks -run TestSecretsStay"}},
		{"a program with a person's token is that person", "server/mcpserver/mcpserver.go", "by.Person.Kind, by.Person.OnBehalfOf = access.KindAgent, by.Person.ID", "", []string{"./server -run Case03AgentsDecideNothing"}},
		{"a program has logged in lately", "server/mcpserver/mcpserver.go", "\tby.Person.LoggedInAt = time.Time{}\n", "\t_ = time.Time{}\n", []string{"./server -run Case03AgentsDecideNothing"}},
		{"an agent reads what its person may decide", "server/mcpserver/tools.go", "r.Requester.ID != t.by.Person.ID {", "false {", []string{"./server -run Case03AgentsDecideNothing"}},
		{"an agent of nobody asks", "server/mcpserver/mcpserver.go", "\tdefault:\n\t\treturn by,", "\tcase \"x\":\n\t\treturn by,", []string{"./server -run TestWhoMayCallMCP"}},
		{"a person does not see what their agent asked for", "server/app/roles.go", "p.HumanOf(req.Requester) ||", "", []string{"./server -run TestAgentsStory"}},
		{"a person cannot end what their agent asked for", "server/app/end.go", "return p.HumanOf(r.Requester) || own", "return own", []string{"./server -run TestAgentsStory"}},
		{"what people wrote is among Ramp's words", "server/mcpserver/view.go", "p.Description = \"\"", "_ = p.Description", []string{"./server -run Case08WordsForAgents"}},
		{"a page to log in on is a service that works", "facts/source/client.go", "if err == nil && found && object[field] == nil {", "if false {", []string{"./facts/gitlab -run TestFaults"}},
	}
}
