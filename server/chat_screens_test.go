package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger/ledgertest"
)

// TestScreens renders what people see in Slack into a page, to be looked at:
// go test ./server -run TestScreens -artifacts -outputdir DIR.
func TestScreens(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	f.linksUser("alice")
	f.linksUser("bob")
	f.temporal.summary = "log in as demo"
	alice := users["alice"]
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(alice, "")))
	opened := func(has string) slacktest.View {
		t.Helper()
		require.Eventually(t, func() bool {
			v := f.slack.View(alice)
			return v != nil && strings.Contains(string(v.Body), has)
		}, time.Minute, 5*time.Millisecond)
		return *f.slack.View(alice)
	}
	opened("ssh-demo")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Choose(alice, "contract", "ssh-demo")))
	form := opened(`"reason"`)
	r := f.request(access.StatePending)
	pending := f.post(r, "Approve")
	ledgertest.Bring(t, f.ledger, r, access.StateActive, time.Now().UTC(), time.Now().UTC().Add(30*time.Minute))
	active := f.post(r, "Active until")
	var own slacktest.Message
	require.Eventually(t, func() bool {
		for _, m := range f.slack.Posts(slacktest.Direct(alice)) {
			own = m
			if strings.Contains(m.Shown(), "ramp exec") {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond)
	thread := slacktest.Message{}
	require.Eventually(t, func() bool {
		for _, m := range f.slack.Messages(slacktest.Channel) {
			if m.Thread == pending.TS {
				thread = m
			}
		}
		return thread.TS != ""
	}, time.Minute, 5*time.Millisecond)
	var page strings.Builder
	require.NoError(t, slacktest.Page(&page, slacktest.Screen{Title: "/ramp, after choosing", Blocks: form.Blocks()},
		slacktest.Screen{Title: "The approvers' channel: it waits", Blocks: pending.Blocks}, slacktest.Screen{Title: "The same message: it is active", Blocks: active.Blocks},
		slacktest.Screen{Title: "Its thread", Blocks: thread.Blocks}, slacktest.Screen{Title: "The requester's direct message", Blocks: own.Blocks}))
	for _, part := range []string{"For how long", "Approve", "Deny", "Release", r.Plan.Digest, "ramp exec " + r.ID, "log in as demo on ssh/demo"} {
		require.Contains(t, page.String(), part)
	}
	require.NotContains(t, page.String(), "which this page does not show")
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "slack.html"), []byte(page.String()), 0o600))
}
