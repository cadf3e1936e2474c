package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/server/app"
)

// TestRequesterChoosesDirectMessages: who switched them off in Slack has none of what they
// ask for afterwards, or none that reminds; the approvers' channel has its message all the same.
func TestRequesterChoosesDirectMessages(t *testing.T) {
	for _, c := range []struct {
		off   access.NoticeTopic
		posts int
	}{{access.TopicRequests, 0}, {access.TopicReminders, 1}, {access.TopicHandled, 2}} {
		t.Run(string(c.off), func(t *testing.T) {
			f := newChatFixture(t)
			_, err := f.app.LinkExternalUser(t.Context(), ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["alice"]}, "alice", app.LinkCodeDigest(f.code("alice")))
			require.NoError(t, err)
			body := `{"off":{"slack":["` + string(c.off) + `"]}}`
			if c.off == access.TopicHandled { // of which nothing is said there
				body = `{}`
			}
			require.Equal(t, 200, f.call(f.token("alice"), "POST", "/api/v1/me/notices", jsonType, body).Code)
			clock := time.Now().Add(time.Second)
			workspace := f.anotherWorkspace(func() time.Time { return clock })
			r := f.request(access.StatePending)
			f.handles()
			f.upToDate(&clock, workspace)
			ledgertest.Bring(t, f.ledger, r, access.StateActive, clock.UTC(), clock.Add(30*time.Minute).UTC())
			f.handles()
			f.upToDate(&clock, workspace)
			clock = clock.Add(23 * time.Minute)
			f.upToDate(&clock, workspace)
			require.Len(t, f.slack.Posts(slacktest.Direct(users["alice"])), c.posts)
			require.Len(t, f.slack.Posts(slacktest.Channel), 1)
		})
	}
}
