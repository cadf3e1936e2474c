package contracts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nduration: {default: 30m, max: 1h}\ngrants: [{target: t/t, entitlement: {a: b}}]\n"
const usual = "approval: {stages: [{name: a, from: [x]}]}\n"

// TestMissingSources: whatever in a contract asks the world outside is named with its place
// where nobody is configured to reply.
func TestMissingSources(t *testing.T) {
	const inBase = "---\napiVersion: ramp/v1\nkind: Base\nmetadata: {name: b}\n"
	const conditional = "approval: {auto: 'oncall(\"db\")', stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'oncall(\"db\")'}]}\n"
	for text, want := range map[string]string{
		"request: {who: 'true'}\n" + usual:                                                                                              "",
		"request: {who: 'true', ticket: {required: true, system: jira}}\n" + usual:                                                      `6:49 "jira"`,
		"request: {who: 'oncall(\"db\")'}\n" + usual:                                                                                    `6:11 "oncall"`,
		"request: {who: 'true', ticket: {when: 'oncall(\"db\")'}}\n" + usual:                                                            `6:33 "oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, oncall: [db]}]}\n":                                                       `7:21 "oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, from: [x], where: 'approver.team == person.team || oncall(\"db\")'}]}\n": `7:21 "oncall"`,
		"request: {who: 'true'}\n" + conditional:                                                                                        `7:12 "oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, from: [x]}], escalate: [{after: 5m, oncall: [db]}]}\n":                   `7:67 "oncall"`,
		"request: {who: 'true'}\n" + usual + "extend: {times: 1, upTo: 2h, approvers: {oncall: [db]}}\n":                                `8:42 "oncall"`,
		"request: {who: 'true'}\napproval: {stages: [{name: a, anyOf: [{from: [x]}, {oncall: [db]}]}]}\n":                               `7:21 "oncall"`,
		"request: {who: 'true'}\n" + usual + "breakGlass: {who: 'oncall(\"db\")', max: 1h, reviewWithin: 2h, reviewers: [x]}\n":         `8:14 "oncall"`,
		"request: {who: 'true'}\n" + usual + "endWhen: [{if: '!oncall(\"db\")', because: the shift is over}]\n":                         `8:12 "oncall"`,
		"request: {who: 'true', ticket: {system: jira}}\n" + usual + "endWhen: [{if: '!ticket.open', because: it was closed}]\n":        `6:33 "jira"`,
		"request: {who: 'true', params: {p: {type: string, choices: {from: t/t, list: x, where: 'choice.a == person.id'}}}}\n" + usual:  "",
		"base: b\nrequest: {who: 'true'}\n" + usual + inBase + "request: {ticket: {system: jira}}\n":                                    `13:20 "jira"`,
		"base: b\nrequest: {who: 'true'}\n" + usual + inBase + "endWhen: [{if: '!oncall(\"db\")', because: the shift is over}]\n":       `13:12 "oncall"`,
		"base: b\nrequest: {who: 'true'}\n" + usual + inBase + "approval: {stages: [{name: b, oncall: [db]}]}\n":                        `13:21 "oncall"`,
		"request: {who: 'true'}\n" + usual + inBase + "approval: {stages: [{name: b, oncall: [db]}]}\n":                                 "", // no contract names the base
	} {
		set, err := Parse(map[string][]byte{"c.yaml": []byte(head + text)})
		require.NoError(t, err, text)
		issues := set.MissingSources([]string{"servicenow"})
		if want == "" {
			require.Empty(t, issues)
			continue
		}
		place, source, _ := strings.Cut(want, " ")
		require.Len(t, issues, 1, text)
		require.Equal(t, "source_missing", issues[0].Code)
		require.Equal(t, "c.yaml:"+place, issues[0].Field, text)
		require.Contains(t, issues[0].Message, source)
		require.Contains(t, issues[0].Message, "it has servicenow")
		require.Empty(t, set.MissingSources([]string{"jira", "oncall"}))
	}
}

// TestMissingInventories: choices from a target of whose workers the server has no key are
// named with their place, unless a pattern stands in for what is not known.
func TestMissingInventories(t *testing.T) {
	set, err := Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(head, "grants", `request:
  who: 'true'
  params:
    a: {type: string, choices: {from: aws/prod, list: accounts}}
    b: {type: string, choices: {from: aws/test, list: accounts}}
    c: {type: string, pattern: 'x+', choices: {from: aws/prod, list: accounts, ifUnknown: pattern}}
grants`, 1) + usual)})
	require.NoError(t, err)
	issues := set.MissingInventories(func(target string) bool { return target == "aws/test" })
	require.Len(t, issues, 1)
	require.Equal(t, "c.yaml:8:33", issues[0].Field)
	require.Equal(t, "inventory_missing", issues[0].Code)
	require.Contains(t, issues[0].Message, `contract c takes "a" from the accounts of aws/prod, and keys.workers has no key`)
	require.Empty(t, set.MissingInventories(func(string) bool { return true }))
}
