package slacktest

import (
	"encoding/json"
	"unicode/utf8"
)

// checkBlocks holds blocks to the limits that Slack documents
// (https://docs.slack.dev/reference/block-kit/blocks), and returns its error.
func checkBlocks(text string) string {
	if text == "" {
		return ""
	}
	var list []struct {
		Type   string            `json:"type"`
		Text   json.RawMessage   `json:"text"`
		Fields []json.RawMessage `json:"fields"`
		Items  []json.RawMessage `json:"elements"`
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return "invalid_blocks_format"
	}
	most := map[string]int{"header": 150, "section": 3000}
	if len(list) > 50 {
		return "invalid_blocks"
	}
	for _, b := range list {
		if !fits(b.Text, most[b.Type]) || len(b.Fields) > 10 || b.Type == "actions" && len(b.Items) > 25 || b.Type == "context" && len(b.Items) > 10 {
			return "invalid_blocks"
		}
		for _, f := range b.Fields {
			if !fits(f, 2000) {
				return "invalid_blocks"
			}
		}
	}
	return ""
}

func fits(raw json.RawMessage, most int) bool {
	if len(raw) == 0 || most == 0 {
		return true
	}
	var o struct {
		Text string `json:"text"`
	}
	return json.Unmarshal(raw, &o) == nil && o.Text != "" && utf8.RuneCountInString(o.Text) <= most
}
