package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/chatops"
)

func newSocketFixture(t *testing.T) *chatFixture {
	return newChatFixtureOver(t, (*slacktest.Server).SocketConfig)
}

// TestSocketModeServesNothing: where servers open the connection, nobody sends them acts.
func TestSocketModeServesNothing(t *testing.T) {
	f := newSocketFixture(t)
	d := f.slack.Command(users["bob"], "")
	require.Equal(t, http.StatusNotFound, f.callWith("", "POST", slackPath, d.ContentType, string(d.Body), "X-Slack-Signature", d.Header.Get("X-Slack-Signature"),
		"X-Slack-Request-Timestamp", d.Header.Get("X-Slack-Request-Timestamp")).Code)
}

// TestCase110EnvelopeActsOnce: an envelope that comes twice, to two servers at once too, or
// again in another envelope, is done once; the others are recorded.
func TestCase110EnvelopeActsOnce(t *testing.T) {
	f := newSocketFixture(t)
	f.runs()
	f.linksUser("bob")
	m := f.post(f.request(access.StatePending), "Approve")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	workspace := f.anotherWorkspace(time.Now)
	go func() { defer close(ended); workspace.Run(ctx, f.feed) }()
	t.Cleanup(func() { cancel(); <-ended })
	require.Eventually(t, func() bool { return f.slack.Connections() == 2 }, 30*time.Second, 5*time.Millisecond, "each server has a connection")

	before := f.temporal.messages.Load()
	e := f.slack.Envelope(f.slack.Press(users["bob"], m, "approve"))
	f.slack.PushAll(e)
	require.Eventually(t, func() bool { return f.slack.Acked(e) == 2 }, 30*time.Second, 5*time.Millisecond)
	f.tells("bob", "Your approval is recorded")
	again := e
	again.ID += ".again"
	require.Equal(t, http.StatusOK, f.pushes(again), "what was taken need not be sent again")
	require.Equal(t, before+1, f.temporal.messages.Load())
	require.Eventually(t, func() bool {
		replays := 0
		for _, e := range f.eventsOf(access.EventActRefused) {
			if e.Detail["code"] == "chat_replay" {
				replays++
			}
		}
		return replays > 0 // the same refusal again is counted, not repeated
	}, 30*time.Second, 5*time.Millisecond)
}

// TestSocketReconnects: Slack ends connections, with a word or without.
func TestSocketReconnects(t *testing.T) {
	f := newSocketFixture(t)
	f.runs()
	f.linksUser("bob")
	length := 20
	asks := func() access.Request {
		length++ // nobody asks for the same twice
		w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, fmt.Sprintf(`{"contract": "ssh-demo", "duration": "%dm", "reason": "the queue is stuck"}`, length))
		require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
		var r access.Request
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
		return r
	}
	for what, ends := range map[string]func(){
		"it says so":       func() { f.slack.Disconnect("refresh_requested") },
		"the line is lost": f.slack.Drop,
		"a call fails": func() {
			f.slack.Fail(slacktest.Fault{Method: "apps.connections.open", Status: http.StatusBadGateway})
			f.slack.Drop()
		},
	} {
		m := f.post(asks(), "Approve")
		before := f.temporal.messages.Load()
		ends()
		// What goes out over a connection that is ending Slack sends again.
		e := f.slack.Envelope(f.slack.Press(users["bob"], m, "approve"))
		require.Eventually(t, func() bool { return f.slack.Push(e) && f.slack.Acked(e) > 0 }, 60*time.Second, 50*time.Millisecond, what)
		require.Eventually(t, func() bool { return f.temporal.messages.Load() == before+1 }, 30*time.Second, 5*time.Millisecond, what)
	}
	require.Eventually(t, f.chat.Connected, 30*time.Second, 5*time.Millisecond)
}

// brokenLedger takes no act while it is broken.
type brokenLedger struct {
	chatops.Ledger
	broken  atomic.Bool
	refused atomic.Int64
}

func (l *brokenLedger) AddExternalAct(ctx context.Context, a ledger.ExternalAct) (bool, error) {
	if l.broken.Load() {
		l.refused.Add(1)
		return false, access.Errorf(access.CodeUnavailable, "the ledger: %w", errors.New("no room left"))
	}
	return l.Ledger.AddExternalAct(ctx, a)
}

// TestCase110NothingIsAcknowledgedThatIsNotWritten: Slack sends again, or says so, what the
// ledger did not take.
func TestCase110NothingIsAcknowledgedThatIsNotWritten(t *testing.T) {
	f := newSocketFixture(t)
	l := &brokenLedger{Ledger: f.chat.Ledger}
	f.chat.Ledger = l
	f.runs()
	f.linksUser("bob")
	m := f.post(f.request(access.StatePending), "Approve")
	before := f.temporal.messages.Load()
	l.broken.Store(true)
	e := f.slack.Envelope(f.slack.Press(users["bob"], m, "approve"))
	require.True(t, f.slack.Push(e))
	require.Eventually(t, func() bool { return l.refused.Load() == 1 }, 30*time.Second, 5*time.Millisecond)
	l.broken.Store(false)
	// Envelopes of one connection are acknowledged in any order: another one shows that
	// there is nothing more to come of the first.
	f.delivers(f.slack.Command(users["bob"], "link AAAA-AAAA-AAAA"))
	f.tells("bob", "no such code")
	require.Zero(t, f.slack.Acked(e))
	require.Equal(t, before, f.temporal.messages.Load())
	require.Equal(t, http.StatusOK, f.pushes(e))
	f.tells("bob", "Your approval is recorded")
	require.Equal(t, before+1, f.temporal.messages.Load())
}
