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
	"ramp.dev/ramp/server/chatops"
)

// TestAcknowledgedUnderLoad: 200 people click at once while nothing is done for any of
// them: each click is acknowledged once it is in the ledger, and Slack is not called. It
// logs how long that took.
func TestAcknowledgedUnderLoad(t *testing.T) {
	f := newChatFixture(t)
	r := f.request(access.StatePending)
	f.handles()
	clock := time.Now().Add(time.Second)
	f.upToDate(&clock, f.anotherWorkspace(func() time.Time { return clock }))
	m := f.slack.Posts(slacktest.Channel)[0]
	require.Contains(t, m.Shown(), r.ID)
	calls := len(f.slack.Calls())
	const clicks = 200
	took := make(chan time.Duration, clicks)
	for range clicks {
		d := f.slack.Press(users["bob"], m, "approve")
		go func() {
			began := time.Now()
			if f.delivers(d) == http.StatusOK {
				took <- time.Since(began)
			} else {
				took <- -1
			}
		}()
	}
	var all []time.Duration
	for range clicks {
		all = append(all, <-took)
	}
	slices.Sort(all)
	require.Positive(t, all[0], "every click is acknowledged")
	t.Logf("acknowledged: p50 %s, p99 %s, slowest %s", all[clicks/2], all[clicks*99/100], all[clicks-1])
	require.Len(t, f.slack.Calls(), calls, "an acknowledgement calls nobody")
	counts, err := f.ledger.ChatCounts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, clicks, counts.Acts)
}

// TestThousandMessages: 1,000 requests at once through one call a second, by a clock of
// the test's own; what changes meanwhile is next. It logs how long that takes.
func TestThousandMessages(t *testing.T) {
	f := newChatFixture(t)
	clock := time.Now().Add(time.Second)
	c := f.chat.Config
	c.Now, c.Every = func() time.Time { return clock }, time.Second
	c.Requests = func(_ context.Context, id string) (access.Request, error) {
		return access.Request{ID: id, State: access.StatePending, Contract: "ssh-demo", Requester: access.Person{ID: "alice"},
			Plan: access.Plan{Digest: "sha256:" + id, PendingUntil: clock.Add(time.Hour)}}, nil
	}
	workspace := chatops.New(c)
	const requests = 1000
	seq := int64(0)
	want := func(i int) {
		seq++
		require.NoError(t, f.ledger.WantChatMessages(t.Context(), clock, ledger.ChatMessage{ID: fmt.Sprint("m", i), Service: "slack", RequestID: fmt.Sprint("r", i), Conversation: slacktest.Channel, WantSeq: seq}))
	}
	for i := range requests {
		want(i)
	}
	began, changes, slots := clock, 0, 0
	for idle := false; !idle; {
		if slots%20 == 19 && changes < 40 {
			changes++
			want(slots * 7919 % requests)
			calls := len(f.slack.Calls())
			did, err := workspace.SendOne(t.Context())
			require.NoError(t, err)
			require.True(t, did)
			require.Greater(t, len(f.slack.Calls()), calls, "what changed last is said next")
		} else {
			did, err := workspace.SendOne(t.Context())
			require.NoError(t, err)
			idle = !did
		}
		slots++
		clock = clock.Add(time.Second)
		f.slack.SetTime(clock)
	}
	require.Len(t, f.slack.Posts(slacktest.Channel), requests, "one message for each request")
	writes := 0
	for _, call := range f.slack.Calls() {
		if call.Method == "chat.postMessage" || call.Method == "chat.update" {
			writes++
		}
	}
	t.Logf("%d messages, %d changes meanwhile: %d calls that write, up to date after %s", requests, changes, writes, clock.Sub(began).Round(time.Second))
	require.LessOrEqual(t, writes, requests+changes)
}
