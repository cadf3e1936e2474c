package program

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/internal/strictyaml"
)

// resolve returns what an entitlement means by the description alone: its words, and every
// field with what it has, so that no two entitlements read alike (docs/threats.md, case 8).
func (d Description) resolve(e access.Entitlement) (access.Scope, access.Issues) {
	var issues access.Issues
	facts, words := map[string]string{}, []string{}
	names := []string{}
	for _, f := range d.Fields {
		names = append(names, f.Name)
		value, given := e[f.Name]
		if !given {
			issues.Require(!f.Required, f.Name+"_missing", f.Name, "is needed")
			words = append(words, "{"+f.Name+"}", "none")
			continue
		}
		texts := f.texts(&issues, value)
		facts[f.shown()] = strings.Join(texts, ", ")
		words = append(words, "{"+f.Name+"}", facts[f.shown()])
	}
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if slices.Contains(names, key) {
			continue
		}
		message := "unknown; known are " + strings.Join(names, ", ")
		if near := strictyaml.Nearest(key, slices.Values(names)); near != "" {
			message = fmt.Sprintf("unknown; did you mean %s?", near)
		}
		issues.Add("entitlement_unknown", access.Clip(key, 40), "%s", message)
	}
	return access.Scope{Summary: access.Clip(strings.NewReplacer(words...).Replace(d.Summary), 1900), Ends: d.Ends, Facts: facts}, issues
}

// texts returns what a field has. A list comes as []any out of JSON and YAML.
func (f Field) texts(issues *access.Issues, value any) (out []string) {
	all := []any{value}
	if f.List {
		switch several := value.(type) {
		case []any:
			all = several
		case []string:
			all = nil
			for _, text := range several {
				all = append(all, text)
			}
		default:
			issues.Add("entitlement_type", f.Name, "must be a list of texts")
			return nil
		}
		issues.Require(len(all) > 0 && len(all) <= maxTexts, "entitlement_length", f.Name, "has 1 to %d texts", maxTexts)
	}
	for i, one := range all[:min(len(all), maxTexts)] {
		at := f.Name
		if f.List {
			at = fmt.Sprintf("%s[%d]", f.Name, i)
		}
		text, ok := one.(string)
		if !ok {
			issues.Add("entitlement_type", at, "must be text")
			continue
		}
		issues.Require(f.allows(text), "entitlement_not_allowed", at, "%q is not allowed; %s", access.Clip(plaintext.Strip(text), 60), f.bound())
		out = append(out, text)
	}
	return out
}

// allows reports whether a field may have a text. One with a comma in it could read as two
// in a list.
func (f Field) allows(text string) bool {
	if text == "" || utf8.RuneCountInString(text) > maxValue || !plaintext.IsLine(text) || f.List && strings.Contains(text, ", ") {
		return false
	}
	if len(f.Allowed) > 0 {
		return slices.Contains(f.Allowed, text)
	}
	pattern, err := f.pattern()
	return err == nil && pattern.MatchString(text)
}

func (f Field) bound() string {
	if len(f.Allowed) > 0 {
		return "allowed are " + access.Clip(strings.Join(f.Allowed, ", "), 300)
	}
	return "it must match " + f.Pattern
}
