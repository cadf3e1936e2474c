package service

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// teamsScheme is that of a workflow's address: shoutrrr's teams:// is a connector of
// Office 365, which Microsoft has retired in favour of workflows
// (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
const teamsScheme = "teams+https"

// teams posts to a workflow with the trigger "When a Teams webhook request is received",
// which takes an Adaptive Card.
type teams struct {
	address string
	client  *http.Client
}

func newTeams(u *url.URL, own *http.Client) (*teams, error) {
	at := *u
	at.Scheme = "https"
	if at.Hostname() == "" || at.User != nil {
		return nil, errForm
	}
	return &teams{at.String(), own}, nil
}

type card struct {
	Type    string      `json:"type"`
	Schema  string      `json:"$schema"`
	Version string      `json:"version"`
	Body    []textBlock `json:"body"`
}

type textBlock struct {
	Type string `json:"type"`
	Text string `json:"text"`
	Wrap bool   `json:"wrap"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

// Send posts a text, a block for each line.
func (t *teams) Send(message string, _ *types.Params) error {
	c := card{Type: "AdaptiveCard", Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Version: "1.4"}
	for line := range strings.Lines(message) {
		if text := strings.TrimSpace(line); text != "" {
			c.Body = append(c.Body, textBlock{"TextBlock", text, true})
		}
	}
	b, err := json.Marshal(map[string]any{"type": "message", "attachments": []attachment{{"application/vnd.microsoft.card.adaptive", c}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, t.address, bytes.NewReader(b)) // oneCall ends it
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
