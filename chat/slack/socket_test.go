package slack_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/chat/slack/slacktest"
)

// TestBothWaysReadTheSame: an act means the same, whether Slack sends a request or an
// envelope.
func TestBothWaysReadTheSame(t *testing.T) {
	s := slacktest.Start(t)
	s.SetUser(slacktest.User{ID: "U0ALICE", Name: "alice"})
	bot := slack.New(s.SocketConfig())
	ctx, cancel := context.WithCancel(t.Context())
	got, ended := make(chan chat.Interaction, 10), make(chan error, 1)
	go func() {
		ended <- bot.Listen(ctx, func(_ context.Context, i chat.Interaction) error { got <- i; return nil }, func(bool) {})
	}()
	_, err := bot.Post(ctx, slacktest.Channel, chat.Message{ID: "m", Text: chat.Say("text"), Buttons: []chat.Button{{Name: "approve", Label: "Approve", Value: "v"}}})
	require.NoError(t, err)
	d := s.Command("U0ALICE", "")
	i, err := bot.Receive(ctx, d.Header, d.Body, time.Now())
	require.NoError(t, err)
	require.NoError(t, bot.OpenForm(ctx, i.Trigger, chat.Form{Name: "request", Value: "v", Title: "Form", Send: "Send", Fields: []chat.Field{
		{Name: "contract", Label: "What", Options: []chat.Option{{Value: "a", Label: "a"}}, Reports: true}, {Name: "reason", Label: "Why"}}}))
	for what, d := range map[string]slacktest.Delivery{
		"a command": s.Command("U0ALICE", "link ABCD"), "a button": s.Press("U0ALICE", s.Messages(slacktest.Channel)[0], "approve"),
		"a choice": s.Choose("U0ALICE", "contract", "a"), "a form": s.Send("U0ALICE", map[string]string{"reason": "why"}, map[string]string{"contract": "a"}),
	} {
		want, err := bot.Receive(ctx, d.Header, d.Body, time.Now())
		require.NoError(t, err, what)
		e := s.Envelope(d)
		require.Eventually(t, func() bool { return s.Push(e) }, 30*time.Second, 5*time.Millisecond, what)
		is := <-got
		require.NotEmpty(t, is.ID)
		want.ID, is.ID = "", ""
		require.Equal(t, want, is, what)
	}
	cancel()
	require.NoError(t, <-ended, "it ended because it was to")
}

// TestTokenThatDoesNotCount: whoever configures Socket Mode reads what is wrong.
func TestTokenThatDoesNotCount(t *testing.T) {
	s := slacktest.Start(t)
	c := s.SocketConfig()
	require.NoError(t, slack.New(c).Ping(t.Context()))
	c.AppToken = c.Token
	listen := func() error {
		return slack.New(c).Listen(t.Context(), func(context.Context, chat.Interaction) error { return nil }, func(bool) {})
	}
	require.ErrorContains(t, listen(), "invalid_auth")
	require.ErrorContains(t, slack.New(c).Ping(t.Context()), "connections:write")
	s.Revoke(true)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(listen()))
	s.Revoke(false)
	s.Fail(slacktest.Fault{Status: http.StatusNotFound})
	require.Error(t, listen())
}
