package slack

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/slack-go/slack"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
)

// What Block Kit takes (https://docs.slack.dev/reference/block-kit): in characters, and
// in fields of one section.
const (
	maxSection = 3000
	maxField   = 2000
	maxHeader  = 150
	maxFields  = 10
	maxLabel   = 75
	maxOptions = 100
)

// plain is text that Slack shows as it is: no formatting, no mention, no emoji.
func plain(text string, n int) *slack.TextBlockObject {
	if text == "" {
		text = "–" // Slack takes no empty text
	}
	off := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: clip(text, n), Emoji: &off}
}

// clip leaves room for the mark of what was cut off.
func clip(text string, n int) string { return access.Clip(text, n-1) }

// blocks are a message in Block Kit. What people wrote is in plain_text and in the text of
// rich text, in which nothing of it means anything to Slack. Times and the names of rows are
// not of people's making.
func blocks(m chat.Message) (out []slack.Block) {
	if m.Title != "" {
		out = append(out, slack.NewHeaderBlock(plain(chat.OneLine(m.Title, maxHeader-1), maxHeader)))
	}
	if len(m.Text) > 0 {
		out = append(out, said(m.Text))
	}
	var fields []*slack.TextBlockObject
	for _, f := range m.Rows {
		fields = append(fields, rowName(chat.OneLine(f.Name, 80)), value(f))
		if len(fields) == maxFields {
			out = append(out, slack.NewSectionBlock(nil, fields, nil))
			fields = nil
		}
	}
	if len(fields) > 0 {
		out = append(out, slack.NewSectionBlock(nil, fields, nil))
	}
	if m.Small != "" {
		out = append(out, slack.NewContextBlock("", plain(chat.OneLine(m.Small, maxField-1), maxField)))
	}
	if len(m.Buttons) > 0 {
		var list []slack.BlockElement
		for _, b := range m.Buttons {
			e := slack.NewButtonBlockElement(b.Name, b.Value, plain(b.Label, maxLabel))
			e.URL = b.URL
			switch b.Style {
			case chat.Go:
				e.Style = slack.StylePrimary
			case chat.Stop:
				e.Style = slack.StyleDanger
			}
			list = append(list, e)
		}
		out = append(out, slack.NewActionBlock("", list...))
	}
	return out
}

// words are what mrkdwn shows as it is: letters and single blanks.
var words = regexp.MustCompile(`^[A-Za-z]+( [A-Za-z]+)*$`)

// rowName is what a row is of, bold where it is words: on a phone fields stand below each
// other, and nothing else tells names from what they are of. A name that is anything more,
// as a target may have given it, is plain.
func rowName(name string) *slack.TextBlockObject {
	if words.MatchString(name) {
		return &slack.TextBlockObject{Type: slack.MarkdownType, Text: "*" + name + "*"}
	}
	return plain(name, 81)
}

// said is the text of a message. With a time in it, it is rich text: in mrkdwn, the other
// kind in which Slack shows times, what people write would mean something.
func said(t chat.Text) slack.Block {
	if !t.Timed() {
		return slack.NewSectionBlock(plain(chat.Lines(t.String(), maxSection-1), maxSection), nil, nil)
	}
	var parts []slack.RichTextSectionElement
	for _, p := range t.Lines(maxSection - 1) {
		if p.At.IsZero() {
			parts = append(parts, slack.NewRichTextSectionTextElement(p.Text, nil))
			continue
		}
		utc := chat.UTC(p.At)
		parts = append(parts, slack.NewRichTextSectionDateElement(p.At.Unix(), dateFormat, nil, &utc))
	}
	return slack.NewRichTextBlock("", slack.NewRichTextSection(parts...))
}

// dateFormat shows a time in the zone of whoever reads it, with today and tomorrow by their
// names (https://docs.slack.dev/reference/block-kit/block-elements/date-element).
const dateFormat = "{date_short_pretty} at {time}"

// value is what a row says. A time is mrkdwn, which Slack shows in the reader's zone
// (https://docs.slack.dev/messaging/formatting-message-text#date-formatting): nothing in it
// is of people's making.
func value(r chat.Row) *slack.TextBlockObject {
	if r.At.IsZero() {
		return plain(chat.OneLine(r.Text, maxField-1), maxField)
	}
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: fmt.Sprintf("<!date^%d^%s|%s>", r.At.Unix(), dateFormat, chat.UTC(r.At))}
}

// fallback is what notifications show. Slack reads it as mrkdwn, so what has a meaning
// there is escaped (https://docs.slack.dev/messaging/formatting-message-text).
func fallback(m chat.Message) string {
	text := m.Title
	if text == "" {
		text = m.Text.String()
	}
	return escape(chat.OneLine(text, maxHeader))
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// view is a form as a modal.
func view(f chat.Form) slack.ModalViewRequest {
	v := slack.ModalViewRequest{Type: slack.VTModal, CallbackID: f.Name, PrivateMetadata: f.Value, Title: plain(f.Title, 24), Close: plain("Close", 24)}
	if f.Send != "" {
		v.Submit = plain(f.Send, 24)
	}
	if f.Text != "" {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, slack.NewSectionBlock(plain(chat.Lines(f.Text, maxSection-1), maxSection), nil, nil))
	}
	for _, field := range f.Fields {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, input(field))
	}
	return v
}

func input(f chat.Field) slack.Block {
	var element slack.BlockElement
	if len(f.Options) > 0 {
		var options []*slack.OptionBlockObject
		var first *slack.OptionBlockObject
		for _, o := range f.Options[:min(len(f.Options), maxOptions)] {
			option := slack.NewOptionBlockObject(o.Value, plain(chat.OneLine(o.Label, maxLabel-1), maxLabel), nil)
			if o.Value == f.Text {
				first = option
			}
			options = append(options, option)
		}
		e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, f.Name, options...)
		e.InitialOption = first
		element = e
	} else {
		e := slack.NewPlainTextInputBlockElement(nil, f.Name)
		e.Multiline, e.InitialValue, e.MaxLength = f.Long, f.Text, min(f.MaxLength, maxSection)
		element = e
	}
	var hint *slack.TextBlockObject
	if f.Hint != "" {
		hint = plain(chat.OneLine(f.Hint, 149), 150)
	}
	b := slack.NewInputBlock(f.Name, plain(chat.OneLine(f.Label, maxLabel-1), maxLabel), hint, element)
	b.Optional, b.DispatchAction = f.Optional, f.Reports
	return b
}
