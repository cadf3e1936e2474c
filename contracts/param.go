package contracts

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

const (
	defaultParamLength = 256
	maxText            = 4000 // characters of a reason or a param
)

// param is one thing that the requester chooses.
type param struct {
	Type        string   `yaml:"type" schema:"required enum=string|int|bool"`
	Enum        []string `yaml:"enum" schema:"name"`
	Pattern     string   `yaml:"pattern"`
	MaxLength   *number  `yaml:"maxLength" schema:"minimum=1 maximum=4000"`
	Min         *number  `yaml:"min"`
	Max         *number  `yaml:"max"`
	Required    bool     `yaml:"required"`
	Default     any      `yaml:"default"`
	Description string   `yaml:"description"`
	Choices     choices  `yaml:"choices"`

	pattern   *pattern
	maxLength int
}

// meaningless are, by type of param, the fields that bound nothing of it.
var meaningless = map[string][]string{
	"string": {"min", "max"},
	"int":    {"enum", "pattern", "maxLength", "choices"},
	"bool":   {"enum", "pattern", "maxLength", "min", "max", "choices"},
}

var paramName = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,39}$`)

func (p *param) check(d *document, name string) {
	at := func(field ...any) []any { return append([]any{"request", "params", name}, field...) }
	p.pattern = d.pattern(p.Pattern, at("pattern")...)
	p.maxLength = p.MaxLength.or(defaultParamLength)
	if !paramName.MatchString(name) {
		d.issue("param_name", "a param's name must be letters, digits and underscores, and begin with a small letter", at()...)
	}
	none, known := meaningless[p.Type]
	if !known {
		d.issue("param_type", fmt.Sprintf("type %q is none of string, int, bool", p.Type), at("type")...)
		return
	}
	for _, field := range none {
		if d.written(at(field)...) {
			d.issue("param_field", fmt.Sprintf("%s means nothing for type %s", field, p.Type), at(field)...)
		}
	}
	if p.maxLength < 1 || p.maxLength > maxText {
		d.issue("param_bounds", fmt.Sprintf("maxLength is 1 to %d", maxText), at("maxLength")...)
		p.maxLength = maxText // reported once
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		d.issue("param_bounds", fmt.Sprintf("min %d is over max %d, so that no value would fit", *p.Min, *p.Max), at("min")...)
	}
	p.checkString(d, name, at)
	if p.Default != nil {
		v, issue := p.value(name, p.Default)
		if issue != nil {
			d.issue("param_default", "the default does not fit: "+issue.Message, at("default")...)
		}
		p.Default = v
	}
}

func (p *param) checkString(d *document, name string, at func(...any) []any) {
	if p.Type != "string" {
		return
	}
	p.Choices.check(d, p, at)
	if len(p.Enum) == 0 && p.Pattern == "" && !d.written(at("choices")...) && !d.misspelt(at(), "enum", "pattern", "choices") {
		// A free string in an entitlement would let the requester name the resource.
		d.issue("param_open", "a string param needs an enum, a pattern or choices, so that requests name only what was meant", at()...)
	}
	for i, v := range p.Enum {
		if _, issue := p.value(name, v); issue != nil {
			d.issue("param_enum", "nobody could choose this: "+issue.Message, at("enum", i)...)
		}
	}
}

// fromText reads a value that was given as text, such as a field of a form or
// --param on a command line, by the param's type; what is no such text stays as
// it is, for value to refuse. There is one way to write a number or a boolean, so
// that nothing is read as something else than it shows.
func (p *param) fromText(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	switch p.Type {
	case "int":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			return n
		}
	case "bool":
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}

// value checks one value and returns it in the param's own type. JSON numbers
// arrive as float64, YAML's as uint64.
func (p *param) value(name string, v any) (any, *access.Issue) {
	bad := func(code, format string, args ...any) *access.Issue {
		return &access.Issue{Code: code, Field: "params." + name, Message: fmt.Sprintf(format, args...)}
	}
	switch p.Type {
	case "bool":
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, bad("param_type", "%q must be true or false", name)
	case "int":
		n, ok := whole(v)
		if !ok {
			return nil, bad("param_type", "%q must be a whole number", name)
		}
		if p.Min != nil && n < int64(*p.Min) || p.Max != nil && n > int64(*p.Max) {
			return nil, bad("param_not_allowed", "%q must be %s", name, p.bounds())
		}
		return n, nil
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, bad("param_type", "%q must be a string", name)
	case len(p.Enum) > 0 && !slices.Contains(p.Enum, s):
		return nil, bad("param_not_allowed", "%q cannot be %q%s", name, access.Clip(s, 40), p.allowed())
	case utf8.RuneCountInString(s) > p.maxLength || hidden(s):
		return nil, bad("param_not_allowed", "%q may have %d characters, all of which show", name, p.maxLength)
	case p.pattern != nil && !p.pattern.matches(s):
		return nil, bad("param_not_allowed", "%q cannot be %q; it must match %s", name, access.Clip(s, 40), p.pattern)
	}
	return s, nil
}

func (p *param) allowed() string {
	if len(p.Enum) > 0 {
		return "; allowed are " + strings.Join(p.Enum, ", ")
	}
	return ""
}

func (p *param) bounds() string {
	switch {
	case p.Min == nil:
		return fmt.Sprintf("at most %d", *p.Max)
	case p.Max == nil:
		return fmt.Sprintf("at least %d", *p.Min)
	}
	return fmt.Sprintf("between %d and %d", *p.Min, *p.Max)
}

// whole returns a number as an integer, and whether it is one that every JSON
// reader takes exactly: below 2^53 where it came as a float.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case int64:
		return v, true
	case uint64:
		return int64(v), v < 1<<53 // #nosec G115 -- what does not fit is refused by the second result
	case int:
		return int64(v), true
	}
	return 0, false
}
