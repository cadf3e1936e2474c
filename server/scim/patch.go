package scim

import (
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/scim2/filter-parser/v2"
)

// maxOperations bounds one patch; Entra ID sends up to a hundred members each.
const maxOperations = 1000

// operation is one change of a patch.
type operation struct {
	op    string // add, replace or remove
	path  *filter.Path
	value any
}

func readPatch(c echo.Context) ([]operation, error) {
	o, err := read(c)
	if err != nil {
		return nil, err
	}
	return patch(o)
}

// patch reads a PatchOp message.
func patch(o object) ([]operation, error) {
	list, ok := o["operations"].([]any)
	if !ok || len(list) == 0 || len(list) > maxOperations {
		return nil, invalid("syntax", "a patch needs Operations, 1 to %d", maxOperations)
	}
	var out []operation
	for _, v := range list {
		m := element(v)
		op := operation{op: strings.ToLower(m.text("op")), value: m["value"]}
		if !slices.Contains([]string{"add", "replace", "remove"}, op.op) {
			return nil, invalid("syntax", "op may be add, replace or remove")
		}
		if text := m.text("path"); text != "" {
			p, err := path(text)
			if err != nil {
				return nil, err
			}
			op.path = p
		}
		switch {
		case op.path == nil && (op.op == "remove" || element(op.value) == nil):
			return nil, invalid("target", "an operation without a path adds or replaces an object of attributes")
		case op.op != "remove" && op.value == nil:
			return nil, invalid("value", "there is nothing to %s", op.op)
		}
		out = append(out, op)
	}
	return out, nil
}

func path(text string) (*filter.Path, error) {
	bad := invalid("path", "the path cannot be read")
	if len(text) > maxFilter {
		return nil, bad
	}
	// The one path that is a schema alone.
	if strings.EqualFold(text, enterpriseUser) {
		return &filter.Path{AttributePath: filter.AttributePath{AttributeName: strings.ToLower(enterpriseUser)}}, nil
	}
	p, err := filter.ParsePath([]byte(text))
	if err != nil {
		return nil, bad
	}
	return &p, nil
}

// apply changes an object in place.
func (op operation) apply(o object) error {
	if op.path == nil {
		for k, v := range element(op.value) {
			// Entra ID writes paths as names here: "name.givenName".
			p, err := path(k)
			if err != nil {
				return err
			}
			if err := (operation{op: op.op, path: p, value: v}).apply(o); err != nil {
				return err
			}
		}
		return nil
	}
	name := strings.ToLower(op.path.AttributePath.AttributeName)
	sub := strings.ToLower(op.path.AttributePath.SubAttributeName() + op.path.SubAttributeName())
	if uri := strings.ToLower(op.path.AttributePath.URI()); uri == strings.ToLower(enterpriseUser) {
		inner := element(o[uri])
		if inner == nil {
			inner = object{}
			o[uri] = map[string]any(inner)
		}
		o = inner
	}
	switch {
	case op.path.ValueExpression != nil:
		return op.applyWhere(o, name, sub)
	case sub != "":
		inner := element(o[name])
		if inner == nil {
			inner = object{}
			o[name] = map[string]any(inner)
		}
		op.set(inner, sub)
	default:
		op.set(o, name)
	}
	return nil
}

// set changes one attribute: what is added to many joins them.
func (op operation) set(o object, name string) {
	switch {
	case op.op == "remove" && op.value != nil: // Entra ID names what to remove as the value
		o[name] = slices.DeleteFunc(slices.Clone(elements(o[name])), func(have any) bool {
			return slices.ContainsFunc(elements(op.value), func(v any) bool { return same(have, v) })
		})
	case op.op == "remove":
		delete(o, name)
	case op.op == "add" && isList(o[name], op.value):
		all := slices.Clone(elements(o[name]))
		for _, v := range elements(op.value) {
			if !slices.ContainsFunc(all, func(have any) bool { return same(have, v) }) {
				all = append(all, v)
			}
		}
		o[name] = all
	case element(op.value) != nil && element(o[name]) != nil: // the parts of a name, say
		for k, v := range element(op.value) {
			element(o[name])[k] = v
		}
	default:
		o[name] = op.value
	}
}

func isList(have, added any) bool {
	_, a := have.([]any)
	_, b := added.([]any)
	return a || b
}

// same reports whether two elements have one value.
func same(a, b any) bool {
	if x, y := element(a), element(b); x != nil && y != nil && x["value"] != nil {
		return x["value"] == y["value"]
	}
	return reflect.DeepEqual(a, b)
}

// applyWhere changes the elements that a filter chooses.
func (op operation) applyWhere(o object, name, sub string) error {
	list := slices.Clone(elements(o[name]))
	found := false
	var kept []any
	for _, v := range list {
		e := element(v)
		ok, err := matches(op.path.ValueExpression, e)
		if err != nil {
			return err
		}
		if !ok || e == nil {
			kept = append(kept, v)
			continue
		}
		found = true
		switch {
		case op.op == "remove" && sub == "":
			continue
		case sub == "":
			for k, v := range element(op.value) {
				e[k] = v
			}
		default:
			op.set(e, sub)
		}
		kept = append(kept, v)
	}
	if !found && op.op != "remove" {
		// Providers change an address that they have not added: it is added.
		e, err := op.made(sub)
		if err != nil {
			return err
		}
		kept = append(kept, e)
	}
	if kept == nil {
		kept = []any{}
	}
	o[name] = kept
	return nil
}

// made is the element that a filter such as type eq "work" describes.
func (op operation) made(sub string) (map[string]any, error) {
	by, ok := op.path.ValueExpression.(*filter.AttributeExpression)
	if !ok || by.Operator != filter.EQ || by.CompareValue == nil {
		return nil, invalid("target", "nothing matches %s", op.path.String())
	}
	e := object{strings.ToLower(by.AttributePath.AttributeName): by.CompareValue}
	if text, isText := by.CompareValue.(string); isText {
		e[strings.ToLower(by.AttributePath.AttributeName)] = unescaped(text)
	}
	if sub == "" {
		for k, v := range element(op.value) {
			e[k] = v
		}
		return e, nil
	}
	op.set(e, sub)
	return e, nil
}
