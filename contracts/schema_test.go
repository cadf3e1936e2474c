package contracts

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// object is a JSON Schema, or a part of one.
type object = map[string]any

// TestSchemaIsCurrent: contract.schema.json is what follows from the features'
// structs and docs/contracts.md. UPDATE=1 writes it.
func TestSchemaIsCurrent(t *testing.T) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(schemaOfLanguage(t)))
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile("contract.schema.json", b.Bytes(), 0o644)) // #nosec G306 -- it is public
	}
	require.Equal(t, b.String(), string(Schema()), "run UPDATE=1 go test ./contracts -run Schema")
}

func schemaOfLanguage(t *testing.T) object {
	contract := contractSchema(t)
	isBase := object{"required": []string{"kind"}, "properties": object{"kind": object{"const": kindBase}}}
	return object{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://ramp.dev/schema/contract-v1.json", "title": "Ramp contract",
		"description": "Who may have what, for how long, with whose consent: docs/contracts.md",
		"if":          isBase, "then": baseSchema(t, contract), "else": baseMayGive(t, contract)}
}

func contractSchema(t *testing.T) object {
	s := schemaOf(language(), "", descriptions(t))
	approval := at(s, "approval")
	approval["anyOf"] = []any{
		object{"required": []string{"stages"}, "properties": object{"stages": object{"minItems": 1}}},
		object{"required": []string{"auto"}, "properties": object{"auto": object{"minLength": 1}}},
	}
	approval["if"] = object{"required": []string{"passkey"}, "properties": object{"passkey": object{"const": true}}}
	approval["then"] = object{"properties": object{"auto": object{"maxLength": 0}}}
	params := at(s, "request", "params")
	params["propertyNames"] = object{"pattern": paramName.String()}
	var types []any
	for _, kind := range []string{"string", "int", "bool"} {
		then := object{"properties": object{"default": object{"type": map[string]string{"string": "string", "int": "integer", "bool": "boolean"}[kind]}}}
		for _, field := range meaningless[kind] {
			then["properties"].(object)[field] = false
		}
		if kind == "string" {
			then["anyOf"] = []any{
				object{"required": []string{"enum"}, "properties": object{"enum": object{"minItems": 1}}},
				object{"required": []string{"pattern"}, "properties": object{"pattern": object{"minLength": 1}}},
				object{"required": []string{"choices"}},
			}
			then["if"] = object{"required": []string{"choices"}, "properties": object{"choices": object{"required": []string{"ifUnknown"}, "properties": object{"ifUnknown": object{"const": ifUnknownPattern}}}}}
			then["then"] = object{"anyOf": then["anyOf"].([]any)[:2]}
		}
		types = append(types, object{"if": object{"properties": object{"type": object{"const": kind}}}, "then": then})
	}
	params["additionalProperties"].(object)["allOf"] = types
	needSystem := object{}
	for _, field := range []string{"open", "assignedToRequester", "project", "type", "severity"} {
		needSystem[field] = []string{"system"}
	}
	at(s, "request", "ticket")["dependentRequired"] = needSystem
	reviewers := at(s, "breakGlass", "reviewers")
	reviewers["items"].(object)["pattern"] = `^\S(.*\S)?$`
	escalation := at(s, "approval", "escalate")["items"].(object)
	for _, names := range []string{"to", "oncall"} {
		at(escalation, names)["items"].(object)["pattern"] = `^\S(.*\S)?$`
	}
	some := func(field string) object {
		return object{"required": []string{field}, "properties": object{field: object{"minItems": 1}}}
	}
	escalation["anyOf"] = []any{some("to"), some("oncall")}
	heard := at(s, "notify")["items"].(object)
	at(heard, "of")["items"].(object)["enum"] = noticeable()
	at(heard, "whom")["items"].(object)["enum"] = noticeAudiences
	at(heard, "groups")["items"].(object)["pattern"] = `^\S(.*\S)?$`
	at(heard, "channels")["items"].(object)["pattern"] = channelName.String()
	heard["anyOf"] = []any{some("whom"), some("groups"), some("channels")}
	quota := at(s, "limits", "quota")
	quota["required"] = []string{"within"}
	at(quota, "within")["minLength"] = 1
	quota["anyOf"] = []any{object{"required": []string{"times"}}, object{"required": []string{"total"}, "properties": object{"total": object{"minLength": 1}}}}
	at(s, "limits")["anyOf"] = []any{object{"required": []string{"open"}}, object{"required": []string{"openInAll"}},
		object{"required": []string{"cooldown"}, "properties": object{"cooldown": object{"minLength": 1}}}, object{"required": []string{"quota"}}}
	at(s, "engagement")["anyOf"] = []any{object{"required": []string{"from"}, "properties": object{"from": object{"minLength": 1}}},
		object{"required": []string{"until"}, "properties": object{"until": object{"minLength": 1}}}}
	stage := at(s, "approval", "stages")["items"].(object)
	way := at(stage, "anyOf")["items"].(object)
	for _, one := range []object{stage, way, at(s, "extend", "approvers")} {
		for _, names := range []string{"from", "people", "oncall"} {
			at(one, names)["items"].(object)["pattern"] = `^\S(.*\S)?$`
		}
		one["anyOf"] = []any{
			some("from"), some("people"), some("oncall"),
			object{"required": []string{"managerOf"}, "properties": object{"managerOf": object{"const": "requester"}}},
		}
	}
	stage["anyOf"] = append(stage["anyOf"].([]any), object{"required": []string{"anyOf"}})
	stage["if"] = object{"required": []string{"anyOf"}}
	stage["then"] = object{"properties": object{"from": object{"maxItems": 0}, "people": object{"maxItems": 0}, "oncall": object{"maxItems": 0},
		"managerOf": object{"const": ""}, "where": object{"maxLength": 0}, "approvals": false}}
	return s
}

// at returns the schema of a field below s.
func at(s object, path ...string) object {
	for _, step := range path {
		s = s["properties"].(object)[step].(object)
	}
	return s
}

// durationPattern is what time.ParseDuration reads. Nothing at all is a mistake: it would
// look like a limit, and be none.
const durationPattern = `^\+?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`

func schemaOf(t reflect.Type, path string, described map[string]string) object {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := object{}
	if text := described[path]; text != "" {
		s["description"] = text
	}
	switch t.Kind() {
	case reflect.String:
		s["type"] = "string"
	case reflect.Bool:
		s["type"] = "boolean"
	case reflect.Int:
		s["type"], s["minimum"], s["maximum"] = "integer", -(1<<53 - 1), 1<<53-1
	case reflect.Slice:
		s["type"], s["items"] = "array", schemaOf(t.Elem(), path, described)
		if t.Elem().Kind() != reflect.Struct {
			delete(s["items"].(object), "description")
		}
	case reflect.Map:
		s["type"] = "object"
		if t.Elem().Kind() != reflect.Interface {
			s["additionalProperties"] = schemaOf(t.Elem(), path+".NAME", described)
		}
	case reflect.Struct:
		fieldsSchema(s, t, path, described)
	}
	return s
}

func fieldsSchema(s object, t reflect.Type, path string, described map[string]string) {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			continue
		}
		field := schemaOf(f.Type, strings.TrimPrefix(path+"."+name, "."), described)
		properties[name] = field
		for _, rule := range strings.Fields(f.Tag.Get("schema")) {
			if rule == "required" {
				required = append(required, name)
			} else {
				restrict(field, rule)
			}
		}
	}
	s["type"], s["properties"], s["additionalProperties"] = "object", properties, false
	if path == "" {
		required = append(required, "request", "duration", "approval")
	}
	if len(required) > 0 {
		s["required"] = required
	}
}

// restrict adds one rule of a schema tag to the schema of a field; what bounds a
// text bounds each of a list or mapping of texts.
func restrict(field object, rule string) {
	keyword, value, _ := strings.Cut(rule, "=")
	texts := field
	for _, inner := range []string{"items", "additionalProperties"} {
		if s, ok := field[inner].(object); ok {
			texts = s
		}
	}
	n, err := strconv.Atoi(value)
	switch {
	case keyword == "name": // blanks at an end; what looks alike only Parse can tell
		texts["pattern"] = `^\s*$|^\S(.*\S)?$`
		if _, needed := field["minLength"]; needed {
			texts["pattern"] = `^\S(.*\S)?$`
		}
	case keyword == "duration":
		texts["pattern"] = durationPattern
	case keyword == "date":
		texts["pattern"] = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	case keyword == "enum":
		texts["enum"] = strings.Split(value, "|")
	case keyword == "uniqueItems":
		field[keyword] = true
	case err == nil:
		field[keyword] = n
	default:
		texts[keyword] = value
	}
}

// descriptions are the rows of the table of fields in docs/contracts.md.
func descriptions(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, line := range strings.Split(page(t, "Fields"), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "`", "")
		}
		name, usual, means, bounds := cells[0], cells[1], cells[2], cells[3]
		if usual != "" && !strings.HasPrefix(usual, "needed") {
			means += " (default: " + usual + ")"
		}
		if bounds != "" {
			means = strings.TrimPrefix(means+"; "+bounds, "; ")
		}
		out[name] = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(means, "$1")
	}
	return out
}
