package contracts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMissingSources: whatever in a contract asks the world outside is named with its place
// where nobody is configured to reply.
func TestMissingSources(t *testing.T) {
	const head = "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nduration: {default: 30m, max: 1h}\ngrants: [{target: t/t, entitlement: {a: b}}]\n"
	const usual = "approval: {stages: [{name: a, from: [x]}]}\n"
	for text, want := range map[string]string{
		"request: {who: 'true'}\n" + usual:                                                                            "",
		"request: {who: 'true', ticket: {required: true, system: jira}}\n" + usual:                                    `"jira"`,
		"request: {who: 'oncall(\"db\")'}\n" + usual:                                                                  `"oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, oncall: [db]}]}\n":                                     `"oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, from: [x]}], escalate: [{after: 5m, oncall: [db]}]}\n": `"oncall"`,
		"request: {who: 'true'}\n" + usual + "extend: {times: 1, upTo: 2h, approvers: {oncall: [db]}}\n":              `"oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, anyOf: [{from: [x]}, {oncall: [db]}]}]}\n":             `"oncall"`,
	} {
		set, err := Parse(map[string][]byte{"c.yaml": []byte(head + text)})
		require.NoError(t, err, text)
		issues := set.MissingSources([]string{"servicenow"})
		if want == "" {
			require.Empty(t, issues)
			continue
		}
		require.Len(t, issues, 1, text)
		require.Equal(t, "source_missing", issues[0].Code)
		require.Regexp(t, `^c\.yaml:\d+:\d+$`, issues[0].Field)
		require.Contains(t, issues[0].Message, want)
		require.Contains(t, issues[0].Message, "it has servicenow")
		require.Empty(t, set.MissingSources([]string{"jira", "oncall"}))
	}
}
