package ledger_test

import (
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var chatSuite = map[string]func(b fixture){
	"an act of chat is kept once, and given out once at a time": func(b fixture) {
		a := ledger.ExternalAct{ID: "slack 1", Service: "slack", Body: "sealed", ReceivedAt: at}
		added, err := b.AddExternalAct(ctx, a)
		require.NoError(b, err)
		require.True(b, added)
		other := a
		other.Body = "another"
		added, err = b.AddExternalAct(ctx, other)
		require.NoError(b, err)
		require.False(b, added, "the same delivery")
		claim := func(now time.Time) []ledger.ExternalAct {
			list, err := b.ClaimExternalActs(ctx, "slack", now, now.Add(time.Minute), 10)
			require.NoError(b, err)
			return list
		}
		a.Tries = 1
		require.Equal(b, []ledger.ExternalAct{a}, claim(at))
		require.Empty(b, claim(at.Add(59*time.Second)))
		a.Tries = 2
		require.Equal(b, []ledger.ExternalAct{a}, claim(at.Add(time.Minute)), "its process died")
		require.NoError(b, b.RetryExternalAct(ctx, a.ID, "away", at.Add(2*time.Minute)))
		require.Empty(b, claim(at.Add(119*time.Second)))
		require.NoError(b, b.CloseExternalAct(ctx, a.ID, "done", at))
		require.Empty(b, claim(at.Add(time.Hour)))
		added, err = b.AddExternalAct(ctx, other)
		require.NoError(b, err)
		require.False(b, added, "done already")
		require.NoError(b, b.ForgetExternalActs(ctx, "slack", at.Add(time.Second)))
		added, err = b.AddExternalAct(ctx, other)
		require.NoError(b, err)
		require.True(b, added)
		require.NoError(b, b.CloseExternalAct(ctx, a.ID, "done", at))

		sentAgain := ledger.ExternalAct{ID: "webhook msg_1", Service: "webhook", ReceivedAt: at}
		waits := ledger.ExternalAct{ID: "slack d9", Service: "slack", Body: "sealed", ReceivedAt: at}
		for _, act := range []ledger.ExternalAct{sentAgain, waits} {
			_, err = b.AddExternalAct(ctx, act)
			require.NoError(b, err)
		}
		adds := func(act ledger.ExternalAct) bool {
			added, err := b.AddExternalAct(ctx, act)
			require.NoError(b, err)
			return added
		}
		forget := func(before time.Time) {
			for _, service := range []string{"slack", "webhook"} {
				require.NoError(b, b.ForgetExternalActs(ctx, service, before))
			}
		}
		require.NoError(b, b.ForgetExternalActs(ctx, "slack", at.Add(time.Second)))
		require.False(b, adds(sentAgain), "of another service")
		forget(at)
		require.False(b, adds(sentAgain), "it may still be sent again")
		forget(at.Add(time.Second))
		require.True(b, adds(sentAgain), "what never succeeded is forgotten too")
		require.False(b, adds(waits), "a server is still to do it, or to record that it is too late")
		for _, act := range []ledger.ExternalAct{sentAgain, waits} {
			require.NoError(b, b.CloseExternalAct(ctx, act.ID, "done", at))
		}
	},
	"servers that send messages share one pace, and no message": func(b fixture) {
		for _, id := range []string{"a", "b", "c"} {
			require.NoError(b, b.WantChatMessages(ctx, at, ledger.ChatMessage{ID: id, Service: "pace", RequestID: id, Conversation: "C1", WantSeq: 3}))
		}
		require.NoError(b, b.WantChatMessages(ctx, at, ledger.ChatMessage{ID: "b", Service: "pace", RequestID: "b", Conversation: "C1", WantSeq: 9}, ledger.ChatMessage{ID: "a", Service: "pace", RequestID: "a", Conversation: "C1", WantSeq: 1}))
		claimed := make(chan string, 10)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if m, ok, err := b.ClaimChatMessage(ctx, "pace", at, at.Add(time.Minute), time.Second); err == nil && ok {
					claimed <- m.ID
				}
			})
		}
		all.Wait()
		close(claimed)
		require.Equal(b, "b", <-claimed, "to it something happened last")
		require.Empty(b, claimed, "one call a second, of ten servers")
		claim := func(now time.Time) (ledger.ChatMessage, bool) {
			m, ok, err := b.ClaimChatMessage(ctx, "pace", now, now.Add(time.Minute), time.Second)
			require.NoError(b, err)
			return m, ok
		}
		m, ok := claim(at.Add(time.Second))
		require.True(b, ok)
		require.Equal(b, ledger.ChatMessage{ID: "a", Service: "pace", RequestID: "a", Conversation: "C1", WantSeq: 3, Tries: 1, CreatedAt: at}, m)
		require.NoError(b, b.TryChatMessage(ctx, "a", 0, at.Add(time.Second)))
		require.NoError(b, b.RetryChatMessage(ctx, "a", "lost", at.Add(10*time.Second)))
		require.NoError(b, b.HoldChat(ctx, "pace", at.Add(10*time.Second)))
		_, ok = claim(at.Add(9 * time.Second))
		require.False(b, ok, "the service wants fewer calls")
		m, ok = claim(at.Add(10 * time.Second))
		require.True(b, ok)
		require.Equal(b, at.Add(time.Second), *m.TriedAt, "its response may be lost")
		require.Equal(b, 2, m.Tries)
		remind := at.Add(time.Hour)
		m.RefConversation, m.Ref, m.MessageSeq, m.ThreadSeq, m.RemindAt = "C1", "1.2", 3, 3, &remind
		require.NoError(b, b.SentChatMessage(ctx, m))
		m, ok = claim(at.Add(20 * time.Second))
		require.True(b, ok)
		require.Equal(b, "c", m.ID)
		_, ok = claim(at.Add(21 * time.Second))
		require.False(b, ok, "b is somebody's for a minute, a is up to date")
		m, ok = claim(at.Add(2 * time.Hour))
		require.True(b, ok)
		require.Equal(b, "b", m.ID, "its text is old, which goes before a reminder")
		m.MessageSeq, m.ThreadSeq = 9, 9
		require.NoError(b, b.SentChatMessage(ctx, m))
		m, _ = claim(at.Add(3 * time.Hour))
		m.MessageSeq, m.ThreadSeq = 3, 3
		require.NoError(b, b.SentChatMessage(ctx, m))
		m, ok = claim(at.Add(4 * time.Hour))
		require.True(b, ok)
		require.Equal(b, []any{"a", "1.2", 1}, []any{m.ID, m.Ref, m.Tries}, "to be reminded")
		c, err := b.ChatCounts(ctx)
		require.NoError(b, err)
		require.Equal(b, ledger.ChatCounts{}, c)
	},
	"a reply is recorded with its act, and given out once at a time": func(b fixture) {
		a := ledger.ExternalAct{ID: "slack 9", Service: "replies", Body: "sealed", ReceivedAt: at}
		_, err := b.AddExternalAct(ctx, a)
		require.NoError(b, err)
		r := ledger.ChatReply{ID: a.ID, Service: a.Service, Body: "said"}
		require.NoError(b, b.CloseExternalActWithReply(ctx, "done", at, r))
		done, err := b.ExternalActDone(ctx, a.ID)
		require.NoError(b, err)
		require.True(b, done)
		claim := func(now time.Time) []ledger.ChatReply {
			list, err := b.ClaimChatReplies(ctx, a.Service, now, now.Add(time.Minute), 10)
			require.NoError(b, err)
			return list
		}
		r.CreatedAt, r.Tries = at, 1
		require.Equal(b, []ledger.ChatReply{r}, claim(at))
		require.Empty(b, claim(at.Add(59*time.Second)))
		tried := at
		r.Tries, r.TriedAt = 2, &tried
		require.Equal(b, []ledger.ChatReply{r}, claim(at.Add(time.Minute)), "its process died, and may have sent it")
		require.NoError(b, b.RetryChatReply(ctx, r.ID, "too many calls", at.Add(3*time.Minute), nil))
		require.Empty(b, claim(at.Add(179*time.Second)))
		r.Tries, r.TriedAt = 3, nil
		require.Equal(b, []ledger.ChatReply{r}, claim(at.Add(3*time.Minute)), "it was surely not sent")
		require.NoError(b, b.ForgetChatReply(ctx, r.ID))
		require.NoError(b, b.CloseExternalActWithReply(ctx, "done", at, r))
		require.Empty(b, claim(at.Add(time.Hour)), "the act was closed already")
	},
	"what is urgent goes first, and its alarm is recorded once": func(b fixture) {
		want := func(now time.Time, id string, want, urgent int64) {
			require.NoError(b, b.WantChatMessages(ctx, now, ledger.ChatMessage{ID: id, Service: "urgent", RequestID: id, Conversation: "C1", WantSeq: want, Urgent: urgent}))
		}
		late := func(before time.Time) (ids []string) {
			list, err := b.LateChatMessages(ctx, "urgent", before)
			require.NoError(b, err)
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			return ids
		}
		want(at, "u-a", 1, 0)
		want(at, "u-b", 9, 0)
		require.NoError(b, b.RetryChatMessage(ctx, "u-a", "away", at.Add(time.Hour)))
		want(at.Add(time.Second), "u-a", 2, 2)
		want(at.Add(2*time.Second), "u-a", 3, 3)
		want(at.Add(2*time.Second), "u-a", 2, 2) // handled again
		m, ok, err := b.ClaimChatMessage(ctx, "urgent", at.Add(3*time.Second), at.Add(time.Minute), time.Second)
		require.NoError(b, err)
		require.True(b, ok)
		require.Equal(b, []any{"u-a", int64(3), at.Add(time.Second)}, []any{m.ID, m.Urgent, *m.UrgentAt}, "since the first of them")
		require.Empty(b, late(at))
		require.Equal(b, []string{"u-a"}, late(at.Add(time.Second)))
		e := access.Event{At: at, Kind: access.EventNoticeUndelivered, Actor: access.ActorRamp, Key: "of u-a"}
		require.NoError(b, b.AlarmOfChatMessage(ctx, m, e))
		require.Empty(b, late(at.Add(time.Second)))
		c, err := b.ChatCounts(ctx)
		require.NoError(b, err)
		require.EqualValues(b, 1, c.Urgent)
		want(at.Add(4*time.Second), "u-a", 5, 5)
		require.Equal(b, []string{"u-a"}, late(at.Add(time.Second)), "something else that is urgent")
		for _, id := range []string{"u-a", "u-b"} {
			require.NoError(b, b.SentChatMessage(ctx, ledger.ChatMessage{ID: id, MessageSeq: 9, ThreadSeq: 9}))
		}
		require.Empty(b, late(at.Add(time.Hour)))
	},
	"a user of chat is one person's": func(b fixture) {
		u := ledger.ExternalUser{Service: "slack", Workspace: "T1", User: "U1"}
		event := func(p access.Person) access.Event {
			return access.Event{At: at, Kind: access.EventExternalLinked, Actor: p.ID}
		}
		for code, id := range map[string]string{"one": "chat-alice", "two": "chat-bob", "three": "chat-alice"} {
			require.NoError(b, b.AddLinkCode(ctx, ledger.LinkCode{Digest: code, Service: "slack", Person: access.Person{ID: id, Kind: access.KindHuman, Groups: []string{"dba"}}, ExpiresAt: at.Add(10 * time.Minute)}))
		}
		_, err := b.LinkExternalUser(ctx, "one", u, "alice", at.Add(10*time.Minute), event)
		require.Equal(b, access.CodeForbidden, access.CodeOf(err), "it is over")
		link, err := b.LinkExternalUser(ctx, "one", u, "alice", at, event)
		require.NoError(b, err)
		require.Equal(b, []string{"dba"}, link.Person.Groups)
		// Somebody who owns the database puts the used code back.
		require.NoError(b, b.AddLinkCode(ctx, ledger.LinkCode{Digest: "one", Service: "slack", Person: access.Person{ID: "chat-alice", Kind: access.KindHuman, Groups: []string{"dba"}}, ExpiresAt: at.Add(10 * time.Minute)}))
		_, err = b.LinkExternalUser(ctx, "one", u, "alice", at, event)
		require.Equal(b, access.CodeForbidden, access.CodeOf(err), "it was used")
		_, err = b.LinkExternalUser(ctx, "two", u, "bob", at, event)
		require.Equal(b, access.CodeConflict, access.CodeOf(err), "the user is alice's")
		other := u
		other.User = "U2"
		_, err = b.LinkExternalUser(ctx, "three", other, "alice", at, event)
		require.Equal(b, access.CodeConflict, access.CodeOf(err), "alice has a user")
		again, err := b.ExternalLink(ctx, u)
		require.NoError(b, err)
		require.Equal(b, link, again)
		again, err = b.ExternalLinkOf(ctx, "slack", "CHAT-Alice")
		require.NoError(b, err)
		require.Equal(b, link, again)
		last, linked, err := b.LastExternalLink(ctx, u)
		require.NoError(b, err)
		require.True(b, linked)
		require.Equal(b, link, last)
		require.NoError(b, b.UnlinkExternalUser(ctx, "slack", "chat-alice", access.Event{At: at, Kind: access.EventExternalUnlinked, Actor: "chat-alice"}))
		last, linked, err = b.LastExternalLink(ctx, u)
		require.NoError(b, err)
		require.False(b, linked, "it was taken back")
		ever, err := b.EverLinked(ctx, "chat-bob", "CHAT-Alice")
		require.NoError(b, err)
		require.Equal(b, []ledger.ExternalUser{u}, ever, "it was theirs all the same")
		require.Equal(b, "slack:T1:U1", u.ActorID())
		require.Equal(b, link, last)
		_, err = b.ExternalLink(ctx, u)
		require.Equal(b, access.CodeNotFound, access.CodeOf(err))
		require.Equal(b, access.CodeNotFound, access.CodeOf(b.UnlinkExternalUser(ctx, "slack", "chat-alice", access.Event{At: at, Kind: access.EventExternalUnlinked})))
		_, err = b.LinkExternalUser(ctx, "two", u, "bob", at, event)
		require.NoError(b, err, "once it was taken back")

		// A code is for one service, and may be for one user of it.
		require.NoError(b, b.AddLinkCode(ctx, ledger.LinkCode{Digest: "four", Service: "github", User: "Carol-H", Person: access.Person{ID: "chat-carol", Kind: access.KindHuman}, ExpiresAt: at.Add(10 * time.Minute)}))
		for _, who := range []ledger.ExternalUser{{Service: "slack", Workspace: "T1", User: "U3"}, {Service: "github", Workspace: "w", User: "99"}} {
			_, err = b.LinkExternalUser(ctx, "four", who, "mallory", at, event)
			require.Equal(b, access.CodeForbidden, access.CodeOf(err), "%v", who)
		}
		_, err = b.LinkExternalUser(ctx, "four", ledger.ExternalUser{Service: "slack", Workspace: "T1", User: "U4"}, "carol-h", at, event)
		require.Equal(b, access.CodeForbidden, access.CodeOf(err), "of the other service")
		_, err = b.LinkExternalUser(ctx, "four", ledger.ExternalUser{Service: "github", Workspace: "w", User: "Carol-H"}, "mallory", at, event)
		require.Equal(b, access.CodeForbidden, access.CodeOf(err), "whose id is that name")
		_, err = b.LinkExternalUser(ctx, "four", ledger.ExternalUser{Service: "github", Workspace: "w", User: "583231"}, "carol-h", at, event)
		require.NoError(b, err)
	},
	"Case124 a user of a program that had another name is nobody": func(b fixture) {
		event := func(p access.Person) access.Event {
			return access.Event{At: at, Kind: access.EventExternalLinked, Actor: p.ID}
		}
		link := func(code, person string, u ledger.ExternalUser) error {
			require.NoError(b, b.AddLinkCode(ctx, ledger.LinkCode{Digest: code, Service: u.Service, Person: access.Person{ID: person, Kind: access.KindHuman}, ExpiresAt: at.Add(time.Minute)}))
			_, err := b.LinkExternalUser(ctx, code, u, person, at, event)
			return err
		}
		before := ledger.ExternalUser{Service: "decisions", Workspace: "Acme", User: "Desk 5"}
		require.NoError(b, link("before", "case124-dora", before))
		for _, other := range []ledger.ExternalUser{
			{Service: "decisions", Workspace: "Acme Desk", User: "5"}, {Service: "decisions", Workspace: "Acme+Desk", User: "5"},
			{Service: "decisions", Workspace: "Acme", User: "Desk+5"}, {Service: "decisions", Workspace: "", User: "Acme Desk 5"},
		} {
			_, err := b.ExternalLink(ctx, other)
			require.Equal(b, access.CodeNotFound, access.CodeOf(err), "%+v", other)
		}
		after := ledger.ExternalUser{Service: "decisions", Workspace: "Acme Desk", User: "5"}
		require.NoError(b, link("after", "case124-erin", after), "it is somebody else's to link")
		for u, person := range map[ledger.ExternalUser]string{before: "case124-dora", after: "case124-erin"} {
			found, err := b.ExternalLink(ctx, u)
			require.NoError(b, err)
			require.Equal(b, person, found.Person.ID)
		}
	},
}
