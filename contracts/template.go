package contracts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// reference is what stands for a value in a template: {{ params.NAME }}.
var reference = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// maxReferences bounds what an entitlement can become: each reference stands for up to
// maxText characters, and the plan with all of it is signed, kept and shown.
const maxReferences = 100

// checkTemplates returns what is wrong with the references in an entitlement.
func checkTemplates(v any, params map[string]param) []string {
	var problems []string
	if n := references(v); n > maxReferences {
		return []string{fmt.Sprintf("an entitlement may have %d references like {{ params.NAME }}, and this has %d", maxReferences, n)}
	}
	walk(v, func(s string) string {
		for _, m := range reference.FindAllStringSubmatch(s, -1) {
			name, isParam := strings.CutPrefix(m[1], "params.")
			p, known := params[name]
			switch {
			case m[1] == "person.id":
			case !isParam || !known:
				problems = append(problems, fmt.Sprintf("%q refers to nothing; known are person.id and params.NAME of a declared param", m[1]))
			case !p.Required && p.Default == nil:
				problems = append(problems, fmt.Sprintf("param %q may be absent; make it required or give it a default", name))
			}
		}
		if braces(reference.ReplaceAllString(s, "")) {
			problems = append(problems, fmt.Sprintf("%q has a brace without its partner", s))
		}
		return s
	})
	for _, k := range keys(v) {
		if braces(k) {
			problems = append(problems, fmt.Sprintf("nothing is filled in in the key %q; write it out", k))
		}
	}
	return problems
}

// references counts the references in an entitlement.
func references(v any) (n int) {
	walk(v, func(s string) string {
		n += len(reference.FindAllStringIndex(s, -1))
		return s
	})
	return n
}

// braces reports whether s has any brace of a template.
func braces(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "}}") }

// keys returns the keys of every mapping in a value.
func keys(v any) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, keys(e)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(append(out, k), keys(v[k])...)
		}
	}
	return out
}

// fill replaces every reference by its value, which is not read as a template
// again.
func fill(v any, values map[string]string) any {
	return walk(v, func(s string) string {
		return reference.ReplaceAllStringFunc(s, func(ref string) string {
			return values[reference.FindStringSubmatch(ref)[1]]
		})
	})
}

// walk returns a copy of a value in which every string is changed.
func walk(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = walk(v[i], change)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[k] = walk(v[k], change)
		}
		return out
	}
	return v
}
