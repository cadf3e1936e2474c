package slack

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNamesOfRows: names that are words are bold, and what a target may have named otherwise
// means nothing to Slack.
func TestNamesOfRows(t *testing.T) {
	for name, want := range map[string]string{"Requester": "mrkdwn *Requester*", "Decide by": "mrkdwn *Decide by*", "a*b": "plain_text a*b", "<!channel>": "plain_text <!channel>",
		"_x_": "plain_text _x_", "evil.example": "plain_text evil.example", ":tada:": "plain_text :tada:", "": "plain_text –", "a  b": "plain_text a  b"} {
		got := rowName(name)
		require.Equal(t, want, got.Type+" "+got.Text)
	}
}
