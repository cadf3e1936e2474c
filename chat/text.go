package chat

import (
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// OneLine returns a text without line breaks and without characters that do not show
// or that turn the direction of text, so that nobody writes rows of their own into a
// message. It has at most n characters.
func OneLine(text string, n int) string {
	return access.Clip(strings.Join(strings.Fields(visible(text, ' ')), " "), n)
}

// Lines is OneLine for text of several lines.
func Lines(text string, n int) string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, OneLine(line, n))
	}
	return access.Clip(strings.Join(out, "\n"), n)
}

func visible(text string, instead rune) string {
	return strings.Map(func(r rune) rune {
		if strictyaml.Hidden(r) || r == '\n' || r == '\r' || r == '\t' || r == '\uFFFD' {
			return instead
		}
		return r
	}, text)
}
