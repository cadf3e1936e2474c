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
		if b.Type == "rich_text" && !richText(b.Items) {
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

// richText reports whether the parts of a rich text are sections of texts and dates, each
// with what Slack demands of it
// (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
func richText(sections []json.RawMessage) bool {
	for _, raw := range sections {
		var section struct {
			Type     string `json:"type"`
			Elements []struct {
				Type      string `json:"type"`
				Text      string `json:"text"`
				Timestamp *int64 `json:"timestamp"`
				Format    string `json:"format"`
			} `json:"elements"`
		}
		if json.Unmarshal(raw, &section) != nil || section.Type != "rich_text_section" {
			return false
		}
		for _, e := range section.Elements {
			isText, isDate := e.Type == "text" && e.Text != "", e.Type == "date" && e.Timestamp != nil && e.Format != ""
			if !isText && !isDate {
				return false
			}
		}
	}
	return true
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
