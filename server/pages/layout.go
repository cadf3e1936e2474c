package pages

import "encoding/json"

// factLine is one line of a fact as the page lays it out, and how deep it is nested.
type factLine struct {
	Depth int
	Text  string
}

const (
	shortFact   = 72 // characters of JSON that are read well in one line
	deepestFact = 6  // of which the style sheet knows a class
)

// laidOut returns the lines of a fact that ends in an object or a list of JSON, such as a
// resource of a plan or a policy; nothing of other facts, which are shown as they are. The
// lines together are the fact, character by character: the page's script compares what is
// shown with what was signed, so that nothing may be added, not even a space.
func laidOut(fact string) (lines []factLine) {
	at := jsonFrom(fact)
	if len(fact) <= shortFact || at < 0 {
		return nil
	}
	depth, from := 0, 0
	cut := func(to, deep int) {
		if to > from {
			lines = append(lines, factLine{min(deep, deepestFact), fact[from:to]})
			from = to
		}
	}
	quoted := false
	for i := at; i < len(fact); i++ {
		switch c := fact[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if next := fact[i+1]; next != '}' && next != ']' {
				cut(i+1, depth)
			}
			depth++
		case c == '}' || c == ']':
			if before := fact[i-1]; before != '{' && before != '[' {
				cut(i, depth)
			}
			depth--
		case c == ',':
			cut(i+1, depth)
		}
	}
	cut(len(fact), 0)
	return lines
}

// jsonFrom returns where the object or list begins with which a fact ends, and which begins
// the fact or a word of it; -1 if none does. An address may have brackets too, so that a few
// places are tried.
func jsonFrom(fact string) int {
	for at, tries := 0, 10; at < len(fact) && tries > 0; at++ {
		if (fact[at] != '{' && fact[at] != '[') || (at > 0 && fact[at-1] != ' ') {
			continue
		}
		if json.Valid([]byte(fact[at:])) {
			return at
		}
		tries--
	}
	return -1
}
