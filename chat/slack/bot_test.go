package slack_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/chattest"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/chat/slack/slacktest"
)

func TestBot(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Harness {
		s := slacktest.Start(t)
		s.SetUser(slacktest.User{ID: "U0ALICE", Name: "alice"})
		s.SetConversation(slacktest.Conversation{ID: "C0FOREIGN"})
		s.SetConversation(slacktest.Conversation{ID: "C0SHARED", Member: true, Shared: true})
		return chattest.Harness{Bot: slack.New(s.Config()), Conversation: slacktest.Channel, Foreign: "C0FOREIGN", Shared: "C0SHARED", User: "U0ALICE",
			Shown: func(conversation string) (out []string) {
				for _, m := range s.Messages(conversation) {
					out = append(out, m.Shown())
				}
				return out
			},
			Trigger: func() string {
				d, err := slack.Read(read(s.Command("U0ALICE", "")))
				require.NoError(t, err)
				return d.Trigger
			},
			Form: func() (string, string) { v := s.View("U0ALICE"); return v.ID, string(v.Body) },
			Fail: func(f chattest.Fault) {
				switch f {
				case chattest.Throttled:
					s.Fail(slacktest.Fault{RetryAfter: 2})
				case chattest.Broken:
					s.Fail(slacktest.Fault{Status: http.StatusBadGateway})
				case chattest.LostReply:
					s.Fail(slacktest.Fault{LostReply: true})
				case chattest.Revoked:
					s.Revoke(true)
				}
			}}
	})
}

func read(d slacktest.Delivery) (string, []byte) { return d.ContentType, d.Body }

// TestSignatureIsSlacks: the example of
// https://docs.slack.dev/authentication/verifying-requests-from-slack.
func TestSignatureIsSlacks(t *testing.T) {
	s := slacktest.Start(t)
	body := []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner" +
		"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
	h := http.Header{"X-Slack-Request-Timestamp": {"1531420618"}, "X-Slack-Signature": {"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}}
	sent := time.Unix(1531420618, 0)
	require.NoError(t, s.Config().Verify(t.Context(), h, body, sent.Add(4*time.Minute)))
	for what, now := range map[string]time.Time{"replayed later": sent.Add(6 * time.Minute), "signed ahead of time": sent.Add(-6 * time.Minute)} {
		require.Equal(t, "chat_time", access.IssuesOf(s.Config().Verify(t.Context(), h, body, now))[0].Code, what)
	}
	require.Equal(t, "chat_signature", access.IssuesOf(s.Config().Verify(t.Context(), h, append(body, '0'), sent))[0].Code)
	h.Set("X-Slack-Request-Timestamp", "1531420619")
	require.Equal(t, "chat_signature", access.IssuesOf(s.Config().Verify(t.Context(), h, body, sent))[0].Code)
	h.Del("X-Slack-Request-Timestamp")
	require.Equal(t, "chat_unsigned", access.IssuesOf(s.Config().Verify(t.Context(), h, body, sent))[0].Code)
}

func TestConfigSaysWhatIsMissing(t *testing.T) {
	require.Empty(t, slack.Config{}.Validate("server.slack"))
	good := slacktest.Start(t).Config()
	require.Empty(t, good.Validate("server.slack"))
	for code, change := range map[string]func(*slack.Config){
		"slack_workspace":      func(c *slack.Config) { c.Workspace = "ramp" },
		"slack_app":            func(c *slack.Config) { c.App = "" },
		"slack_channel":        func(c *slack.Config) { c.Channel = "#approvers" },
		"slack_token":          func(c *slack.Config) { c.Token = slack.Config{}.Token },
		"slack_signing_secret": func(c *slack.Config) { c.SigningSecret = slack.Config{}.Token },
		"slack_login_max":      func(c *slack.Config) { c.LoginMax = -1 },
		"slack_api":            func(c *slack.Config) { c.API = "http://slack.example.com/api/" },
	} {
		c := good
		change(&c)
		issues := c.Validate("server.slack")
		require.Len(t, issues, 1, code)
		require.Equal(t, code, issues[0].Code)
	}
}

func TestPingSaysWhatIsMissing(t *testing.T) {
	s := slacktest.Start(t)
	require.NoError(t, slack.New(s.Config()).Ping(t.Context()))
	other := s.Config()
	other.Workspace = "T0OTHER"
	require.ErrorContains(t, slack.New(other).Ping(t.Context()), "T0OTHER")
	s.SetConversation(slacktest.Conversation{ID: slacktest.Channel})
	require.ErrorContains(t, slack.New(s.Config()).Ping(t.Context()), "invite it there")
	s.SetConversation(slacktest.Conversation{ID: slacktest.Channel, Member: true, Shared: true})
	require.ErrorContains(t, slack.New(s.Config()).Ping(t.Context()), "shared")
}

// TestDeliveriesAreRead: each kind, as Slack documents it.
func TestDeliveriesAreRead(t *testing.T) {
	s := slacktest.Start(t)
	s.SetUser(slacktest.User{ID: "U0ALICE", Name: "alice"})
	bot := slack.New(s.Config())
	at, err := bot.Post(t.Context(), slacktest.Channel, chat.Message{ID: "m", Text: chat.Say("text"), Buttons: []chat.Button{{Name: "approve", Label: "Approve", Value: "v"}}})
	require.NoError(t, err)
	d, err := slack.Read(read(s.Press("U0ALICE", s.Messages(slacktest.Channel)[0], "approve")))
	require.NoError(t, err)
	require.Equal(t, chat.KindButton, d.Kind)
	require.Equal(t, []string{"approve", "v", "U0ALICE", slacktest.Workspace, slacktest.Workspace, slacktest.App}, []string{d.Name, d.Value, d.User, d.Workspace, d.HomeWorkspace, d.App})
	require.Equal(t, at, d.At)
	d, err = slack.Read("application/json", []byte(`{"type": "url_verification", "challenge": "c"}`))
	require.NoError(t, err)
	require.Equal(t, "c", d.Challenge)
	for _, bad := range []string{"%zz", "payload={", "payload=", `payload={"type": "a", "type": "b"}`} {
		_, err = slack.Read("application/x-www-form-urlencoded", []byte(bad))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), bad)
	}
}
