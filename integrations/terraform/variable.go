package terraform

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// Variable is what contracts may set one variable of a module to. A module may put a
// text into a command or a policy, so a text is one of a list, or of a form.
type Variable struct {
	Type     string   `yaml:"type"`              // string, number, bool or list (of texts)
	Allowed  []string `yaml:"allowed,omitempty"` // of string and list: these texts
	Pattern  string   `yaml:"pattern,omitempty"` // of string and list: RE2, which the whole text matches
	Min      *float64 `yaml:"min,omitempty"`     // of number
	Max      *float64 `yaml:"max,omitempty"`
	Optional bool     `yaml:"optional,omitempty"` // the module's own default counts where a contract sets nothing
}

const (
	maxText = 200 // bytes of a text in a variable
	maxList = 50
)

func (v Variable) validate(at string) (issues access.Issues) {
	texts := v.Type == "string" || v.Type == "list"
	issues.Require(slices.Contains([]string{"string", "number", "bool", "list"}, v.Type), "variable_type", at+".type", "it is string, number, bool or list")
	issues.Require(!texts || (len(v.Allowed) > 0) != (v.Pattern != ""), "variable_open", at, "a text needs allowed, a list of what it may be, or a pattern: one of the two")
	issues.Require(texts || len(v.Allowed) == 0 && v.Pattern == "", "variable_bounds", at, "allowed and pattern are for texts")
	issues.Require(v.Type == "number" || v.Min == nil && v.Max == nil, "variable_bounds", at, "min and max are for numbers")
	issues.Require(v.Type != "number" || v.Min != nil && v.Max != nil && *v.Min <= *v.Max, "variable_bounds", at, "a number needs min and max, min the smaller")
	_, err := v.pattern()
	issues.Require(err == nil, "variable_pattern", at+".pattern", "it is no regular expression of RE2")
	for _, text := range v.Allowed {
		issues.Require(text != "" && len(text) <= maxText && plaintext.IsLine(text), "variable_allowed", at+".allowed", "a text is one line of 1 to %d bytes", maxText)
	}
	return issues
}

func (v Variable) pattern() (*regexp.Regexp, error) { return regexp.Compile(`^(?:` + v.Pattern + `)$`) }

// value returns a variable's value as JSON takes it. Contracts fill in texts, so a number
// or a truth value may come as one. wrong is empty or what is wrong with it.
func (v Variable) value(given any) (value any, wrong string) {
	text, isText := given.(string)
	switch v.Type {
	case "bool":
		if b, ok := given.(bool); ok {
			return b, ""
		}
		if text == "true" || text == "false" {
			return text == "true", ""
		}
		return nil, "must be true or false"
	case "number":
		n, ok := number(given)
		if isText {
			parsed, err := strconv.ParseFloat(text, 64)
			n, ok = parsed, err == nil
		}
		if !ok || math.IsNaN(n) || n < *v.Min || n > *v.Max {
			return nil, fmt.Sprintf("must be a number from %v to %v", *v.Min, *v.Max)
		}
		return n, ""
	case "list":
		return v.list(given)
	}
	if !isText {
		return nil, "must be text"
	}
	return text, v.wrong(text)
}

func (v Variable) list(given any) (any, string) {
	var items []any
	switch list := given.(type) {
	case []any:
		items = list
	case []string:
		for _, s := range list {
			items = append(items, s)
		}
	default:
		return nil, "must be a list of texts"
	}
	if len(items) == 0 || len(items) > maxList {
		return nil, fmt.Sprintf("must have 1 to %d texts", maxList)
	}
	texts := make([]string, len(items))
	for i, one := range items {
		text, ok := one.(string)
		if !ok {
			return nil, "must be a list of texts"
		}
		if wrong := v.wrong(text); wrong != "" {
			return nil, wrong
		}
		texts[i] = text
	}
	return texts, ""
}

// wrong returns what is wrong with a text; nothing if the variable may be it.
func (v Variable) wrong(text string) string {
	if len(v.Allowed) > 0 {
		if slices.Contains(v.Allowed, text) {
			return ""
		}
		return "must be one of " + strings.Join(v.Allowed, ", ")
	}
	pattern, err := v.pattern()
	if err != nil || text == "" || len(text) > maxText || !plaintext.IsLine(text) || !pattern.MatchString(text) {
		return "must be one line of 1 to " + strconv.Itoa(maxText) + " bytes that matches " + v.Pattern
	}
	return ""
}

func number(given any) (float64, bool) {
	switch n := given.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}
