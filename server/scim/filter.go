package scim

import (
	"maps"
	"slices"
	"strings"

	"github.com/scim2/filter-parser/v2"

	"ramp.dev/ramp/internal/strictjson"
)

// maxFilter bounds filters and paths: the parser is recursive.
const maxFilter = 1000

// equals reads a list's filter: one comparison for equality, of an attribute
// that is looked up quickly. Providers send no others.
func equals(text string, known map[string]*string) error {
	if text == "" {
		return nil
	}
	no := invalid("filter", "filters are of the form NAME eq \"VALUE\", where NAME is one of %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	if len(text) > maxFilter {
		return no
	}
	e, err := filter.ParseFilter([]byte(text))
	if err != nil {
		return no
	}
	return take(e, known, no)
}

func take(e filter.Expression, known map[string]*string, no error) error {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		if e.Operator != filter.AND {
			return no
		}
		if err := take(e.Left, known, no); err != nil {
			return err
		}
		return take(e.Right, known, no)
	case *filter.AttributeExpression:
		into := known[strings.ToLower(attribute(e.AttributePath))]
		value, ok := e.CompareValue.(string)
		if into == nil || *into != "" || e.Operator != filter.EQ || !ok || unescaped(value) == "" {
			return no
		}
		*into = unescaped(value)
		return nil
	}
	return no
}

// attribute is a path without the schema it may begin with.
func attribute(p filter.AttributePath) string {
	if sub := p.SubAttributeName(); sub != "" {
		return p.AttributeName + "." + sub
	}
	return p.AttributeName
}

// unescaped reads a string as JSON writes it; the parser leaves it as it was.
func unescaped(s string) string {
	var out string
	if strictjson.Unmarshal([]byte(`"`+s+`"`), &out) != nil {
		return s
	}
	return out
}

// matches evaluates a filter on one value of a multi-valued attribute.
func matches(e filter.Expression, o object) (bool, error) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, err := matches(e.Left, o)
		if err != nil {
			return false, err
		}
		right, err := matches(e.Right, o)
		if e.Operator == filter.OR {
			return left || right, err
		}
		return left && right, err
	case *filter.NotExpression:
		ok, err := matches(e.Expression, o)
		return !ok, err
	case *filter.AttributeExpression:
		return compare(e, o[strings.ToLower(e.AttributePath.AttributeName)])
	}
	return false, invalid("filter", "this filter is not supported")
}

func compare(e *filter.AttributeExpression, have any) (bool, error) {
	if e.Operator == filter.PR {
		return have != nil && have != "", nil
	}
	want := e.CompareValue
	if flag, isFlag := want.(bool); isFlag {
		v, ok := truth(have)
		have, want = v && ok, flag
	}
	a, isText := have.(string)
	b, wantText := want.(string)
	if isText && wantText {
		a, b = strings.ToLower(a), strings.ToLower(unescaped(b))
		have, want = a, b
	}
	switch e.Operator {
	case filter.EQ:
		return have == want, nil
	case filter.NE:
		return have != want, nil
	case filter.CO:
		return isText && wantText && strings.Contains(a, b), nil
	case filter.SW:
		return isText && wantText && strings.HasPrefix(a, b), nil
	case filter.EW:
		return isText && wantText && strings.HasSuffix(a, b), nil
	}
	return false, invalid("filter", "the comparison %q is not supported", e.Operator)
}
