package contracts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/internal/strictyaml"
)

// conditionError is why a text is no condition, with the place in it.
type conditionError struct {
	message      string
	line, column int // in the text, from 1
	lines        bool
}

func (e *conditionError) Error() string {
	if e.lines {
		return fmt.Sprintf("%s (at line %d, column %d of it)", e.message, e.line, e.column)
	}
	return fmt.Sprintf("%s (at character %d of it)", e.message, e.column)
}

// errorAt returns what is wrong at a place of a condition. The end of an empty text is
// before its first character.
func errorAt(text string, at common.Location, message string) *conditionError {
	return &conditionError{message: message, line: max(at.Line(), 1), column: max(at.Column()+1, 1), lines: strings.Contains(text, "\n")}
}

// newConditionError says what CEL cannot read or check, in words of who writes contracts:
// CEL's own name its grammar and its types.
func newConditionError(env *cel.Env, text string, e *cel.Error) *conditionError {
	message := e.Message
	if syntax, is := strings.CutPrefix(e.Message, "Syntax error: "); is {
		message = syntaxInWords(text, e.Location, syntax)
	} else if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		message = undeclaredInWords(env, text, m[1])
	} else if m := overload.FindStringSubmatch(e.Message); m != nil {
		message = overloadInWords(m[1], m[2])
	} else if m := otherType.FindStringSubmatch(e.Message); m != nil {
		message = fmt.Sprintf("here belongs %s, and this is %s", typeWords.Replace(m[1]), typeWords.Replace(m[2]))
	}
	return errorAt(text, e.Location, "not a condition: "+message)
}

// syntaxInWords says what does not fit at a place of a condition. What people write there
// is mostly another language's word for what CEL has a sign for.
func syntaxInWords(text string, at common.Location, message string) string {
	before, rest := splitAt(text, at)
	word := strings.TrimSpace(rest)
	if i := strings.IndexFunc(word, unicode.IsSpace); i > 0 {
		word = word[:i]
	}
	unreadable := strings.HasPrefix(message, "token recognition error")
	switch {
	case word == "":
		return "something is missing at its end"
	case strings.HasSuffix(strings.TrimSpace(before), "not"):
		return `write ! for "not", as in !("sre" in person.groups)`
	case strings.HasPrefix(rest, "=") && unreadable:
		return `write == to compare, as in person.kind == "human"`
	case strings.ContainsAny(rest[:1], "&|") && unreadable, word == "and", word == "or", word == "AND", word == "OR":
		return "write && for \"and\", and || for \"or\""
	case word == "is", word == "equals":
		return `write == to compare, as in person.kind == "human"`
	case strings.ContainsAny(rest[:1], "\"'") && unreadable:
		return "this text has no closing quote"
	case strings.ContainsRune("“”„‘’«»", []rune(rest)[0]):
		return `write straight quotes around a text: "engineering"`
	}
	return fmt.Sprintf(`%q does not fit here; conditions are like "engineering" in person.groups && person.kind == "human"`, word)
}

// splitAt returns a text before a place and from it on.
func splitAt(text string, at common.Location) (before, rest string) {
	lines := strings.SplitAfter(text, "\n")
	if at.Line() < 1 || at.Line() > len(lines) {
		return text, ""
	}
	line := []rune(lines[at.Line()-1])
	column := min(max(at.Column(), 0), len(line))
	return strings.Join(lines[:at.Line()-1], "") + string(line[:column]), string(line[column:]) + strings.Join(lines[at.Line():], "")
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '(.+)' \(in container ''\)$`)
	overload   = regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.*)'$`)
	otherType  = regexp.MustCompile(`^expected type '(.+)' but found '(.+)'$`)
)

// elsewhere are functions of other languages, and what is written here.
var elsewhere = map[string]string{"not": `write ! for "not", as in !("sre" in person.groups)`, "len": "write size(...)", "length": "write size(...)"}

// undeclaredInWords says that nothing has a name, what may be meant, and what there is.
func undeclaredInWords(env *cel.Env, text, name string) string {
	kind, known, all := "name", variableNames(env), ""
	if regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\s*\(`).MatchString(text) {
		if here, there := elsewhere[name]; there {
			return here
		}
		kind, known = "function", functionNames(env)
		all = "functions are CEL's, and oncall"
	} else {
		all = "a condition reads " + strings.Join(known, ", ") + ", and texts are in quotes"
	}
	meant := ""
	if near := strictyaml.Nearest(name, slices.Values(known)); near != "" {
		meant = fmt.Sprintf("did you mean %q? ", near)
		all = strings.ToUpper(all[:1]) + all[1:]
	}
	return fmt.Sprintf("there is no %s %q; %s%s", kind, name, meant, all)
}

// variableNames returns what a condition may read, in order. What a ticket has is below
// ticket, and what nobody can write is left out.
func variableNames(env *cel.Env) (out []string) {
	for _, v := range env.Variables() {
		if v.Type().Kind() != types.TypeKind && !strings.ContainsAny(v.Name(), ".@") {
			out = append(out, v.Name())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// functionNames returns what a condition may call, in order.
func functionNames(env *cel.Env) []string {
	out := slices.Collect(maps.Keys(env.Functions()))
	for _, m := range env.Macros() {
		out = append(out, m.Function())
	}
	out = slices.DeleteFunc(out, func(name string) bool { return strings.ContainsAny(name, "_@!-") && name != "exists_one" })
	slices.Sort(out)
	return slices.Compact(out)
}

// typeWords are the names of CEL's types, the longer before those that they contain.
var typeWords = strings.NewReplacer("map(string, dyn)", "fields", "list(map(string, dyn))", "a list of fields", "list(string)", "a list of texts",
	"duration", "a duration", "timestamp", "a time", "string", "a text", "uint", "a whole number", "int", "a whole number", "double", "a number",
	"bool", "true or false", "dyn", "any value")

// overloadInWords says that what is called, or a sign such as ==, does not take these.
func overloadInWords(function, signature string) string {
	sign := strings.Trim(strings.TrimPrefix(function, "@"), "_")
	if function == "_[_]" {
		sign = "[...]"
	}
	message := fmt.Sprintf("%s does not take %s", sign, typeWords.Replace(signature))
	if m := pair.FindStringSubmatch(signature); m != nil {
		message = fmt.Sprintf("%s does not take %s and %s", sign, typeWords.Replace(m[1]), typeWords.Replace(m[2]))
	}
	text := strings.Contains(signature, "string")
	switch {
	case strings.Contains(signature, "duration"):
		message += `; write a length as duration("2h")`
	case strings.Contains(signature, "timestamp"):
		message += `; write a time as timestamp("2026-01-31T14:00:00Z")`
	case sign == "in" && text:
		message += `; it takes a list on its right, as in "engineering" in person.groups`
	case sign == "&&" || sign == "||":
		message += "; it joins conditions, each of them true or false"
	}
	return message
}

// pair is the signature of two simple values.
var pair = regexp.MustCompile(`^\((\w+), (\w+)\)$`)
