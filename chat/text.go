package chat

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/internal/strictjson"
)

// OneLine returns a text without line breaks and without characters that do not show
// or that turn the direction of text, so that nobody writes rows of their own into a
// message. It has at most n characters.
func OneLine(text string, n int) string { return plaintext.Line(text, n) }

// Lines is OneLine for text of several lines.
func Lines(text string, n int) string { return plaintext.Lines(text, n) }

// Text is text with times in it. A time is a value and never written into the text: a Bot
// shows it in the zone of each reader where its service can, and as UTC where not. So
// nothing that people write is read as a time.
type Text []Part

// Part is a piece of text, or a time if At is not zero.
type Part struct {
	Text string    `json:"text,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// Say returns a text without times.
func Say(text string) Text { return Text{{Text: text}} }

// And returns the text with more behind it.
func (t Text) And(text string) Text { return append(t[:len(t):len(t)], Part{Text: text}) }

// Time returns the text with a time behind it.
func (t Text) Time(at time.Time) Text { return append(t[:len(t):len(t)], Part{At: at}) }

// Timed reports whether there is a time in the text.
func (t Text) Timed() bool {
	for _, p := range t {
		if !p.At.IsZero() {
			return true
		}
	}
	return false
}

// String returns the text with its times in UTC.
func (t Text) String() string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.String())
	}
	return b.String()
}

// String returns the piece of text, or the time in UTC.
func (p Part) String() string {
	if p.At.IsZero() {
		return p.Text
	}
	return UTC(p.At)
}

// UTC writes a time for people, such as "26 Nov 2026, 15:38 UTC".
func UTC(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// Lines returns the text as Lines returns one, with at most n characters and an ellipsis in
// all. No part of it is empty.
func (t Text) Lines(n int) (out Text) {
	for _, p := range t {
		if p.At.IsZero() {
			p.Text = pieceOfLines(p.Text)
		}
		length := utf8.RuneCountInString(p.String())
		switch {
		case length > n && !p.At.IsZero(): // a time is whole, or is not there
			return append(out, Part{Text: "…"})
		case length > n:
			return append(out, Part{Text: access.Clip(p.Text, n)})
		case length > 0:
			out = append(out, p)
		}
		n -= length
	}
	return out
}

// pieceOfLines is Lines of a piece of text, which keeps the blank or the line break between
// it and a time beside it.
func pieceOfLines(text string) string {
	const between = " \n"
	inner := strings.Trim(text, between)
	if inner == "" {
		return separator(text)
	}
	before, after, _ := strings.Cut(text, inner)
	return separator(before) + Lines(inner, len(inner)) + separator(after)
}

func separator(blanks string) string {
	switch {
	case strings.Contains(blanks, "\n"):
		return "\n"
	case blanks != "":
		return " "
	}
	return ""
}

// MarshalJSON writes a text without times as a string: so servers of before there were
// times in texts read the replies that are kept as JSON.
func (t Text) MarshalJSON() ([]byte, error) {
	if !t.Timed() {
		return json.Marshal(t.String())
	}
	return json.Marshal([]Part(t))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Text) UnmarshalJSON(b []byte) error {
	var text string
	if strictjson.UnmarshalOpen(b, &text) == nil {
		*t = nil
		if text != "" {
			*t = Say(text)
		}
		return nil
	}
	return strictjson.UnmarshalOpen(b, (*[]Part)(t))
}
