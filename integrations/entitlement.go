package integrations

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// DecodeEntitlement fills the struct that into points to, and returns everything
// that is wrong with e, each issue with its place. Nothing is ignored: a key that
// no field has is an issue, with the name that was probably meant. The struct's
// fields are of type string, []string or, for what the package checks itself,
// map[string]any, and named by their tags:
//
//	type entitlement struct {
//		User    string   `entitlement:"user,required"`
//		Actions []string `entitlement:"actions"`
//	}
//
// Texts must not be empty: what is left out is left out. Issues have the codes
// entitlement_unknown, entitlement_type, entitlement_empty and, for a required
// key that is not there, its name with _missing behind it, such as user_missing.
func DecodeEntitlement(e access.Entitlement, into any) access.Issues {
	var issues access.Issues
	s := reflect.ValueOf(into).Elem()
	known := map[string]bool{}
	for i := range s.NumField() {
		name, required := fieldTag(s.Type().Field(i))
		known[name] = true
		value, given := e[name]
		switch {
		case given:
			decodeField(&issues, name, value, s.Field(i))
		case required:
			issues.Add(name+"_missing", name, "is needed")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if known[key] {
			continue
		}
		message := "unknown; known are " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
		if near := strictyaml.Nearest(key, maps.Keys(known)); near != "" {
			message = fmt.Sprintf("unknown; did you mean %s?", near)
		}
		issues.Add("entitlement_unknown", access.Clip(key, 40), "%s", message)
	}
	return issues
}

func fieldTag(f reflect.StructField) (name string, required bool) {
	name, options, _ := strings.Cut(f.Tag.Get("entitlement"), ",")
	return name, options == "required"
}

func decodeField(issues *access.Issues, name string, value any, into reflect.Value) {
	if into.Kind() == reflect.String {
		if text, ok := decodeText(issues, name, value); ok {
			into.SetString(text)
		}
		return
	}
	if into.Kind() == reflect.Map {
		named, ok := value.(map[string]any)
		if !ok {
			issues.Add("entitlement_type", name, "must be names with values")
			return
		}
		into.Set(reflect.ValueOf(named))
		return
	}
	// A list comes as []any out of JSON and YAML, as []string out of Go.
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		issues.Add("entitlement_type", name, "must be a list of texts")
		return
	}
	if list.Len() == 0 {
		issues.Add("entitlement_empty", name, "must not be empty; at least one is needed")
		return
	}
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i], _ = decodeText(issues, fmt.Sprintf("%s[%d]", name, i), list.Index(i).Interface())
	}
	into.Set(reflect.ValueOf(texts))
}

func decodeText(issues *access.Issues, place string, value any) (string, bool) {
	text, ok := value.(string)
	switch {
	case !ok:
		issues.Add("entitlement_type", place, "must be text")
	case text == "":
		issues.Add("entitlement_empty", place, "must not be empty; leave it out instead")
	}
	return text, ok
}
