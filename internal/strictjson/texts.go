package strictjson

import (
	"strings"
	"unicode/utf8"
)

// simpleTexts returns an object of texts in which nothing is escaped, as most details of
// events are: a log of a million has as many. It reports false for everything else, and for
// what is refused, so that the other reader says what is wrong.
func simpleTexts(b []byte) (texts map[string]string, ok bool) {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' || !utf8.Valid(b) {
		return nil, false
	}
	texts = map[string]string{}
	for rest := string(b[1 : len(b)-1]); rest != ""; {
		var name, value string
		if name, rest, ok = quoted(rest); !ok || !strings.HasPrefix(rest, ":") {
			return nil, false
		}
		if value, rest, ok = quoted(rest[1:]); !ok {
			return nil, false
		}
		if _, twice := texts[name]; twice {
			return nil, false
		}
		texts[name] = value
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok || rest == "" {
			return nil, false
		}
	}
	return texts, true
}

// quoted returns the text in quotes that s begins with, and what follows it. It reports
// false where there is none, or something in it is escaped or would have to be.
func quoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c == '\\', c < ' ':
			return "", s, false
		}
	}
	return "", s, false
}
