package contracts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/strictjson"
)

// askedUnder evaluates a request of alice under a contract with one stage.
func askedUnder(t *testing.T, stage string, attributes map[string]string) contracts.Evaluation {
	set, err := parse(t, "{stages: [{name: s, "+stage+"}]}")
	require.NoError(t, err, stage)
	p := alice
	p.Attributes = attributes
	return set.Contracts[0].Evaluate(contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two"}})
}

// TestApproverCondition: what is said of the request is filled in when it is made, and
// the rest admits whom the condition admits.
func TestApproverCondition(t *testing.T) {
	payments := map[string]string{"team": "payments", "cost-centre": "7"}
	approver := func(attributes map[string]string, groups ...string) access.Person {
		return access.Person{ID: "bob", Kind: access.KindHuman, Groups: append(groups, "x"), Attributes: attributes}
	}
	for _, c := range []struct {
		where    string
		mine     map[string]string
		approver access.Person
		want     bool
	}{
		{`approver.team == person.team`, payments, approver(payments), true},
		{`person.team == approver.attributes.team`, payments, approver(payments), true},
		{`approver.attributes["cost-centre"] == person.attributes["cost-centre"]`, payments, approver(payments), true},
		{`approver.team == person.team`, payments, approver(map[string]string{"team": "search"}), false},
		{`approver.team == person.team`, payments, approver(nil), false},
		{`approver.team != person.team`, payments, approver(payments), false},
		{`approver.team != person.team`, payments, approver(map[string]string{"team": "search"}), true},
		{`approver.team != person.team`, payments, approver(nil), false},
		{`!(approver.team == person.team)`, payments, approver(nil), false},
		{`!has(approver.team)`, payments, approver(nil), true},
		{`has(approver.team) && approver.team in ["search", person.team]`, payments, approver(payments), true},
		{`approver.team in ["search"]`, payments, approver(payments), false},
		{`approver.team in person.groups.filter(g, g != "engineering")`, nil, approver(payments), false},
		{`"leads" in approver.groups`, nil, approver(nil, "leads"), true},
		{`("leads-" + person.team) in approver.groups`, payments, approver(nil, "leads-payments"), true},
		{`"leads" in approver.groups`, nil, approver(nil), false},
		{`duration < duration("1h") || "leads" in approver.groups`, nil, approver(nil), true},
		{`duration > duration("1h") || "leads" in approver.groups`, nil, approver(nil), false},
		{`approver.id != "bob" && true`, nil, approver(nil), false},
		{`approver.email == person.email || approver.id == "bob"`, nil, approver(nil), true},
		// Two who both lack something are not alike in it, whichever way that is written.
		{`approver.attributes.team == person.attributes.team`, map[string]string{"team": ""}, approver(map[string]string{"team": ""}), false},
		{`approver.attributes.team == person.attributes.team`, map[string]string{"team": " "}, approver(map[string]string{"team": " "}), false},
		{`approver.attributes.team != person.attributes.team`, map[string]string{"team": "\u200b"}, approver(payments), false},
		{`approver.team in [person.team]`, map[string]string{"team": ""}, approver(map[string]string{"team": ""}), false},
		{`!(approver.team in [person.team])`, map[string]string{"team": ""}, approver(map[string]string{"team": ""}), false},
		{`!(approver.team in [person.team])`, map[string]string{"team": ""}, approver(payments), false},
		{`!(approver.team in [person.team, "search"])`, map[string]string{"team": ""}, approver(payments), false},
		{`approver.team in [person.team, "payments"]`, map[string]string{"team": ""}, approver(payments), true},
		{`!(approver.team in [person.team])`, payments, approver(map[string]string{"team": "search"}), true},
		{`approver.id == "bob" && person.team == person.unit`, map[string]string{"team": "", "unit": ""}, approver(nil), false},
		{`approver.id == "bob" && person.team != person.unit`, map[string]string{"team": "", "unit": ""}, approver(nil), false},
		{`approver.id == "bob" && !(person.team == person.unit || false)`, map[string]string{"team": "", "unit": " "}, approver(nil), false},
		{`approver.id == "bob" && person.team == person.unit`, map[string]string{"team": "a", "unit": "a"}, approver(nil), true},
		{`approver.id == "bob" && person.team == ""`, map[string]string{"team": ""}, approver(nil), true},
		{`approver.email == "bob@example.com"`, nil, access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"x"}, Email: "bob@example.com"}, false},
		{`approver.email == "bob@example.com"`, nil, access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"x"}, Email: "bob@example.com", EmailVerified: true}, true},
	} {
		t.Run(c.where, func(t *testing.T) {
			e := askedUnder(t, "from: [x], where: '"+c.where+"'", c.mine)
			if e.Err() != nil {
				require.False(t, c.want, "%v", e.Err())
				return
			}
			require.Equal(t, c.want, e.Draft.Rule.Stages[0].Admits(c.approver), "%v", e.Draft.Rule.Stages[0].Where)
		})
	}
}

// TestApproverConditionNobody: a request that no approver could approve is refused when
// it is made, and one way that nobody can take leaves the other.
func TestApproverConditionNobody(t *testing.T) {
	for stage, detail := range map[string]string{
		`from: [x], where: 'approver.team == person.team'`: "not known",
		`from: [x], where: 'approver.team != person.team'`: "not known",
		`from: [x], where: 'approver.team in []'`:          "no approver can satisfy it",
		`managerOf: requester`:                             "not known who the manager is",
	} {
		e := askedUnder(t, stage, nil)
		require.Equal(t, access.CodeUnevaluated, access.CodeOf(e.Err()), stage)
		require.Equal(t, "nobody_approves", codes(e.Issues))
		require.Contains(t, e.Issues[0].Message, detail)
	}
	e := askedUnder(t, `anyOf: [{managerOf: requester}, {from: [x], approvals: 2}]`, nil)
	require.NoError(t, e.Err())
	require.Equal(t, "2 of x", e.Draft.Rule.Stages[0].Needs())
	e = askedUnder(t, `anyOf: [{managerOf: requester}, {from: [x], approvals: 2}]`, map[string]string{"manager": "grace"})
	require.Equal(t, "1 of grace, or 2 of x", e.Draft.Rule.Stages[0].Needs())
	require.True(t, e.Draft.Rule.Stages[0].Admits(access.Person{ID: "grace"}))
}

// TestApproverConditionRefused: what a worker could not evaluate is refused when the
// contract is read.
func TestApproverConditionRefused(t *testing.T) {
	for where, want := range map[string]string{
		`approver.groups.exists(g, g == "x")`:   "of an approver only this may be written",
		`size(approver.groups) > 2`:             "of an approver only this may be written",
		`approver.id.startsWith("a")`:           "of an approver only this may be written",
		`approver.team == approver.centre`:      "of an approver only this may be written",
		`approver == person`:                    "of an approver only this may be written",
		`approver.groups == ["x"]`:              "of an approver only this may be written",
		``:                                      "this condition is empty",
		`approver.team`:                         "the type of this is not known",
		`person.team == "x"`:                    "this says nothing of the approver",
		`approver.team == "pаyments"`:           "",
		`approver.team == person.team && peron`: `there is no name "peron"; did you mean "person"?`,
	} {
		_, err := parse(t, "{stages: [{name: s, from: [x], where: '"+where+"'}]}")
		require.Equal(t, "condition", codes(access.IssuesOf(err)), where)
		require.Contains(t, access.IssuesOf(err)[0].Message, want)
	}
}

// TestApproverConditionNesting: what loads makes a plan that can be read back. A plan
// nested deeper than readers of plans allow made every list that had it fail.
func TestApproverConditionNesting(t *testing.T) {
	nested := func(deep int) string {
		where := `"z" in approver.groups`
		for i := range deep {
			where = `"a" in approver.groups ` + []string{"||", "&&"}[i%2] + ` (` + where + `)`
		}
		return where
	}
	e := askedUnder(t, "from: [x], where: '"+nested(8)+"'", nil)
	b, err := json.Marshal(access.Plan{Rule: e.Draft.Rule})
	require.NoError(t, err)
	var read access.Plan
	require.NoError(t, strictjson.UnmarshalOpen(b, &read))
	require.Equal(t, e.Draft.Rule, read.Rule)
	for _, where := range []string{nested(9), "!(" + nested(8) + ")", nested(40)} {
		_, err := parse(t, "{stages: [{name: s, from: [x], where: '"+where+"'}]}")
		require.Equal(t, "condition", codes(access.IssuesOf(err)), where)
		require.Contains(t, access.IssuesOf(err)[0].Message, "nested more than 8 deep")
	}
	long := `approver.team == "a"` + strings.Repeat(` || approver.team == "b"`, 60)
	_, err = parse(t, "{stages: [{name: s, from: [x], where: '"+long+"'}]}")
	require.NoError(t, err, "long is not deep")
}

// TestRefusedStages: each stage that could not be met as it is written.
func TestRefusedStages(t *testing.T) {
	for approval, want := range map[string]string{
		`{stages: [{name: s}]}`:                                                                  "stage_from",
		`{stages: [{name: s, people: [a], approvals: 2}]}`:                                       "stage_too_few",
		`{stages: [{name: s, people: [a, '']}]}`:                                                 "stage_from",
		`{stages: [{name: s, managerOf: bob}]}`:                                                  "stage_manager",
		`{stages: [{name: s, from: [x], anyOf: [{from: [y]}, {from: [z]}]}]}`:                    "stage_any_of",
		`{stages: [{name: s, anyOf: [{from: [y]}]}]}`:                                            "stage_any_of",
		`{stages: [{name: s, anyOf: [{from: [y]}, {}]}]}`:                                        "stage_from",
		`{stages: [{name: s, from: [x], level: 6}]}`:                                             "stage_level",
		`{stages: [{name: s, from: [x], denials: 1}]}`:                                           "stage_denials_over",
		`{denyThreshold: 3, stages: [{name: s, from: [x], denials: 0}]}`:                         "stage_denials",
		`{confirm: ['...'], stages: [{name: s, from: [x]}]}`:                                     "confirm",
		`{confirm: [I have, I have], stages: [{name: s, from: [x]}]}`:                            "confirm",
		`{commentMinLength: 1001, stages: [{name: s, from: [x]}]}`:                               "comment_bounds",
		`{commentMinLength: 10, auto: 'person.id == "x"'}`:                                       "comment_nobody",
		`{stages: [` + ways("a") + `, ` + ways("b") + `, ` + ways("c") + `, ` + ways("d") + `]}`: "stages_choices",
	} {
		_, err := parse(t, approval)
		require.Equal(t, want, codes(access.IssuesOf(err)), approval)
	}
}

func ways(name string) string {
	return "{name: " + name + ", anyOf: [{from: [a]}, {from: [b]}, {from: [c]}]}"
}

// TestApproverConditionReads: of the request a condition on approvers may read what was
// chosen and what was before, of a stage and of an extension's approvers; the server is told
// to look for what it reads.
func TestApproverConditionReads(t *testing.T) {
	set := parsed(t, strings.Replace(contract("c", "true", "{default: 30m, max: 1h}", `{stages: [{name: a, from: [x], where: 'approver.team == params.team'}, {name: b, from: [y], where: 'history.size() == 0 || approver.id == "bob"'}]}
extend: {times: 1, upTo: 2h, approvers: {from: [z], where: 'oncall("db-primary") || approver.team == params.team'}}`), "request:", "request:\n  params: {team: {type: string, enum: [payments, orders], required: true}}", 1))
	c := set.Contracts[0]
	require.True(t, c.ReadsHistory())
	questions := c.Questions(access.RequestInput{})
	require.Len(t, questions, 1)
	require.Equal(t, "db-primary", questions[0].Key)
	e := c.Evaluate(contracts.Input{Person: alice, Now: now, History: &access.History{}, Facts: []access.Fact{onCallFact("bob")},
		Request: access.RequestInput{Reason: "the orders are stuck since two", Params: map[string]any{"team": "payments"}}})
	require.NoError(t, e.Err())
	require.Equal(t, "1 of x (team is payments) and 1 of y (anybody)", outcome(e))
	require.Equal(t, "1 of z (team is payments)", e.Draft.Extend.Rule.Stages[0].Needs())
}
