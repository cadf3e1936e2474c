package contracts_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// beyondSchema are the codes of what only Parse can tell: it compares two fields,
// reads a text as a condition, pattern, duration or template, or looks at the
// file. Whatever else Parse refuses, the schema refuses.
var beyondSchema = []string{"condition", "ticket_system_missing", "end_if", "end_unknown", "pattern", "template", "param_enum", "param_bounds", "reason_bounds", "justify_over_max", "justify_bounds",
	"duration_default_over_max", "duration_fractional", "duration_not_positive", "duration_too_long", "duration_malformed", "auto_never",
	"stages_conditional", "stage_too_few", "stages_choices", "stage_denials_over", "comment_nobody", "break_glass_max", "break_glass_review", "escalate_nobody", "escalate_too_late", "limits_quota_total", "limits_too_far", "confirm", "stage_name", "extend_up_to", "step_up", "step_up_auto", "duplicate_name", "param_default", "misleading", "during_zone", "during_except", "engagement_zone", "extend_approval", "extend_same", "auto_up_to", "base_unknown", "base_laxer_than_usual", "choices_age", "choices_early", "choices_read", "choices_target"}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(contracts.Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("contract.schema.json", parsed))
	s, err := c.Compile("contract.schema.json")
	require.NoError(t, err)
	return s
}

// agree fails unless schema and parser agree on a contract.
func agree(t require.TestingT, s *jsonschema.Schema, contract any) {
	b, err := json.Marshal(contract)
	require.NoError(t, err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	refused := s.Validate(instance)
	_, err = contracts.Parse(map[string][]byte{"c.yaml": b}) // JSON is YAML
	if err == nil {
		require.NoError(t, refused, "the parser accepts it, the schema does not: %s", b)
		return
	}
	for _, i := range access.IssuesOf(err) {
		if !slices.Contains(beyondSchema, i.Code) {
			require.Error(t, refused, "the schema accepts it, the parser does not (%s): %s", i, b)
		}
	}
}

// documents returns every contract of the examples and of the documentation, as
// what JSON can hold.
func documents(t *testing.T) []any {
	var out []any
	page, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	texts := [][]byte{regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)[1], []byte(valid)}
	for _, name := range exampleFiles(t) {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		texts = append(texts, b)
	}
	for _, text := range texts {
		file, err := parser.ParseBytes(text, 0)
		require.NoError(t, err)
		for _, d := range file.Docs {
			var v any
			require.NoError(t, yaml.NodeToValue(d.Body, &v))
			b, err := json.Marshal(v)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(b, &v))
			out = append(out, v)
		}
	}
	return out
}

// TestSchemaAgreesWithParser mutates contracts and requires that parser and schema
// accept and refuse the same.
func TestSchemaAgreesWithParser(t *testing.T) {
	s := compiledSchema(t)
	all := documents(t)
	for _, d := range all {
		b, _ := json.Marshal(d)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		require.NoError(t, err)
		require.NoError(t, s.Validate(instance))
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			d := mutated(t, rapid.SampledFrom(all).Draw(t, "contract"))
			agree(t, s, d)
		}
	})
}

var odd = rapid.SampledFrom([]any{"", "x", "5", "1h", "90", "soon", "-1h", "+1h30m", "1.5h", "true", "false", "[", " ", "{{ params.x }}", "08:00", "24:00", "mon", "UTC", "2026-12-25", "Base", "Contract", "internal",
	0.0, 1.0, -1.0, 1.5, 20.0, 21.0, 256.0, 4000.0, 4001.0, 1e17, true, false, nil, []any{}, []any{"x"}, []any{1.0}, []any{nil},
	map[string]any{}, map[string]any{"x": "y"}, map[string]any{"name": "x", "type": "int"}})

var names = rapid.SampledFrom([]string{"x", "choices", "list", "maxAge", "ifUnknown", "base", "kind", "who", "when", "pattern", "enum", "min", "max", "maxLength", "default", "required", "name", "auto", "autoUpTo", "stages",
	"passkey", "denyThreshold", "reviewers", "reviewWithin", "limits", "open", "openInAll", "cooldown", "quota", "within", "total", "after", "to", "denials", "level", "people", "managerOf", "where", "anyOf", "confirm", "commentMinLength", "denyCommentMinLength", "approvals", "count", "times", "upTo", "extend", "stepUp", "breakGlass", "notify", "escalate", "optional", "owner",
	"labels", "description", "during", "zone", "zoneOf", "engagement", "until", "approval", "approvers", "windows", "days", "from", "to", "except", "ticket", "reason", "justifyOver", "justifyMinLength", "pendingFor", "X_1", "type"})

// mutated returns a copy of v in which one thing, anywhere, is another.
func mutated(t *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 {
			return odd.Draw(t, "value")
		}
		key := rapid.SampledFrom(keys).Draw(t, "key")
		switch rapid.IntRange(0, 7).Draw(t, "how") {
		case 0:
			delete(out, key)
		case 1:
			out[names.Draw(t, "name")] = odd.Draw(t, "value")
		case 2:
			out[key] = odd.Draw(t, "value")
		default:
			out[key] = mutated(t, v[key])
		}
		return out
	case []any:
		if len(v) == 0 {
			return odd.Draw(t, "value")
		}
		out := slices.Clone(v)
		i := rapid.IntRange(0, len(v)-1).Draw(t, "index")
		switch rapid.IntRange(0, 4).Draw(t, "how") {
		case 0:
			return slices.Delete(out, i, i+1)
		case 1:
			return append(out, odd.Draw(t, "value"))
		default:
			out[i] = mutated(t, v[i])
		}
		return out
	}
	return odd.Draw(t, "value")
}
