package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/contracts"
)

// TestUntestedEscalation: a step of the escalation is tried by decisions: by somebody it
// names, before it is due and after, and with a schedule that could not be known.
func TestUntestedEscalation(t *testing.T) {
	set := parsed(t, contract("c", `true`, `{default: 30m, max: 1h}`, `{stages: [{name: a, from: [x]}], escalate: [{after: 10m, to: [leads], oncall: [db]}]}`))
	const head = `
tests:
- name: one
  contract: c
  person: {id: p}
  request: {reason: a good reason}
  at: '2026-11-24T02:14:00Z'
`
	for rest, never := range map[string][]contracts.Truth{
		"  expect: {stages: [a]}\n": {contracts.Satisfied, contracts.NotSatisfied, contracts.Unevaluated},
		"  decisions: [{by: {id: l, groups: [leads]}, after: 5m}, {by: {id: l, groups: [leads]}, after: 20m}, {by: {id: m}, after: 20m}]\n  expect: {stages: [a], decided: satisfied}\n": nil,
		"  facts: [{onCall: db, people: [m]}]\n  decisions: [{by: {id: n}, after: 20m}]\n  expect: {stages: [a], decided: undecided}\n":                                                  {contracts.Satisfied, contracts.Unevaluated},
	} {
		report, err := set.RunTests(map[string][]byte{"c_test.yaml": []byte(head + rest)})
		require.NoError(t, err)
		require.Empty(t, report.Results[0].Failure)
		var got []contracts.Truth
		for _, u := range report.Untested {
			if u.Field == "approval.escalate[0]" {
				got = u.Never
			}
		}
		require.Equal(t, never, got, rest)
	}
}
