package contracts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/internal/strictyaml"
)

// FieldChanges returns, one line for each, the fields that are written otherwise in s than
// in old, such as "orders: duration.max: 1h → 45m". People who judge a change read first
// what was edited, and then, from Diff, what that decides. Contracts that are new or gone
// are left out; of a base, each contract that names it has a line.
func (s *Set) FieldChanges(old *Set) (out []string) {
	for _, c := range s.Contracts {
		before, was := old.Find(c.Name)
		if !was || before.Version == c.Version {
			continue
		}
		after, earlier := flatten(c.Text), flatten(before.Text)
		paths := slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(earlier))))))
		for _, path := range paths {
			a, had := earlier[path]
			b, has := after[path]
			switch {
			case !had:
				out = append(out, fmt.Sprintf("%s: %s: added: %s", c.Name, path, b))
			case !has:
				out = append(out, fmt.Sprintf("%s: %s: removed; it was %s", c.Name, path, a))
			case a != b:
				out = append(out, fmt.Sprintf("%s: %s: %s → %s", c.Name, path, a, b))
			}
		}
	}
	return out
}

// flatten returns the values of a contract's text by their paths; those of its base,
// which stands after it, begin with "base ".
func flatten(text string) map[string]string {
	out := map[string]string{}
	bodies, _ := strictyaml.Parse([]byte(text)) // a contract's own text was parsed before
	for i, body := range bodies {
		prefix := ""
		if i > 0 {
			prefix = "base "
		}
		flattenNode(out, body, prefix, "")
	}
	return out
}

func flattenNode(out map[string]string, n ast.Node, prefix, path string) {
	if list, ok := n.(*ast.SequenceNode); ok {
		flattenList(out, list, prefix, path)
		return
	}
	values := fields(n)
	if len(values) == 0 {
		out[prefix+path] = valueInWords(n)
		return
	}
	for _, f := range values {
		flattenNode(out, f.Value, prefix, strings.TrimPrefix(path+"."+f.Key.GetToken().Value, "."))
	}
}

// flattenList names the entries of a list by what people call them, so that one that is
// inserted does not change all that follow.
func flattenList(out map[string]string, list *ast.SequenceNode, prefix, path string) {
	var plain []string
	for i, v := range list.Values {
		values := fields(v)
		if len(values) == 0 {
			plain = append(plain, valueInWords(v))
			continue
		}
		name := fmt.Sprint(i + 1)
		for _, f := range values {
			if key := f.Key.GetToken().Value; key == "name" || key == "target" {
				name = valueInWords(f.Value)
			}
		}
		at := fmt.Sprintf("%s[%s]", path, name)
		for again := 2; hasBelow(out, prefix+at); again++ {
			at = fmt.Sprintf("%s[%s, %d]", path, name, again)
		}
		flattenNode(out, v, prefix, at)
	}
	if len(plain) > 0 || len(list.Values) == 0 {
		out[prefix+path] = "[" + strings.Join(plain, ", ") + "]"
	}
}

func hasBelow(out map[string]string, path string) bool {
	for known := range out {
		if strings.HasPrefix(known, path+".") {
			return true
		}
	}
	return false
}

// valueInWords returns a scalar in one line.
func valueInWords(n ast.Node) string {
	if text := strings.Join(strings.Fields(scalarText(n)), " "); text != "" {
		return text
	}
	return strings.TrimSpace(n.String()) // an empty text, null, an empty mapping
}
