package access

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// ApproverCheck is a condition on an approver as the signed plan has it. The
// contract's condition may compare with the requester and the request: those parts
// were filled in when the request was made, so that a worker and an offline
// verifier need no contract to evaluate the rest. One of Any, All, Not, Field,
// Group and Known is set; nothing at all can be evaluated for nobody.
type ApproverCheck struct {
	All   []ApproverCheck `json:"all,omitempty"`
	Any   []ApproverCheck `json:"any,omitempty"`
	Not   *ApproverCheck  `json:"not,omitempty"`
	Field string          `json:"field,omitempty"` // id, name, email, kind, onBehalfOf or attributes.NAME
	In    []string        `json:"in,omitempty"`    // the field is one of these; none: the field is there
	Group string          `json:"group,omitempty"` // the approver is in this group
	Known string          `json:"known,omitempty"` // true or false, no matter who approves
}

// checkValue is the value of a check: three-valued, since what an approver lacks
// must make neither a comparison nor its opposite true.
type checkValue int

const (
	checkUnknown checkValue = iota
	checkFalse
	checkTrue
)

func checkOf(b bool) checkValue {
	if b {
		return checkTrue
	}
	return checkFalse
}

// Never reports whether nobody can pass the check.
func (c ApproverCheck) Never() bool {
	switch {
	case len(c.All) > 0:
		return slices.ContainsFunc(c.All, ApproverCheck.Never)
	case len(c.Any) > 0:
		return !slices.ContainsFunc(c.Any, func(c ApproverCheck) bool { return !c.Never() })
	case c.Not != nil:
		return c.Not.Known == "true" || c.Not.empty()
	}
	return c.Known == "false" || c.empty()
}

func (c ApproverCheck) empty() bool {
	return len(c.All) == 0 && len(c.Any) == 0 && c.Not == nil && c.Field == "" && c.Group == "" && c.Known == ""
}

// value evaluates the check for an approver, as CEL evaluates what it was made
// from: "and" is false if a part is false, "or" true if a part is true, whatever
// cannot be evaluated beside it.
func (c ApproverCheck) value(p Person) checkValue {
	switch {
	case len(c.All) > 0:
		return combine(c.All, p, checkFalse, checkTrue)
	case len(c.Any) > 0:
		return combine(c.Any, p, checkTrue, checkFalse)
	case c.Not != nil:
		return map[checkValue]checkValue{checkTrue: checkFalse, checkFalse: checkTrue}[c.Not.value(p)]
	case c.Field != "":
		text, there := p.field(c.Field)
		switch {
		case len(c.In) == 0:
			return checkOf(there)
		case !there:
			return checkUnknown
		}
		return checkOf(slices.Contains(c.In, text))
	case c.Group != "":
		if slices.Contains(p.unsure, c.Group) { // losing a group must not admit where it keeps out
			return checkUnknown
		}
		return checkOf(slices.Contains(p.Groups, c.Group))
	case c.Known == "true" || c.Known == "false":
		return checkOf(c.Known == "true")
	}
	return checkUnknown
}

// combine returns decisive if one of the parts is that, otherwise if all are.
func combine(parts []ApproverCheck, p Person, decisive, otherwise checkValue) checkValue {
	out := otherwise
	for _, c := range parts {
		switch c.value(p) {
		case decisive:
			return decisive
		case checkUnknown:
			out = checkUnknown
		}
	}
	return out
}

// field returns a field of a person by its name in conditions. What is blank is
// not there: nobody is the same as somebody else by both lacking something.
func (p Person) field(name string) (string, bool) {
	text := ""
	switch name {
	case "id":
		text = p.ID
	case "name":
		text = p.Name
	case "email":
		if p.EmailVerified { // an address that anybody may claim gives no right
			text = p.Email
		}
	case "kind":
		text = string(p.Kind)
	case "onBehalfOf":
		text = p.OnBehalfOf
	default:
		text = p.Attributes[strings.TrimPrefix(name, "attributes.")]
	}
	return text, !IsBlank(text)
}

// IsBlank reports whether nothing of a text shows: it is empty, or of spaces and characters
// that do not show.
func IsBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}

// String returns the check in words.
func (c ApproverCheck) String() string {
	switch {
	case len(c.All) > 0:
		return joined(c.All, " and ")
	case len(c.Any) > 0:
		return joined(c.Any, " or ")
	case c.Not != nil && c.Not.Field != "" && len(c.Not.In) > 0:
		return fmt.Sprintf("%s is not %s", c.Not.label(), strings.Join(c.Not.In, " or "))
	case c.Not != nil:
		return "not (" + c.Not.String() + ")"
	case c.Field != "" && len(c.In) == 0:
		return "with " + c.label()
	case c.Field != "":
		return fmt.Sprintf("%s is %s", c.label(), strings.Join(c.In, " or "))
	case c.Group != "":
		return "in " + c.Group
	case c.Known == "true":
		return "anybody"
	}
	return "nobody"
}

func (c ApproverCheck) label() string { return strings.TrimPrefix(c.Field, "attributes.") }

func joined(parts []ApproverCheck, with string) string {
	var out []string
	for _, c := range parts {
		text := c.String()
		if len(c.All) > 0 || len(c.Any) > 0 {
			text = "(" + text + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, with)
}
