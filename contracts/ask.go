package contracts

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// params checks what was given against what is declared, and fills defaults in.
func (c *Contract) checkParams(given map[string]any) (map[string]any, []access.Issue) {
	out := map[string]any{}
	var issues []access.Issue
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := c.params[name]; !known {
			msg := fmt.Sprintf("contract %s has no param %q", c.Name, access.Clip(name, 40))
			if near := strictyaml.Nearest(name, c.params); near != "" {
				msg += fmt.Sprintf("; did you mean %q?", near)
			}
			issues = append(issues, access.Issue{Code: "unknown_param", Field: "params." + access.Clip(name, 40), Message: msg})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		p := c.params[name]
		v, ok := given[name]
		switch {
		case !ok && p.Default != nil:
			out[name] = p.Default
		case !ok && p.Required:
			issues = append(issues, access.Issue{Code: "param_missing", Field: "params." + name, Message: fmt.Sprintf("param %q is needed%s", name, p.allowed())})
		case ok:
			value, issue := p.value(name, v)
			if issue != nil {
				issues = append(issues, *issue)
				continue
			}
			out[name] = value
		}
	}
	return out, issues
}

func (p param) allowed() string {
	if len(p.Enum) > 0 {
		return "; allowed are " + strings.Join(p.Enum, ", ")
	}
	return ""
}

func (p param) bounds() string {
	switch {
	case p.Min == nil:
		return fmt.Sprintf("at most %d", *p.Max)
	case p.Max == nil:
		return fmt.Sprintf("at least %d", *p.Min)
	}
	return fmt.Sprintf("between %d and %d", *p.Min, *p.Max)
}

// value checks one value and answers it in the param's own type. JSON numbers
// arrive as float64, YAML's as uint64, form fields as strings.
func (p param) value(name string, v any) (any, *access.Issue) {
	bad := func(code, format string, args ...any) *access.Issue {
		return &access.Issue{Code: code, Field: "params." + name, Message: fmt.Sprintf(format, args...)}
	}
	switch p.Kind {
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
	case utf8.RuneCountInString(s) > p.MaxLength || hidden(s):
		return nil, bad("param_not_allowed", "%q may have %d characters, all of which show", name, p.MaxLength)
	case p.Pattern != nil && !p.Pattern.matches(s):
		return nil, bad("param_not_allowed", "%q cannot be %q; it must match %s", name, access.Clip(s, 40), p.Pattern)
	}
	return s, nil
}

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

// checkDuration reads the length asked for, or takes the default.
func (c *Contract) checkDuration(asked string) (access.Duration, []access.Issue) {
	if asked == "" {
		return c.length.Default, nil
	}
	d, err := access.ParseDuration("duration", asked)
	if err != nil {
		return 0, access.IssuesOf(err)
	}
	if d > c.length.Max {
		return 0, []access.Issue{{Code: "duration_over_max", Field: "duration",
			Message: fmt.Sprintf("%s is over the most that contract %s gives (%s)", d, c.Name, c.length.Max)}}
	}
	return d, nil
}

// checkReason: a reason is read by people who decide, so it must be text that
// shows what it says (CASES 8).
func (c *Contract) checkReason(reason string, d access.Duration) []access.Issue {
	n := utf8.RuneCountInString(strings.TrimSpace(reason))
	long := c.length.JustifyOver > 0 && d > c.length.JustifyOver
	one := func(code, format string, args ...any) []access.Issue {
		return []access.Issue{{Code: code, Field: "reason", Message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case n == 0 && c.reason.Optional && !long:
		return nil
	case n == 0 && !c.reason.Optional:
		return one("reason_missing", "say why: the people who decide see this")
	case !utf8.ValidString(reason) || hidden(reason):
		return one("reason_characters", "the reason has control or direction-changing characters, which could make it read as something else")
	case long && n < c.length.JustifyMinLength:
		return one("reason_needs_justification", "for more than %s the reason needs at least %d characters: say why so long", c.length.JustifyOver, c.length.JustifyMinLength)
	case n < c.reason.MinLength:
		return one("reason_too_short", "the reason needs at least %d characters", c.reason.MinLength)
	case n > c.reason.MaxLength:
		return one("reason_too_long", "the reason may have %d characters, and has %d", c.reason.MaxLength, n)
	}
	return nil
}

// hidden reports whether text has characters that do not show, or that change
// how others show. Line breaks and tabs are text.
func hidden(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && r != '\t' && r != '\r' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)) || r == utf8.RuneError
	})
}

// startAhead bounds how far ahead access may be planned.
const startAhead = 30 * 24 * 60 * 60 // seconds

func (in Input) checkStart() []access.Issue {
	at := in.Request.StartAt
	switch {
	case at == nil:
		return nil
	case at.Before(in.Now):
		return []access.Issue{{Code: "start_in_past", Field: "startAt", Message: "the start is in the past"}}
	case at.Unix() > in.Now.Unix()+startAhead:
		return []access.Issue{{Code: "start_too_far", Field: "startAt", Message: "access can be planned 30 days ahead"}}
	}
	return nil
}
