package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestOnCallApprovers: who is on call may meet a stage, a way of it, or decide once the
// request has waited; who that is, nobody needs to know when it is requested.
func TestOnCallApprovers(t *testing.T) {
	set, err := parse(t, `{stages: [{name: a, oncall: [db], approvals: 2}, {name: b, anyOf: [{from: [x]}, {oncall: [web], where: 'approver.id != "x"'}]}], escalate: [{after: 10m, oncall: [leads]}]}`)
	require.NoError(t, err)
	c := set.Contracts[0]
	e := c.Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two"}})
	require.NoError(t, e.Err())
	require.Equal(t, []string{"db", "leads", "web"}, e.Draft.Rule.Schedules())
	require.Equal(t, "2 of those on call for db", e.Draft.Rule.Stages[0].Needs())
	require.Contains(t, c.Explain(e.Draft), contracts.Line{Label: "escalation", Text: "after 10m those on call for leads may decide too"})
	require.Empty(t, c.Questions(access.RequestInput{}), "they are asked about when somebody decides")

	for approval, want := range map[string]string{
		`{stages: [{name: a, oncall: ['']}]}`:                                    "oncall",
		`{stages: [{name: a, oncall: [a, b, c, d, e, f]}]}`:                      "oncall",
		`{stages: [{name: a, oncall: []}]}`:                                      "stage_from",
		`{stages: [{name: a, from: [x]}], escalate: [{after: 10m}]}`:             "escalate",
		`{stages: [{name: a, oncall: [db], anyOf: [{from: [x]}, {from: [y]}]}]}`: "stage_any_of",
	} {
		_, err := parse(t, approval)
		require.Equal(t, want, codes(access.IssuesOf(err)), approval)
	}
}
