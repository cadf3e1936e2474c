package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/server/decisionhook"
)

// TestCase112SlackBesideAnotherProgram: people link a user of each, and decide in both; a code of
// one links nobody in the other, and a link is taken back by itself.
func TestCase112SlackBesideAnotherProgram(t *testing.T) {
	t.Setenv("RAMP_TEST_HOOK", hookSecret)
	f := newChatFixture(t, func(c *Config) {
		c.Decisions = decisionhook.Config{Name: "Tickets", Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_HOOK")}}
	})
	f.runs()
	tickets := &hookFixture{fixture: f.fixture}
	page := f.call(f.token("bob"), "GET", "/you", "", "").Body.String()
	for _, part := range []string{"Your Slack user is not linked. Once it is, you can ask and decide there.", "Your Tickets user is not linked. Once it is, you can decide there."} {
		require.Contains(t, page, part)
	}
	code := f.code("bob") // for Slack
	w := tickets.says(`{"type": "link", "user": "u-mallory", "name": "mallory", "code": "` + code + `"}`)
	require.Equal(t, http.StatusForbidden, w.Code, "%s", w.Body)

	f.linksUser("bob")
	tickets.links("bob", "u-bob")
	page = f.call(f.token("bob"), "GET", "/you", "", "").Body.String()
	require.Equal(t, 2, strings.Count(page, "Take it back"))

	r := f.request(access.StatePending)
	m := f.post(r, "Approve")
	before := f.temporal.messages.Load()
	w = tickets.says(decides("u-bob", r, r.Plan.Digest))
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.Equal(t, before+1, f.temporal.messages.Load())

	unlink := func(service string) {
		require.Equal(t, http.StatusSeeOther, f.call(f.token("bob"), "POST", "/you/external/unlink", "application/x-www-form-urlencoded", "service="+service).Code)
	}
	unlink("decisions")
	require.Equal(t, http.StatusForbidden, tickets.says(decides("u-bob", r, r.Plan.Digest)).Code)
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")), "Slack's link is another")
	f.tells("bob", "Your approval is recorded")
	unlink("slack")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")))
	f.tells("bob", "Ramp does not know yet who you are")
	for _, unknown := range []string{"", "jira"} {
		require.Equal(t, http.StatusNotFound, f.call(f.token("bob"), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service="+unknown).Code)
	}
}
