package server

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/chatops"
)

// handles has the fixture's workspace write down what has happened, as the feed does, also again.
func (f *chatFixture) handles() {
	f.Helper()
	events, err := f.ledger.Events(f.Context(), ledger.EventFilter{})
	require.NoError(f, err)
	require.NoError(f, f.chat.Handle(f.Context(), events))
}

// anotherWorkspace is the workspace of another server on the same ledger, with its own clock.
func (f *chatFixture) anotherWorkspace(now func() time.Time) *chatops.Workspace {
	c := f.chat.Config
	c.Now = now
	return chatops.New(c)
}

// upToDate makes calls until nothing is due, a second of the workspace's clock apart, and
// returns how many.
func (f *chatFixture) upToDate(clock *time.Time, workspaces ...*chatops.Workspace) (calls int) {
	f.Helper()
	for idle := 0; idle < 20; {
		f.slack.SetTime(*clock)
		for _, r := range workspaces {
			did, err := r.SendOne(f.Context())
			require.NoError(f, err)
			if did {
				calls, idle = calls+1, 0
			} else {
				idle++
			}
		}
		*clock = clock.Add(time.Second)
		require.Less(f, calls, 1000)
	}
	return calls
}

// TestOneMessageForEachRequest: whatever a call meets, and however many servers there
// are, there is one message, and it says what is so.
func TestOneMessageForEachRequest(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slacktest.Fault{
		"nothing":                  nil,
		"the first reply is lost":  {{Method: "chat.postMessage", LostReply: true}},
		"two replies are lost":     {{Method: "chat.postMessage", LostReply: true}, {Method: "conversations.history", Status: 502}},
		"it is away":               {{Status: 503}, {Status: 503}, {Status: 500}},
		"too many calls":           {{Method: "chat.postMessage", RetryAfter: 7}},
		"an update's reply lost":   {{Method: "chat.update", LostReply: true}},
		"updates are refused":      {{Method: "chat.update", Error: "fatal_error"}, {Method: "chat.update", RetryAfter: 3}},
		"a token that was revoked": {{Error: "token_revoked"}, {Error: "token_revoked"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newChatFixture(t)
			clock := time.Now().Add(time.Second)
			now := func() time.Time { return clock }
			one, other := f.anotherWorkspace(now), f.anotherWorkspace(now)
			r := f.request(access.StatePending)
			f.handles()
			f.handles()
			f.slack.Fail(faults...)
			f.upToDate(&clock, one, other)
			require.Len(t, f.slack.Posts(slacktest.Channel), 1)

			ledgertest.Bring(t, f.ledger, r, access.StateActive, time.Now().UTC(), time.Now().Add(time.Hour).UTC())
			f.slack.Fail(faults...)
			f.handles()
			f.upToDate(&clock, one, other)
			posts := f.slack.Posts(slacktest.Channel)
			require.Len(t, posts, 1)
			require.Contains(t, posts[0].Shown(), "Active until")
			_, approve := slacktest.Button(posts[0], "approve")
			require.False(t, approve, "what is decided has no button")
			var lines strings.Builder
			for _, m := range f.slack.Messages(slacktest.Channel) {
				if m.Thread == posts[0].TS {
					lines.Write(m.Blocks)
				}
			}
			require.Equal(t, 1, strings.Count(lines.String(), "opened on ssh/demo"), "the thread is the timeline, each event once: %s", lines.String())
			require.Zero(t, f.upToDate(&clock, one, other), "what is up to date costs nothing")
		})
	}
}

// TestCrashBetweenPostAndRecord: a server dies after Slack has a message and before the
// ledger knows.
func TestCrashBetweenPostAndRecord(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	r := f.anotherWorkspace(func() time.Time { return clock })
	f.request(access.StatePending)
	f.handles()
	_, err := r.SendOne(t.Context())
	require.NoError(t, err)
	require.Len(t, f.slack.Posts(slacktest.Channel), 1)
	f.raw(`UPDATE chat_messages SET ref = '', ref_conversation = '', message_seq = 0, thread_seq = 0, claimed = ?, tried_at = ?, tries = 1`, clock.Add(time.Minute).UnixMicro(), clock.UnixMicro())
	f.upToDate(&clock, r)
	require.Empty(t, f.slack.Posts(slacktest.Channel)[1:], "until its claim is over it is the dead server's")
	clock = clock.Add(2 * time.Minute)
	f.upToDate(&clock, r)
	require.Len(t, f.slack.Posts(slacktest.Channel), 1)
}

// TestDeletedMessageIsPostedAgain: somebody deleted it in Slack.
func TestDeletedMessageIsPostedAgain(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	r := f.request(access.StatePending)
	f.handles()
	f.upToDate(&clock, workspace)
	f.slack.Delete(f.slack.Posts(slacktest.Channel)[0].TS)
	ledgertest.Bring(t, f.ledger, r, access.StateActive, time.Now().UTC(), time.Now().Add(time.Hour).UTC())
	f.handles()
	f.upToDate(&clock, workspace)
	require.Len(t, f.slack.Posts(slacktest.Channel), 1)
}

// TestNothingIsWrittenWhereOutsidersRead: the channel was shared after it was configured.
func TestNothingIsWrittenWhereOutsidersRead(t *testing.T) {
	f := newChatFixture(t)
	f.slack.SetConversation(slacktest.Conversation{ID: slacktest.Channel, Member: true, Shared: true})
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	f.request(access.StatePending)
	f.handles()
	f.upToDate(&clock, workspace)
	require.Empty(t, f.slack.Messages(slacktest.Channel))
}

// TestNothingIsWrittenOnceOutsidersRead: a message that is there says no more once its
// channel is shared, nor does its thread.
func TestNothingIsWrittenOnceOutsidersRead(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	r := f.request(access.StatePending)
	f.handles()
	f.upToDate(&clock, workspace)
	before := f.slack.Messages(slacktest.Channel)
	require.Len(t, before, 1)
	f.slack.SetConversation(slacktest.Conversation{ID: slacktest.Channel, Member: true, Shared: true})
	clock = clock.Add(2 * time.Minute) // what was known of the channel is asked again
	w := f.call(f.token("bob"), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, `{"decision": "deny", "planDigest": "`+r.Plan.Digest+`"}`)
	require.Equal(t, 200, w.Code)
	f.handles()
	f.upToDate(&clock, workspace)
	require.Equal(t, before, f.slack.Messages(slacktest.Channel))
}

// TestRequesterIsReminded: their own message has no decision and no credential; before
// the end they are reminded, once, and act from there.
func TestRequesterIsReminded(t *testing.T) {
	f := newChatFixture(t)
	_, err := f.app.LinkExternalUser(t.Context(), ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["alice"]}, "alice", app.LinkCodeDigest(f.code("alice")))
	require.NoError(t, err)
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	r := f.request(access.StatePending)
	f.handles()
	f.upToDate(&clock, workspace)
	mine := slacktest.Direct(users["alice"])
	require.Len(t, f.slack.Posts(mine), 1)
	_, approve := slacktest.Button(f.slack.Posts(mine)[0], "approve")
	require.False(t, approve)
	ledgertest.Bring(t, f.ledger, r, access.StateActive, clock.UTC(), clock.Add(30*time.Minute).UTC())
	f.handles()
	f.slack.Fail(slacktest.Fault{Method: "chat.update", Status: 500})
	f.upToDate(&clock, workspace)
	require.Len(t, f.slack.Posts(mine), 1)
	require.Contains(t, f.slack.Posts(mine)[0].Shown(), "ramp exec "+r.ID)
	clock = clock.Add(23 * time.Minute)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", LostReply: true})
	f.upToDate(&clock, workspace)
	posts := f.slack.Posts(mine)
	require.Len(t, posts, 2, "reminded once, although the reply was lost")
	require.Contains(t, posts[1].Shown(), "ends soon")
	for _, button := range []string{"extend", "release"} {
		_, there := slacktest.Button(posts[1], button)
		require.True(t, there, button)
	}
	clock = clock.Add(2 * time.Minute)
	require.Zero(t, f.upToDate(&clock, workspace))
}

// TestNewestStateFirst: of many messages that are old, the one to which something
// happened last is next; a request in three states costs one call.
func TestNewestStateFirst(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	var ids []string
	for i := range 5 {
		id := "request" + string(rune('a'+i))
		ids = append(ids, id)
		require.NoError(t, f.ledger.WantChatMessages(t.Context(), clock, ledger.ChatMessage{ID: id, Service: "slack", RequestID: id, Conversation: slacktest.Channel, WantSeq: int64(i + 1)}))
	}
	require.NoError(t, f.ledger.WantChatMessages(t.Context(), clock, ledger.ChatMessage{ID: ids[1], Service: "slack", RequestID: ids[1], Conversation: slacktest.Channel, WantSeq: 9},
		ledger.ChatMessage{ID: ids[0], Service: "slack", RequestID: ids[0], Conversation: slacktest.Channel, WantSeq: 0}))
	var order []string
	for len(order) < 5 {
		m, ok, err := f.ledger.ClaimChatMessage(t.Context(), "slack", clock, clock.Add(time.Minute), time.Second)
		require.NoError(t, err)
		require.True(t, ok)
		order = append(order, m.ID)
		_, ok, err = f.ledger.ClaimChatMessage(t.Context(), "slack", clock.Add(900*time.Millisecond), clock.Add(time.Minute), time.Second)
		require.NoError(t, err)
		require.False(t, ok, "a call a second, for all servers together")
		clock = clock.Add(time.Second)
	}
	require.Equal(t, []string{"requestb", "requeste", "requestd", "requestc", "requesta"}, order)
}
