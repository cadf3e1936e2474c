package contracts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// String returns the request in words.
func (w Witness) String() string {
	parts := []string{string(w.Person.Kind)}
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
