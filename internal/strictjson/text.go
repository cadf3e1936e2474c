package strictjson

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// checkText refuses text that is no Unicode: encoding/json puts U+FFFD in its place,
// other readers leave it or fail.
func checkText(b []byte) error {
	if !utf8.Valid(b) {
		return &Error{Code: Malformed, Message: "the JSON is not UTF-8"}
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		i++ // the character that is escaped
		r, ok := escaped(b, i)
		if !ok || !utf16.IsSurrogate(r) {
			continue
		}
		low, ok := escaped(b, i+6)
		if !ok || b[i+5] != '\\' || utf16.DecodeRune(r, low) == utf8.RuneError {
			return &Error{Code: Malformed, Message: "the JSON has half a character (a lone surrogate)"}
		}
		i += 10
	}
	return nil
}

// escaped returns the number that a "u" and four hexadecimal digits at a place stand
// for; false where they do not stand there.
func escaped(b []byte, at int) (rune, bool) {
	if at+5 > len(b) || b[at] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[at+1:at+5]), 16, 16)
	return rune(n), err == nil
}
