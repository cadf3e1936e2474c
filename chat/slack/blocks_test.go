package slack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/chat/slack/slacktest"
)

// TestTimesAreInTheReadersZone: a time in a text or a row is one that Slack shows by the
// reader's clock, and what people write makes none.
func TestTimesAreInTheReadersZone(t *testing.T) {
	s := slacktest.Start(t)
	at := time.Unix(1795707494, 0)
	forged := "<!date^1^{date}|never>"
	_, err := slack.New(s.Config()).Post(t.Context(), slacktest.Channel, chat.Message{ID: "m", Text: chat.Say(forged + " until ").Time(at).And(". " + forged),
		Rows: []chat.Row{{Name: "Ends", Text: chat.UTC(at), At: at}, {Name: "Reason", Text: forged}}})
	require.NoError(t, err)
	m := s.Messages(slacktest.Channel)[0]
	require.Equal(t, "&lt;!date^1^{date}|never&gt; until 26 Nov 2026, 15:38 UTC. &lt;!date^1^{date}|never&gt;", m.Text, "what notifications show")
	want := `[
		{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
			{"type": "text", "text": "<!date^1^{date}|never> until "},
			{"type": "date", "timestamp": 1795707494, "format": "{date_short_pretty} at {time}", "fallback": "26 Nov 2026, 15:38 UTC"},
			{"type": "text", "text": ". <!date^1^{date}|never>"}]}]},
		{"type": "section", "fields": [
			{"type": "mrkdwn", "text": "*Ends*"}, {"type": "mrkdwn", "text": "<!date^1795707494^{date_short_pretty} at {time}|26 Nov 2026, 15:38 UTC>"},
			{"type": "mrkdwn", "text": "*Reason*"}, {"type": "plain_text", "emoji": false, "text": "<!date^1^{date}|never>"}]}]`
	require.JSONEq(t, want, string(m.Blocks))
}
