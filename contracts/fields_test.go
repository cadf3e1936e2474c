package contracts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

const valid = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: 'true'
  params:
    text: {type: string, enum: [eu, us], required: true}
    count: {type: int, default: 2}
    sure: {type: bool}
  reason: {minLength: 10}
duration: {default: 30m, max: 2h, justifyOver: 1h}
grants:
  - target: t/t
    entitlement: {role: admin}
approval:
  stages:
    - {name: a, from: [x], approvals: 1}
`

// TestRefusedFields: a field that has no effect, or that nobody could satisfy, is
// refused at its place.
func TestRefusedFields(t *testing.T) {
	_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(valid)})
	require.NoError(t, err)
	for _, c := range []struct{ instead, of, want string }{
		{"int, enum: [a]", "int", "8:24 param_field enum means nothing for type int"},
		{"int, pattern: a", "int", "8:24 param_field pattern means nothing for type int"},
		{"int, maxLength: 3", "int", "8:24 param_field maxLength means nothing for type int"},
		{"bool, enum: []", "bool", "9:24 param_field enum means nothing for type bool"},
		{"bool, pattern: ''", "bool", "9:24 param_field pattern means nothing for type bool"},
		{"bool, maxLength: 3", "bool", "9:24 param_field maxLength means nothing for type bool"},
		{"bool, min: 0", "bool", "9:24 param_field min means nothing for type bool"},
		{"bool, max: 3", "bool", "9:24 param_field max means nothing for type bool"},
		{"string, min: 0", "string", "7:26 param_field min means nothing for type string"},
		{"string, max: 3", "string", "7:26 param_field max means nothing for type string"},

		{"int, min: 3, max: 1", "int, default: 2", "8:24 param_bounds min 3 is over max 1"},
		{"string, maxLength: 0", "string", "7:26 param_bounds maxLength is 1 to 4000"},
		{"string, maxLength: -1", "string", "7:26 param_bounds maxLength is 1 to 4000"},
		{"string, maxLength: 4001", "string", "7:26 param_bounds maxLength is 1 to 4000"},
		{"string, maxLength: 2, enum: [eu, usa], required: true}", "string, enum: [eu, us], required: true}", `7:51 param_enum nobody could choose this: "text" may have 2 characters`},
		{"string, pattern: e.", "string", `7:50 param_enum nobody could choose this: "text" cannot be "us"; it must match e.`},
		{"us], default: de", "us], required: true", `7:42 param_default the default does not fit: "text" cannot be "de"`},
		{"default: 7, min: 1, max: 3", "default: 2", `8:24 param_default the default does not fit: "count" must be between 1 and 3`},
		{"default: 1.7", "default: 2", `8:24 param_default the default does not fit: "count" must be a whole number`},

		{"approvals: 1.7", "approvals: 1", "17:39 yaml write a whole number in digits, not 1.7"},
		{"approvals: '1.7'", "approvals: 1", "17:39 yaml write a whole number in digits, not '1.7'"},
		{"approvals: -.inf", "approvals: 1", "17:39 yaml write a whole number in digits, not -.inf"},
		{"approvals: [1]", "approvals: 1", "17:39 yaml write a whole number in digits, not [1]"},
		{"approvals: 99999999999999999999", "approvals: 1", "17:39 yaml write a whole number in digits, not 99999999999999999999"},
		{"minLength: 1e1", "minLength: 10", "10:23 yaml write a whole number in digits, not 1e1"},
		{"int, min: 0.5", "int", "8:29 yaml write a whole number in digits, not 0.5"},
		{"string, maxLength: 2.5", "string", "7:37 yaml write a whole number in digits, not 2.5"},

		{"approvals: null", "approvals: 1", "17:39 empty nothing is written here; leave the field out or give it a value"},
		{"approvals: ", "approvals: 1", "17:38 empty nothing is written here"},
		{"default: ~", "default: 2", "8:33 empty nothing is written here"},
		{"from: [x, ~]", "from: [x]", "17:27 empty nothing is written here"},
		{"from: [1.10]", "from: [x]", `17:24 text_unquoted write this text in quotes: "1.10"`},
		{"enum: [eu, 0x10]", "enum: [eu, us]", `7:37 text_unquoted write this text in quotes: "0x10"`},
		{"from: [{{ params.text }}]", "from: [x]", `17:24 yaml a text with {{ }} needs quotes around the whole of it, such as "{{ params.name }}"`},
		{"from: [x-{{params.text}}]", "from: [x]", "17:26 yaml a text with {{ }} needs quotes around the whole of it"},
		{"metadata: {name: c, labels: {tier: 1}}", "metadata: {name: c}", `3:36 text_unquoted write this text in quotes: "1"`},
		{"metadata: {name: c, owner: true}", "metadata: {name: c}", `3:28 text_unquoted write this text in quotes: "true"`},
		{"!!str c", "c}", "3:18 yaml_tag tags are not taken"},

		{"from: ['']", "from: [x]", "17:24 stage_from a group's name cannot be blank"},
		{"from: [x, ' ']", "from: [x]", "17:27 stage_from a group's name cannot be blank"},
		{"minLength: 50, maxLength: 49", "minLength: 10", "10:3 reason_bounds"},
		{"justifyOver: 3h", "justifyOver: 1h", "11:35 justify_over_max justifyOver 3h is over the max 2h"},
		{"justifyOver: 1h, justifyMinLength: -1", "justifyOver: 1h", "11:52 justify_bounds justifyMinLength is 1 to the reason's maxLength (1000), and is -1"},
		{"justifyOver: 1h, justifyMinLength: 0", "justifyOver: 1h", "11:52 justify_bounds"},
		{"justifyOver: 1h, justifyMinLength: 1001", "justifyOver: 1h", "11:52 justify_bounds"},
		{"minLength: 10, maxLength: 30", "minLength: 10", "11:1 justify_bounds justifyMinLength is 1 to the reason's maxLength (30), and is 40"},

		{"{'{{ params.text }}': admin}", "{role: admin}", "14:5 template nothing is filled in in the key"},
		{"{roles: [{'a}}': admin}]}", "{role: admin}", "14:5 template nothing is filled in in the key \"a}}\""},
		{"target: 't/{{ params.text }}'", "target: t/t", "13:5 template nothing is filled in in a target's name"},
		{"{}", "{role: admin}", "14:5 entitlement_missing"},
		{"", "    entitlement: {role: admin}\n", "13:11 entitlement_missing"},

		{"auto: 'false'", "stages:\n    - {name: a, from: [x], approvals: 1}", "16:3 auto_never"},
		{"auto: 'false'\n  stages:\n    - {when: reason == ticket, ", "stages:\n    - {", "17:3 stages_conditional"},

		{"who: |\n    true &&\n      person.id == who", "who: 'true'", `7:20 condition not a condition: there is no name "who"`},
		{"who: \"'é' == who\"", "who: 'true'", `5:3 condition not a condition: there is no name "who"`},
		{`who: duration > duration("1d")`, "who: 'true'", "5:3 condition not a condition: type conversion error from 'string' to 'google.protobuf.Duration'; lengths are like 90s, 45m or 1h30m"},
		{`who: now > timestamp("noon")`, "who: 'true'", "5:3 condition not a condition: type conversion error from 'string' to 'google.protobuf.Timestamp'; times are like 2026-01-31T14:00:00Z"},
		{`who: reason.matches("(")`, "who: 'true'", "5:3 condition not a condition: error parsing regexp"},
		{"who: '\"" + strings.Repeat("é", 1993) + "\" != \"\"'", "who: 'true'", "5:3 condition a condition may have 2000 characters"},

		{"stepUp: {approve: 30s}\napproval:", "approval:", "15:10 step_up stepUp.approve must be 1m to 168h"},
		{"stepUp: {request: 169h}\napproval:", "approval:", "15:10 step_up stepUp.request must be 1m to 168h"},
	} {
		t.Run(access.Clip(c.instead, 40), func(t *testing.T) {
			text := strings.Replace(valid, c.of, c.instead, 1)
			require.NotEqual(t, valid, text)
			_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
			var got []string
			for _, i := range access.IssuesOf(err) {
				got = append(got, fmt.Sprintf("%s %s %s", strings.TrimPrefix(i.Field, "c.yaml:"), i.Code, i.Message))
			}
			require.Len(t, got, 1)
			require.True(t, strings.HasPrefix(got[0], c.want), "%s\n%s", c.want, got[0])
		})
	}
}

// TestAcceptedFields: values at a bound, on the side that is allowed.
func TestAcceptedFields(t *testing.T) {
	for _, c := range []struct{ instead, of string }{
		{"string, maxLength: 4000", "string"},
		{"int, min: 2, max: 2", "int"},
		{"int, min: -0x10, max: 1_000", "int"},
		{"justifyOver: 2h, justifyMinLength: 1000", "justifyOver: 1h"},
		{"default: 30m, max: 2h", "default: 30m, max: 2h, justifyOver: 1h"},
		{"auto: 'false'\n  stages:", "stages:"},
		{"auto: 'reason == \"\"'", "stages:\n    - {name: a, from: [x], approvals: 1}"},
		{"who: '\"" + strings.Repeat("é", 1992) + "\" != \"\"'", "who: 'true'"},
	} {
		text := strings.Replace(valid, c.of, c.instead, 1)
		require.NotEqual(t, valid, text)
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
		require.NoError(t, err, "%s", c.instead)
	}
}
