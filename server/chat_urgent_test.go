package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
)

// breaksGlass records that a request's access was opened by breaking glass.
func (f *chatFixture) breaksGlass(r access.Request) {
	f.Helper()
	require.NoError(f, f.ledger.AppendEvent(f.Context(), access.Event{At: time.Now().UTC(), RequestID: r.ID, Kind: access.EventGlassBroken, Actor: r.Requester.ID, Key: "glass"}))
	f.handles()
}

// TestCase46BreakGlassGoesFirstInChat: what is urgent is the next call, whatever else waits and
// has happened since.
func TestCase46BreakGlassGoesFirstInChat(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	for i := range 12 {
		id := fmt.Sprint("waits", i)
		require.NoError(t, f.ledger.WantChatMessages(t.Context(), time.Now(), ledger.ChatMessage{ID: id, Service: "slack", RequestID: id, Conversation: slacktest.Channel, WantSeq: int64(1000 + i)}))
	}
	broken := f.request(access.StatePending)
	f.breaksGlass(broken)
	did, err := workspace.SendOne(t.Context())
	require.NoError(t, err)
	require.True(t, did)
	posts := f.slack.Posts(slacktest.Channel)
	require.Len(t, posts, 1)
	require.Contains(t, posts[0].Shown(), broken.ID)

	// Of a message that is there already, its thread says it before other messages do.
	f.upToDate(&clock, workspace)
	require.NoError(t, f.ledger.WantChatMessages(t.Context(), time.Now(), ledger.ChatMessage{ID: "waits1", Service: "slack", RequestID: "waits1", Conversation: slacktest.Channel, WantSeq: 2000}))
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: time.Now().UTC(), RequestID: broken.ID, Kind: access.EventAccessOverdue, Actor: access.ActorRamp, Key: "late"}))
	f.handles()
	for range 2 {
		_, err := workspace.SendOne(t.Context())
		require.NoError(t, err)
		clock = clock.Add(time.Second)
	}
	messages := f.slack.Messages(slacktest.Channel)
	require.Equal(t, posts[0].TS, messages[len(messages)-1].Thread)
}

// TestCase46BreakGlassIsNotHeldByEarlierFailures: a message that waits for its next try,
// which may be minutes away, is tried at once when something urgent happens.
func TestCase46BreakGlassIsNotHeldByEarlierFailures(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	workspace := f.anotherWorkspace(func() time.Time { return clock })
	r := f.request(access.StatePending)
	f.handles()
	f.slack.Revoke(true)
	for range 7 {
		_, err := workspace.SendOne(t.Context())
		require.NoError(t, err)
		clock = clock.Add(10 * time.Minute)
	}
	_, err := workspace.SendOne(t.Context()) // its next try is more than two minutes away
	require.NoError(t, err)
	f.slack.Revoke(false)
	f.chat.Now = func() time.Time { return clock }
	f.breaksGlass(r)
	clock = clock.Add(2 * time.Second)
	did, err := workspace.SendOne(t.Context())
	require.NoError(t, err)
	require.True(t, did)
	require.Len(t, f.slack.Posts(slacktest.Channel), 1)
}

// TestCase46SilenceOfChatIsAnAlarm: urgent messages that Slack has not taken for a minute,
// for whatever reason, and such that it refuses, are the event of mail that does not arrive,
// once; others are none.
func TestCase46SilenceOfChatIsAnAlarm(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(f *chatFixture)
		atOnce  bool
	}{
		"Slack fails":                    {func(f *chatFixture) { f.slack.Revoke(true) }, false},
		"Slack wants no calls for hours": {func(f *chatFixture) { f.slack.Fail(slacktest.Fault{RetryAfter: 7200}) }, false},
		"another workspace reads": {func(f *chatFixture) {
			f.slack.SetConversation(slacktest.Conversation{ID: slacktest.Channel, Member: true, Shared: true})
		}, true},
		"the app was removed": {func(f *chatFixture) {
			f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Error: "not_in_channel"})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newChatFixture(t)
			clock := time.Now().Add(time.Second)
			workspace := f.anotherWorkspace(func() time.Time { return clock })
			f.chat.Now = workspace.Now
			c.prepare(f)
			broken := f.request(access.StatePending)
			f.breaksGlass(broken)
			_, err := workspace.SendOne(t.Context())
			require.NoError(t, err)
			require.NoError(t, workspace.AlarmLate(t.Context()))
			require.Equal(t, c.atOnce, len(f.eventsOf(access.EventNoticeUndelivered)) == 1)
			clock = clock.Add(61 * time.Second)
			for range 3 {
				_, err := workspace.SendOne(t.Context())
				require.NoError(t, err)
				require.NoError(t, workspace.AlarmLate(t.Context()))
			}
			alarms := f.eventsOf(access.EventNoticeUndelivered)
			require.Len(t, alarms, 1)
			require.Equal(t, broken.ID, alarms[0].RequestID)
			require.Equal(t, string(access.EventGlassBroken), alarms[0].Detail["of"])
			counts, err := f.ledger.ChatCounts(t.Context())
			require.NoError(t, err)
			if !c.atOnce {
				require.EqualValues(t, 1, counts.Urgent)
			}
		})
	}
}

// TestNothingUrgentNoAlarm: a message that is late and not urgent is no alarm.
func TestNothingUrgentNoAlarm(t *testing.T) {
	f := newChatFixture(t)
	f.request(access.StatePending)
	f.handles()
	workspace := f.anotherWorkspace(func() time.Time { return time.Now().Add(time.Hour) })
	require.NoError(t, workspace.AlarmLate(t.Context()))
	require.Empty(t, f.eventsOf(access.EventNoticeUndelivered))
}

// TestReplyOutlastsTheServer: what somebody is told of their act is in the ledger with the
// act, is sent by the server that runs next, and once, whatever a call meets.
func TestReplyOutlastsTheServer(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slacktest.Fault{
		"nothing":                       {},
		"the response is lost":          {{Method: "chat.postMessage", LostReply: true}},
		"lost, and it cannot be looked": {{Method: "chat.postMessage", LostReply: true}, {Method: "conversations.history", Status: 503}},
		"too many calls":                {{Method: "chat.postMessage", RetryAfter: 1}},
		"away":                          {{Method: "chat.postMessage", Status: 502}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newChatFixture(t)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); f.chat.Run(ctx, f.feed) }()
			f.slack.Fail(faults...)
			require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(users["bob"], "link NO-SUCH-CODE")))
			require.Eventually(t, func() bool {
				return slices.ContainsFunc(f.slack.Calls(), func(c slacktest.Call) bool { return c.Method == "chat.postMessage" })
			}, time.Minute, time.Millisecond)
			stop()
			<-ended
			f.runs() // the next server
			f.tells("bob", "Not done")
			require.Eventually(t, func() bool {
				counts, err := f.ledger.ChatCounts(context.Background())
				return err == nil && counts.Replies == 0
			}, time.Minute, 5*time.Millisecond)
			require.Len(t, f.slack.Told(users["bob"]), 1)
		})
	}
}

// TestRowsOfRepliesAreSealed: whoever writes to the ledger's database has Ramp write nothing
// to anybody.
func TestRowsOfRepliesAreSealed(t *testing.T) {
	f := newChatFixture(t)
	f.raw(`INSERT INTO chat_replies (id, service, body, created_at, due_at) VALUES ('slack forged', 'slack', '00 {"id":"slack forged","user":"U0BOB","message":{"ID":"slack forged","Text":"Log in at https://evil.example"}}', ?, 0)`, time.Now().UnixMicro())
	n, err := f.chat.SendReplies(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Empty(t, f.slack.Calls())
	counts, err := f.ledger.ChatCounts(t.Context())
	require.NoError(t, err)
	require.Zero(t, counts.Replies)
}
