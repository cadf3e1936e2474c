package slacktest

import (
	"encoding/json"
	"html/template"
	"io"
	"regexp"
	"strconv"
	"time"
)

// Screen is a message or a modal as Slack would show it: its Block Kit.
type Screen struct {
	Title  string // where it is shown
	Blocks json.RawMessage
}

// text is a text object, or a part of one.
type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Bold reports whether the text is one that is bold as a whole.
func (t text) Bold() bool {
	return t.Type == "mrkdwn" && len(t.Text) > 2 && t.Text[0] == '*' && t.Text[len(t.Text)-1] == '*'
}

// Shown is the text as its reader sees it: a time in their own zone, here UTC.
func (t text) Shown() string {
	if t.Bold() {
		return t.Text[1 : len(t.Text)-1]
	}
	return dateForm.ReplaceAllStringFunc(t.Text, func(token string) string {
		seconds, _ := strconv.ParseInt(dateForm.FindStringSubmatch(token)[1], 10, 64)
		return shownTime(seconds)
	})
}

func shownTime(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format("Jan 2, 2006 at 3:04 PM")
}

var dateForm = regexp.MustCompile(`<!date\^([0-9]+)\^[^>]*>`)

// block is what Page shows of a block.
type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text"`
	Label    *text  `json:"label"`
	Hint     *text  `json:"hint"`
	Fields   []text `json:"fields"`
	Elements []part `json:"elements"`
	Element  *part  `json:"element"`
	Optional bool   `json:"optional"`
}

// part is an element of a block. Its text is an object in buttons, and plain in a
// context.
type part struct {
	Type    string          `json:"type"`
	RawText json.RawMessage `json:"text"`
	Style   string          `json:"style"`
	Value   string          `json:"initial_value"`
	Initial *struct {
		Text text `json:"text"`
	} `json:"initial_option"`
	Multiline bool   `json:"multiline"`
	Parts     []span `json:"elements"` // of a section of rich text
}

// span is an element of rich text.
type span struct {
	Type      string `json:"type"`
	Text      string `json:"text"`
	Timestamp int64  `json:"timestamp"`
}

// Shown is the element as its reader sees it.
func (s span) Shown() string {
	switch s.Type {
	case "text":
		return s.Text
	case "date":
		return shownTime(s.Timestamp)
	}
	return "an element of kind " + s.Type + ", which this page does not show"
}

// Label is what an element says.
func (p part) Label() string {
	var t text
	var s string
	switch {
	case json.Unmarshal(p.RawText, &s) == nil:
		return s
	case json.Unmarshal(p.RawText, &t) == nil:
		return t.Text
	}
	return ""
}

// Chosen is what is in a field at first.
func (p part) Chosen() string {
	if p.Initial != nil {
		return p.Initial.Text.Text
	}
	return p.Value
}

// The colours are Slack's own, of its light and its dark theme; on a phone fields stand
// below each other, as they do there.
var page = template.Must(template.New("page").Parse(`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Ramp in Slack</title>
<style>
:root { color-scheme: light dark; --back: #fff; --text: #1d1c1d; --dim: #616061; --line: #ddd; --box: #868686; --go: #007a5a; --stop: #e01e5a }
@media (prefers-color-scheme: dark) { :root { --back: #1a1d21; --text: #d1d2d3; --dim: #ababad; --line: #35373b; --box: #797c81; --go: #007a5a; --stop: #e01e5a } }
body { font: 15px/1.46 Lato, "Helvetica Neue", Arial, sans-serif; background: var(--back); color: var(--text); margin: 24px auto; padding: 0 16px; max-width: 640px; box-sizing: content-box }
.screen { border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; margin: 0 0 20px } .where { color: var(--dim); font-size: 13px; margin: 0 0 6px }
h2 { font-size: 18px; margin: 4px 0; overflow-wrap: anywhere } p { margin: 6px 0; white-space: pre-line; overflow-wrap: anywhere } .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 8px 0; overflow-wrap: anywhere } .fields span { white-space: pre-line }
@media (max-width: 500px) { .fields { grid-template-columns: 1fr } }
.context { color: var(--dim); font-size: 12px } .buttons { white-space: normal } button { font: 700 13px inherit; padding: 6px 12px; border: 1px solid var(--box); border-radius: 4px; background: var(--back); color: var(--text); margin: 0 8px 4px 0 }
.primary { background: var(--go); border-color: var(--go); color: #fff } .danger { background: var(--stop); border-color: var(--stop); color: #fff } label { font-weight: 700; display: block; margin-top: 10px } .box { border: 1px solid var(--box); border-radius: 4px; padding: 6px 10px; min-height: 22px } .tall { min-height: 66px } .hint { color: var(--dim); font-size: 13px }
</style>
{{range .}}<p class="where">{{.Title}}</p><div class="screen">{{range .Blocks}}
{{if eq .Type "header"}}<h2>{{.Text.Text}}</h2>
{{else if eq .Type "section"}}{{with .Text}}<p>{{.Text}}</p>{{end}}{{with .Fields}}<div class="fields">{{range .}}{{if .Bold}}<b>{{.Shown}}</b>{{else}}<span>{{.Shown}}</span>{{end}}{{end}}</div>{{end}}
{{else if eq .Type "rich_text"}}{{range .Elements}}<p>{{range .Parts}}{{.Shown}}{{end}}</p>{{end}}
{{else if eq .Type "context"}}{{range .Elements}}<p class="context">{{.Label}}</p>{{end}}
{{else if eq .Type "actions"}}<p class="buttons">{{range .Elements}}<button class="{{.Style}}">{{.Label}}</button>{{end}}</p>
{{else if eq .Type "input"}}<label>{{.Label.Text}}{{if .Optional}} (optional){{end}}</label><div class="box{{if .Element.Multiline}} tall{{end}}">{{.Element.Chosen}}</div>{{with .Hint}}<span class="hint">{{.Text}}</span>{{end}}
{{else}}<p>a block of kind {{.Type}}, which this page does not show</p>{{end}}{{end}}
</div>{{end}}`))

// Page writes a page that shows screens about as Slack does, to be looked at. Errors are
// of blocks that are no Block Kit.
func Page(w io.Writer, screens ...Screen) error {
	type shown struct {
		Title  string
		Blocks []block
	}
	var all []shown
	for _, s := range screens {
		var blocks []block
		if err := json.Unmarshal(s.Blocks, &blocks); err != nil {
			return err
		}
		all = append(all, shown{s.Title, blocks})
	}
	return page.Execute(w, all)
}

// Blocks are those of a modal.
func (v View) Blocks() json.RawMessage {
	var body struct {
		Blocks json.RawMessage `json:"blocks"`
	}
	_ = json.Unmarshal(v.Body, &body)
	return body.Blocks
}
