package output

import (
	"regexp"
	"time"

	"ramp.dev/ramp/internal/plaintext"
)

// Count returns a number of things: "1 contract", "2 contracts".
func Count(n int, noun string) string { return plaintext.Count(n, noun) }

// Time returns a time in the reader's zone.
func Time(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

var instant = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// WithTimes returns a text of Ramp's whose times (access.FormatTime) are in the reader's
// zone.
func WithTimes(s string) string {
	return instant.ReplaceAllStringFunc(s, func(text string) string {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return text // it only looks like one
		}
		return Time(t)
	})
}
