package strictyaml

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// syntaxInWords says what is wrong with a file that is no YAML, and how to write it, with
// the place: the parser names what it met, and authors of contracts know no grammar. b is
// the file.
func syntaxInWords(b []byte, message string, line, column int) *ParseError {
	words := func(format string, args ...any) *ParseError {
		return &ParseError{"yaml", fmt.Sprintf(format, args...), line, column}
	}
	lines := strings.Split(string(b), "\n")
	if strings.Contains(message, "\t") || strings.Contains(message, "tab character") {
		return words("a tab stands here; YAML is indented with spaces")
	}
	if m := writtenTwice.FindStringSubmatch(message); m != nil {
		return words("%s is written twice here, first in line %s", m[1], m[2])
	}
	if m := reserved.FindStringSubmatch(message); m != nil {
		return words("a text that begins with %s needs quotes", m[1])
	}
	if slices.Contains(indented, message) {
		// A line that is too deep is met by the parser as part of the text above it.
		for _, at := range []int{line, line + 1} {
			if misfit := indentation(lines, at); misfit != "" {
				if at != line {
					spaces, _ := split(lines[at-1])
					return &ParseError{"yaml", misfit, at, spaces + 1}
				}
				return words("%s", misfit)
			}
		}
		if line > 0 && line <= len(lines) && endedQuotes.MatchString(lines[line-1]) {
			return words(`the quotes end before this; put all of the text into quotes, as in '"sre" in person.groups', and write a ' between two others twice`)
		}
	}
	if known, is := syntaxWords[message]; is {
		return words("%s", known)
	}
	return words("%s", message)
}

var (
	writtenTwice = regexp.MustCompile(`^mapping key (".*") already defined at \[(\d+):\d+\]$`)
	reserved     = regexp.MustCompile(`^'(.)' is a reserved character$`)
	endedQuotes  = regexp.MustCompile(`: +("[^"]*"|'[^']*') *[^ #,}\]]`)
)

// indented are the parser's messages to which a wrong indentation leads.
var indented = []string{
	"value is not allowed in this context", "value is not allowed in this context. map key-value is pre-defined",
	"unexpected key name", "non-map value is specified", "could not find value for mapping key",
	"mapping value is not allowed in this context", "block sequence entries are not allowed in this context",
	"found an invalid key for this map", "unexpected map key",
}

const colonWords = "a field is written like name: value, and a text with a colon in quotes"

// syntaxWords are what the parser's other messages mean to somebody who writes a file.
var syntaxWords = map[string]string{ // #nosec G101 -- "token" is a word of the parser, and no secret
	"could not find flow mapping end token '}'":                          "this { has no }",
	"sequence end token ']' not found":                                   "this [ has no ]",
	"',' or '}' must be specified":                                       "here belongs a comma or a }",
	"',' or ']' must be specified":                                       "here belongs a comma or a ]",
	"could not find '[' character corresponding to ']'":                  "this ] has no [",
	"could not find '{' character corresponding to '}'":                  "this } has no {",
	"could not find end character of double-quoted text":                 `this text has no closing "`,
	"could not find end character of single-quoted text":                 "this text has no closing '; a ' in it is written twice",
	"non-map value is specified":                                         "this is no field; " + colonWords,
	"unexpected key name":                                                "this is no field; " + colonWords,
	"unexpected map key":                                                 "this is no field; " + colonWords,
	"found an invalid key for this map":                                  "this is no name of a field; " + colonWords,
	"mapping value is not allowed in this context":                       "a colon is too many here; " + colonWords,
	"value is not allowed in this context":                               "this belongs to nothing above it; " + colonWords,
	"value is not allowed in this context. map key-value is pre-defined": "this belongs to nothing above it; " + colonWords,
}

// indentation says that a line begins at a column at which nothing above leaves room for
// it; empty if it does. A text of several lines leaves room for more than it should: then
// the parser's own message stands.
func indentation(lines []string, number int) string {
	if number < 1 || number > len(lines) {
		return ""
	}
	spaces, text := split(lines[number-1])
	var room []int // the columns of what is open above
	for i, least := number-2, math.MaxInt; i >= 0 && least > 0; i-- {
		depth, what := split(lines[i])
		if what == "" || strings.HasPrefix(what, "#") {
			continue
		}
		if depth < least {
			least = depth
			room = append(room, depth)
			if rest, entry := strings.CutPrefix(what, "- "); entry {
				inside, _ := split(rest)
				room = append(room, depth+2+inside)
			}
		}
		if strings.HasPrefix(what, "---") {
			break
		}
	}
	if len(room) == 0 || slices.Contains(room, spaces) {
		return ""
	}
	if opens := strings.TrimRight(lines[above(lines, number)-1], " \r"); spaces > room[0] && (strings.HasSuffix(opens, ":") || strings.HasSuffix(opens, "-")) {
		return "" // the first line below it may begin anywhere
	}
	slices.Sort(room)
	var at []string
	for _, column := range slices.Compact(room) {
		at = append(at, fmt.Sprint(column))
	}
	name, _, _ := strings.Cut(text, ":")
	return fmt.Sprintf("%q is indented by %d spaces, and what is open above it by %s: what belongs together begins at the same column", access.Clip(name, 40), spaces, strings.Join(at, " or "))
}

// above returns the number of the line before another one that says something.
func above(lines []string, number int) int {
	for number--; number > 1; number-- {
		if _, what := split(lines[number-1]); what != "" && !strings.HasPrefix(what, "#") {
			break
		}
	}
	return number
}

// split returns how many spaces a line begins with, and the rest.
func split(line string) (spaces int, rest string) {
	rest = strings.TrimLeft(line, " ")
	return len(line) - len(rest), strings.TrimRight(rest, " \r")
}
