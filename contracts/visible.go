package contracts

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mtibben/confusables"

	"ramp.dev/ramp/internal/plaintext"
)

// hidden reports whether text has characters that do not show, or that change
// how others show.
func hidden(s string) bool { return strings.ContainsFunc(s, plaintext.Hidden) }

// misleading returns why a reader could take text for another text; "" if not.
func misleading(text string) string {
	before := rune(0)
	for _, r := range text {
		if plaintext.Misleads(before, r) {
			return plaintext.HiddenMessage(r)
		}
		before = r
	}
	return ""
}

// misleadingName returns why a reader could take a name for another name; "" if
// not. A name is compared with others: of a group, a target, a policy.
func misleadingName(name string) string {
	if why := misleading(name); why != "" {
		return why
	}
	switch {
	case strings.TrimSpace(name) == "": // reported where it is needed
		return ""
	case strings.TrimSpace(name) != name:
		return "there are blanks at an end of this name"
	case strings.ContainsAny(name, "\n\t\r"):
		return "a name is on one line"
	}
	return lookAlike(name)
}

// lookAlike returns why text that is not ASCII looks as if it were (Unicode
// TR 39): with a Cyrillic letter, approvers would be another group.
func lookAlike(text string) string {
	if isASCII(text) || !isASCII(confusables.Skeleton(text)) {
		return ""
	}
	other := text[strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }):]
	r := []rune(other)[0]
	return fmt.Sprintf("%q (%U) looks like another character; write that one", r, r)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// lettersAndDigits counts the characters of text that carry meaning.
func lettersAndDigits(s string) int {
	n := 0
	for _, r := range s {
		if (unicode.IsLetter(r) || unicode.IsNumber(r)) && !plaintext.Hidden(r) {
			n++
		}
	}
	return n
}
