package contracts

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// What returns in words what a change does to the requests that it touches.
func (c Change) What() string {
	switch c.Kind {
	case "added":
		return "NEW CONTRACT"
	case "removed":
		return "contract removed"
	case "possible":
		return "BECOMES POSSIBLE"
	case "easier":
		return "takes fewer people"
	case "harder":
		return "takes more people"
	case "impossible":
		return "is no longer possible"
	}
	return "is decided differently"
}

// refusedInWords returns why something is refused, for people who read no codes.
func refusedInWords(code string) string {
	words, known := map[string]string{
		"not_eligible":               "not for them",
		"who_unevaluated":            "whether it is for them could not be evaluated",
		"duration_over_max":          "longer than the contract gives",
		"param_not_allowed":          "a value that it does not allow",
		"choice_not_allowed":         "a choice that is not open to them",
		"choices_unknown":            "what there is to choose is not known",
		"reason_too_short":           "the reason is too short",
		"reason_needs_justification": "the reason is too short for so long a time",
		"ticket_missing":             "it needs a ticket",
		"outside_window":             "outside of its windows",
		"window_too_short":           "its window is over too soon",
		"nobody_approves":            "nobody can approve it",
		"auto_unevaluated":           "whether it approves by itself could not be evaluated",
		"no_break_glass":             "it has no break glass",
		"break_glass_not_for_you":    "break glass is not for them",
	}[code]
	if !known {
		return strings.ReplaceAll(code, "_", " ")
	}
	return words
}

// mask returns a text in which the values of one question are replaced by what they are of:
// two changes that differ in them alone are one.
func (w Witness) mask(text string) string {
	values := map[string]string{}
	for name, value := range w.Person.Attributes {
		values[value] = name
	}
	for name, value := range w.Request.Params {
		values[fmt.Sprint(value)] = name
	}
	for _, value := range slices.SortedFunc(maps.Keys(values), func(a, b string) int { return len(b) - len(a) }) {
		if value != "" {
			text = regexp.MustCompile(`\b`+regexp.QuoteMeta(value)+`\b`).ReplaceAllLiteralString(text, "<"+values[value]+">")
		}
	}
	return text
}

// String returns the change in one line, with a request that shows it.
func (c Change) String() string {
	switch c.Kind {
	case "added":
		return fmt.Sprintf("%s: %s: %s", c.Contract, c.What(), c.After)
	case "removed":
		return fmt.Sprintf("%s: %s; it was %s", c.Contract, c.What(), c.Before)
	}
	return fmt.Sprintf("%s: %s, up to %s: before %s, now %s; such as %s", c.Contract, c.What(), c.Longest, c.Before, c.After, c.Witness)
}

// String returns the request in words, such as "a person, in engineering, for 2h0m1s, at …".
func (w Witness) String() string {
	who := map[access.PersonKind]string{access.KindHuman: "a person", access.KindAgent: "an agent", access.KindService: "a service"}[w.Person.Kind]
	parts := []string{cmp.Or(who, string(w.Person.Kind))}
	if len(w.Person.Groups) > 0 {
		parts = append(parts, "in "+strings.Join(w.Person.Groups, ", "))
	} else {
		parts = append(parts, "in no group")
	}
	for _, name := range slices.Sorted(maps.Keys(w.Person.Attributes)) {
		parts = append(parts, fmt.Sprintf("whose %s is %s", name, w.Person.Attributes[name]))
	}
	if w.Request.Duration != "" {
		parts = append(parts, "for "+w.Request.Duration)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Request.Params)) {
		parts = append(parts, fmt.Sprintf("with %s %v", name, w.Request.Params[name]))
	}
	if w.Request.Ticket != "" {
		parts = append(parts, "ticket "+w.Request.Ticket)
	}
	if w.Request.BreakGlass {
		parts = append(parts, "breaking the glass")
	}
	return strings.Join(append(parts, "at "+w.At), ", ")
}
