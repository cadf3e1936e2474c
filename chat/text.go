package chat

import "ramp.dev/ramp/internal/plaintext"

// OneLine returns a text without line breaks and without characters that do not show
// or that turn the direction of text, so that nobody writes rows of their own into a
// message. It has at most n characters.
func OneLine(text string, n int) string { return plaintext.Line(text, n) }

// Lines is OneLine for text of several lines.
func Lines(text string, n int) string { return plaintext.Lines(text, n) }
