// Package plaintext makes text that others wrote harmless where people read it: without
// characters that do not show, that turn the direction of text or move a cursor, and
// without line breaks where a line is one row among others (docs/threats.md, cases 8 and
// 99).
package plaintext

import (
	"fmt"
	"strings"
	"unicode"

	"ramp.dev/ramp/access"
)

// Hidden reports whether a character does not show, or changes how others show.
// Line breaks and tabs are text.
func Hidden(r rune) bool {
	switch r {
	case '\n', '\t', '\r':
		return false
	case unicode.ReplacementChar: // what was no UTF-8
		return true
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

// HiddenMessage returns what is wrong with a hidden character.
func HiddenMessage(r rune) string {
	return fmt.Sprintf("the character %U does not show, or changes how others show", r)
}

// Misleads reports whether a character, after the one before it, is hidden from
// a reader of a file: beside Hidden, a blank that counts as a symbol, and a
// selector of variants anywhere but after a symbol, where emoji have one.
func Misleads(before, r rune) bool {
	switch {
	case r == '\u2800':
		return true
	case unicode.Is(unicode.Variation_Selector, r):
		return before <= unicode.MaxASCII || !unicode.IsSymbol(before)
	}
	return Hidden(r)
}

// Strip returns text without hidden characters, and with blanks for line breaks and tabs:
// people read names beside what they are asked to decide.
func Strip(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isBreak(r):
			return ' '
		case Hidden(r):
			return -1
		}
		return r
	}, text)
}

// IsLine reports whether text is one line without hidden characters: what Strip leaves as
// it is.
func IsLine(text string) bool { return Strip(text) == text }

// Line returns text as one row of a message: with one blank for whatever does not show
// and for each run of blanks and line breaks, and with at most n characters and an
// ellipsis.
func Line(text string, n int) string {
	blank := strings.Map(func(r rune) rune {
		if isBreak(r) || Hidden(r) {
			return ' '
		}
		return r
	}, text)
	return access.Clip(strings.Join(strings.Fields(blank), " "), n)
}

// Lines returns text of several lines, each as Line returns it, with at most n characters
// in all and an ellipsis.
func Lines(text string, n int) string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, Line(line, n))
	}
	return access.Clip(strings.Join(out, "\n"), n)
}

// Dotted returns text with a dot for each hidden character and, unless breaks, for each
// line break and tab: on a terminal it is seen that something was there.
func Dotted(text string, breaks bool) string {
	return strings.Map(func(r rune) rune {
		if Hidden(r) || isBreak(r) && (!breaks || r == '\r') {
			return '·'
		}
		return r
	}, text)
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }
