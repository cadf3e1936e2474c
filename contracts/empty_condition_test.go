package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestEmptyCondition: a condition that is written as an empty text bounds nothing, and is
// refused where it says who approves; FuzzWhere found a stage whose whole group could.
func TestEmptyCondition(t *testing.T) {
	const stages = "{stages: [{name: a, from: [x]}]}"
	for _, c := range []struct{ approval, more, want string }{
		{"{stages: [{name: a, from: [x], where: ''}]}", "", "condition"},
		{"{stages: [{name: a, from: [x], where: \"\"}]}", "", "condition"},
		{"{stages: [{name: a, anyOf: [{from: [x]}, {from: [y], where: ''}]}]}", "", "condition"},
		{"{stages: [{name: a, where: '', anyOf: [{from: [x]}, {from: [y]}]}]}", "", "stage_any_of"},
		{stages, "extend: {times: 2, upTo: 4h, approvers: {from: [x], where: ''}}", "condition"},
	} {
		_, err := parse(t, c.approval, c.more)
		require.Equal(t, c.want, codes(access.IssuesOf(err)), "%s %s: %v", c.approval, c.more, err)
	}
}

// TestEmptyConditionOnChoices: of a list that an empty condition bounds, everything could
// be chosen.
func TestEmptyConditionOnChoices(t *testing.T) {
	for where, want := range map[string]string{"": "", ", where: ''": "condition"} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\n" +
			"request: {who: 'true', params: {x: {type: string, required: true, choices: {from: t/t, list: users" + where + "}}}}\n" +
			"duration: {default: 30m, max: 1h}\ngrants: [{target: t/t, entitlement: {a: '{{ params.x }}'}}]\napproval: {stages: [{name: a, from: [x]}]}\n")})
		require.Equal(t, want, codes(access.IssuesOf(err)), "%q: %v", where, err)
	}
}
