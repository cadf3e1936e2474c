package contracts

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// copyOf returns a copy of a schema that shares nothing with it.
func copyOf(t *testing.T, s object) (out object) {
	b, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// baseSchema returns the schema of a base: of a contract's fields those that a base may
// set, none of which is needed.
func baseSchema(t *testing.T, contract object) object {
	s := copyOf(t, contract)
	var keep func(s object, path string)
	keep = func(s object, path string) {
		properties := s["properties"].(object)
		delete(s, "required")
		for name, p := range properties {
			at := strings.TrimPrefix(path+"."+name, ".")
			switch {
			case slices.ContainsFunc(baseRules(), func(r baseRule) bool { return r.path == at }):
			case slices.ContainsFunc(baseRules(), func(r baseRule) bool { return strings.HasPrefix(r.path, at+".") }):
				keep(p.(object), at)
			default:
				delete(properties, name)
			}
		}
	}
	header := copyOf(t, object{"properties": s["properties"]})["properties"].(object)
	keep(s, "")
	for _, name := range []string{"apiVersion", "kind", "metadata", "description"} {
		s["properties"].(object)[name] = header[name]
	}
	at(s, "kind")["enum"] = []string{kindBase}
	s["required"] = []string{"apiVersion", "kind", "metadata"}
	for _, rule := range []string{"anyOf", "if", "then"} {
		delete(at(s, "approval"), rule)
	}
	at(s, "limits", "quota")["required"] = []string{"within"}
	return s
}

// baseMayGive returns the schema of a contract in which what a base may give is needed
// only of a contract that names none.
func baseMayGive(t *testing.T, contract object) object {
	s := copyOf(t, contract)
	alone := object{}
	move := func(keyword string, path ...string) {
		from, to := s, alone
		for _, step := range path {
			from = at(from, step)
			if to["properties"] == nil {
				to["properties"] = object{}
			}
			if to["properties"].(object)[step] == nil {
				to["properties"].(object)[step] = object{}
			}
			to = at(to, step)
		}
		to[keyword] = from[keyword]
		delete(from, keyword)
	}
	move("required", "request")
	move("required", "duration")
	move("anyOf", "approval")
	move("dependentRequired", "request", "ticket")
	move("anyOf", "limits")
	move("required", "limits", "quota")
	move("anyOf", "limits", "quota")
	given := []string{"request", "duration", "approval"}
	s["required"] = slices.DeleteFunc(s["required"].([]any), func(name any) bool { return slices.Contains(given, name.(string)) })
	alone["required"] = given
	s["if"] = object{"required": []string{"base"}, "properties": object{"base": object{"minLength": 1}}}
	s["then"] = object{}
	s["else"] = alone
	return s
}
