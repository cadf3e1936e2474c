package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestExtendApproval: each extension is decided by the stages of the request, with those
// that longer access would need, or by people of its own; with the words, denials and
// login of the contract. Without either it is approved with the request.
func TestExtendApproval(t *testing.T) {
	const stages = `stages: [{name: a, from: [x], approvals: 2}, {name: long, from: [security], when: 'duration > duration("2h")'}, {name: never, from: [y], when: 'duration < duration("1m")'}]`
	for _, c := range []struct{ approval, extend, person, want string }{
		{stages, "{times: 2, upTo: 4h}", "", ""},
		{stages, "{times: 2, upTo: 4h, approval: request}", "", ""},
		{stages, "{times: 2, upTo: 4h, approval: same}", "", "2 of x and 1 of security"},
		{stages, "{times: 2, upTo: 1h, approval: same}", "", "2 of x"},
		{stages, "{times: 2, upTo: 4h, approvers: {from: [leads], approvals: 2}}", "", "2 of leads"},
		{"auto: 'true', autoUpTo: 45m, " + stages, "{times: 2, upTo: 4h, approval: same}", "", "2 of x and 1 of security"},
		{"auto: 'true'", "{times: 2, upTo: 4h, approvers: {people: [eve]}}", "", "1 of eve"},
		{stages, "{times: 2, upTo: 4h, approvers: {managerOf: requester}}", "mia", "1 of mia"},
		{stages, "{times: 2, upTo: 4h, approvers: {managerOf: requester}}", "", "none"},
		{stages, "{times: 2, upTo: 4h, approvers: {from: [leads], where: 'approver.attributes.team == person.attributes.team'}}", "", "none"},
	} {
		set, err := parse(t, "{commentMinLength: 5, denyThreshold: 2, "+c.approval+"}", "extend: "+c.extend, "stepUp: {approve: 15m}")
		if err != nil && c.approval == "auto: 'true'" { // no stage is there for comments
			set, err = parse(t, "{"+c.approval+"}", "extend: "+c.extend)
		}
		require.NoError(t, err, "%v", c)
		p := alice
		if c.person != "" {
			p.Attributes = map[string]string{"manager": c.person}
		}
		e := set.Contracts[0].Evaluate(contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "a good reason"}})
		require.NoError(t, e.Err())
		limits := e.Draft.Extend
		switch {
		case c.want == "none":
			require.Nil(t, limits, "nobody can approve it: %v", c)
			continue
		case c.want == "":
			require.Nil(t, limits.Rule)
			continue
		}
		require.False(t, limits.Rule.Auto, "%v", c)
		require.Equal(t, c.want, outcome(contracts.Evaluation{Result: contracts.Allowed, Draft: access.Plan{Rule: *limits.Rule}}), "%v", c)
		require.Equal(t, e.Draft.Rule.Comment, limits.Rule.Comment)
		require.Equal(t, e.Draft.Rule.DenyThreshold, limits.Rule.DenyThreshold)
		require.Equal(t, e.Draft.Rule.StepUp, limits.Rule.StepUp)
		require.Contains(t, set.Contracts[0].Explain(e.Draft), contracts.Line{Label: "extension", Text: "each is approved by " + limits.Rule.Stages[0].Needs() + " (" + limits.Rule.Stages[0].Name + ")"})
	}
}

func TestExtendIsChecked(t *testing.T) {
	for _, c := range []struct{ approval, extend, want string }{
		{"{stages: [{name: a, from: [x]}]}", "{times: 1, upTo: 2h, approval: auto}", "extend_approval"},
		{"{stages: [{name: a, from: [x]}]}", "{times: 1, upTo: 2h, approval: same, approvers: {from: [x]}}", "extend_approval"},
		{"{stages: [{name: a, from: [x]}]}", "{times: 1, upTo: 2h, approvers: {where: 'true'}}", "stage_from condition"},
		{"{stages: [{name: a, from: [x]}]}", "{times: 1, upTo: 2h, approvers: {people: [eve], approvals: 2}}", "stage_too_few"},
		{"{auto: 'true'}", "{times: 1, upTo: 2h, approval: same}", "extend_same"},
		{"{auto: 'true'}", "{times: 1, upTo: 2h, approvers: {from: [x]}}", ""},
	} {
		_, err := parse(t, c.approval, "extend: "+c.extend)
		require.Equal(t, c.want, codes(access.IssuesOf(err)), "%s: %v", c.extend, err)
	}
}
