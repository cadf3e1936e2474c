package main

// clicks returns the mutants of what people do in a chat service.
func clicks() []mutant {
	refuses, links, sends := "./server -run Case07ChatRefuses", "./server -run Case07ChatUserIs|Case07RowsOf", "./server -run OneMessageForEach|NothingIsWritten|RequesterIsReminded"
	urgent, replies := "./server -run TestCase46", "./server -run TestReplyOutlasts|TestRowsOfReplies"
	return []mutant{
		{"a forged click counts", "chat/slack/deliver.go", "if !hmac.Equal(", "if false && !hmac.Equal(", []string{refuses, "./chat/slack -run TestSignature"}},
		{"a click from before counts", "chat/slack/deliver.go", "if now.Sub(at).Abs() > maxAge {", "if false {", []string{refuses, "./chat/slack -run TestSignature"}},
		{"a click counts twice", "server/chatops/hooks.go", "if !added {", "if false && !added {", []string{"./server -run Case07Replay"}},
		{"somebody of another workspace decides", "chat/slack/service.go", "case i.Workspace != b.config.Workspace || i.HomeWorkspace != \"\" && i.HomeWorkspace != b.config.Workspace:", "case false:", []string{refuses}},
		{"another app decides", "chat/slack/service.go", "case i.App != b.config.App:", "case false:", []string{refuses}},
		{"a guest decides", "server/chatops/acts.go", "case m.Guest || m.Program:", "case m.Guest && m.Program:", []string{refuses}},
		{"a user who was deactivated decides", "server/chatops/acts.go", "case m.Deactivated:", "case false:", []string{refuses}},
		{"a channel that others read decides", "server/chatops/acts.go", "if err == nil && shared {", "if false && shared {", []string{refuses}},
		{"a row of the database is somebody's click", "server/chatops/hooks.go", "if !chat.SameSeal(mark, want) ||", "if false && !chat.SameSeal(mark, want) ||", []string{"./server -run Case07ActsOutlast"}},
		{"a chat link that was taken back counts again", "ledger/external_links.go", "if !later {", "if !later || later {", []string{links}},
		{"somebody's record links another user", "ledger/external_links.go", "if !ok || r.key() != x.id ||", "if !ok ||", []string{links}},
		{"a code links as often as one likes", "ledger/external_links.go", "WHERE digest = ? OR expires_at < ?", "WHERE digest = ? AND expires_at < ?", []string{links}},
		{"whoever reads the database reads the code of a link", "server/chatops/hooks.go", "links && d.Kind == chat.KindCommand {", "links && d.Kind == chat.KindCommand && false {", []string{"./server -run Case103"}},
		{"a used code that is put back links again", "ledger/external_links.go", "if !ok || used ||", "if !ok || used && false ||", []string{"./server -run Case103", links}},
		{"what a message cuts off is approved by its button", "server/chatops/render.go", "if !w.whole(q) {", "if false && !w.whole(q) {", []string{"./server/chatops -run Case105"}},
		{"an earlier message approves what no message shows", "server/chatops/acts.go", "if err == nil && !w.whole(q) {", "if false && !w.whole(q) {", []string{"./server -run Case105"}},
		{"a channel that is shared later reads on", "server/chatops/outbox.go", "if err := w.notShared(ctx, m.Conversation); err != nil {", "if err := w.notShared(ctx, m.Conversation); err != nil && m.Ref == \"\" {", []string{sends}},
		{"the groups of a login count for ever in chat", "server/app/external.go", "if !known && c.now().Sub(since) > most {", "if !known && c.now().Sub(since) > 1000*most {", []string{"./server -run Case07GroupsOf"}},
		{"a click is a recent login", "server/app/external.go", "\tp.LoggedInAt = time.Time{}\n", "", []string{"./server -run Case07WhatNeeds"}},
		{"a message whose response was lost is posted again", "server/chatops/outbox.go", "if m.TriedAt == nil {", "if m.TriedAt == nil || m.WantSeq > 0 {", []string{sends}},
		{"break glass waits its turn in chat", "ledger/chat_messages.go", "WHEN urgent > message_seq OR urgent > thread_seq THEN 0", "WHEN 1 = 2 THEN 0", []string{urgent}},
		{"break glass waits for an earlier message's next try", "ledger/chat_messages.go", "due_at = CASE WHEN chat_messages.urgent < excluded.urgent", "due_at = CASE WHEN 1 = 2", []string{urgent}},
		{"nobody hears that chat did not take break glass", "server/chatops/urgent.go", "now.Add(-alarmAfter)", "now.Add(-1000*alarmAfter)", []string{urgent}},
		{"that chat refuses break glass is heard of later", "server/chatops/outbox.go", "if isRefusal(why) {", "if false && isRefusal(why) {", []string{urgent}},
		{"what became of an act is said twice", "server/chatops/replies.go", "if row.TriedAt != nil {", "if false && row.TriedAt != nil {", []string{replies}},
		{"a row of the database is Ramp's message", "server/chatops/replies.go", "if !chat.SameSeal(mark, want) ||", "if false && !chat.SameSeal(mark, want) ||", []string{replies}},
		{"messages go where others read", "server/chatops/outbox.go", "\t\tif shared {", "\t\tif false && shared {", []string{sends}},
		{"an envelope is acknowledged that nobody wrote down", "chat/slack/socket.go", "\tif err == nil {\n\t\t_ = socket.AckCtx(", "\tif err == nil || true {\n\t\t_ = socket.AckCtx(", []string{"./server -run Case110"}},
		{"an envelope that comes again is another act", "server/chatops/hooks.go", "ID: w.Service.Name() + \" \" + d.ID, Service", "ID: w.Service.Name() + \" \" + d.ID + d.Trigger + now.String(), Service", []string{"./server -run Case110"}},
		{"a code of one program links in another", "ledger/external_links.go", "return c.Service == u.Service && (", "return (", []string{"./server -run Beside"}},
	}
}
