package contracts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// owned is a contract under which whoever owns the chosen account approves.
const owned = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: '"a" in person.groups'
  params: {account: {type: string, required: true, pattern: 'acc-[0-9]+', choices: {from: t/t, list: accounts, ifUnknown: pattern}}}
  reason: {optional: true}
duration: {default: 30m, max: 2h}
grants: [{target: t/t, entitlement: {role: '{{ params.account }}'}}]
approval:
  auto: 'choices.account.env == "test"'
  stages:
    - {name: owner, from: [owners], where: 'approver.id == choices.account.owner || choices.account.team in approver.groups'}
    - {name: security, from: [security], when: 'choices.account.env == "prod"'}
`

func ownedBy(attributes map[string]string) *access.Inventory {
	return &access.Inventory{Target: "t/t", List: "accounts", At: now.Add(-time.Minute), Digest: "sha256:accounts", Choices: []access.Choice{{Value: "acc-1", Attributes: attributes}}}
}

// TestOwnerOfWhatWasChosen: who approves is read from the account that was chosen, and
// fixed in the plan's rule. Whoever writes the account's tags chooses among the people of
// the stage, and makes nobody one of them.
func TestCase116OwnerOfWhatWasChosen(t *testing.T) {
	c := parsed(t, owned).Contracts[0]
	ask := func(attributes map[string]string) contracts.Evaluation {
		return c.Evaluate(chooser("acc-1", "", ownedBy(attributes)))
	}
	e := ask(map[string]string{"owner": "olga", "env": "dev"})
	require.NoError(t, e.Err())
	require.Equal(t, "1 of owners (id is olga or nobody)", outcome(e))
	stage := e.Draft.Rule.Stages[0]
	olga := access.Person{ID: "olga", Kind: access.KindHuman, Groups: []string{"owners"}}
	require.True(t, stage.Admits(olga))
	for what, p := range map[string]access.Person{
		"another owner":                       {ID: "oscar", Kind: access.KindHuman, Groups: []string{"owners"}},
		"whom the tags name, and nobody else": {ID: "olga", Kind: access.KindHuman, Groups: []string{"payments"}},
	} {
		require.False(t, stage.Admits(p), what)
	}
	both := ask(map[string]string{"owner": "olga", "team": "payments", "env": "prod"})
	require.Equal(t, "1 of owners (id is olga or in payments) and 1 of security", outcome(both))
	require.Equal(t, "automatic", outcome(ask(map[string]string{"env": "test"})))
}

// TestOwnerIsNotKnown: an account that names nobody, a list that nobody knows, and a value
// that a pattern alone allowed have no approver, so that nothing opens; and a condition that
// reads what is not there makes approval no easier.
func TestOwnerIsNotKnown(t *testing.T) {
	c := parsed(t, owned).Contracts[0]
	for what, in := range map[string]contracts.Input{
		"no owner":       chooser("acc-1", "", ownedBy(map[string]string{"env": "prod"})),
		"an empty owner": chooser("acc-1", "", ownedBy(map[string]string{"env": "prod", "owner": "", "team": ""})),
		"nothing at all": chooser("acc-1", "", ownedBy(nil)),
		"no list":        chooser("acc-1", ""),
		"a list too old": chooser("acc-1", "", &access.Inventory{Target: "t/t", List: "accounts", At: now.Add(-2 * time.Hour), Choices: []access.Choice{{Value: "acc-1", Attributes: map[string]string{"owner": "olga", "env": "test"}}}}),
	} {
		require.Equal(t, "nobody_approves", outcome(c.Evaluate(in)), what)
	}
	e := c.Evaluate(chooser("acc-1", "", ownedBy(map[string]string{"owner": "olga"})))
	require.Equal(t, "1 of owners (id is olga or nobody) and 1 of security", outcome(e), "whether it is production is not known, so security approves")
}

// TestChosenIsRefused: what conditions cannot read of choices is said when the contract is
// read, with its place.
func TestChosenIsRefused(t *testing.T) {
	for _, r := range []struct{ of, instead, want, says string }{
		{`'"a" in person.groups'`, `'choices.account.env == "x"'`, "choices_early", "choices.where"},
		{"choices.account.owner ||", "choices.acount.owner ||", "choices_read", `did you mean "account"?`},
		{`'choices.account.env == "prod"'`, `'choices.size() == 1'`, "choices_read", "choices.PARAM.ATTRIBUTE"},
		{"target: t/t", "target: t/other", "choices_target", "what t/t says of its accounts, and nothing is granted there"},
		{"reason: {optional: true}", "reason: {optional: true}\n  ticket: {when: 'choices.account.env == \"x\"'}", "choices_early", "request does not depend"},
	} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(owned, r.of, r.instead, 1))})
		issues := access.IssuesOf(err)
		require.NotEmpty(t, issues, r.instead)
		require.Equal(t, r.want, issues[0].Code, r.instead)
		require.Contains(t, fmt.Sprint(issues), strings.Replace(r.says, "request does not", "requested does not", 1))
		require.True(t, strings.HasPrefix(issues[0].Field, "c.yaml:"), issues[0].Field)
	}
}

// TestChosenAtTheEnd: what ends access may depend on what was chosen, as the plan has it.
func TestChosenAtTheEnd(t *testing.T) {
	text := strings.Replace(owned, "approval:", "endWhen: [{if: 'choices.account.env == \"prod\" && !oncall(\"db\")', because: the shift is over}]\napproval:", 1)
	c := parsed(t, text).Contracts[0]
	e := c.Evaluate(chooser("acc-1", "", ownedBy(map[string]string{"owner": "olga", "env": "prod"})))
	require.NoError(t, e.Err())
	var ends contracts.EndConditions
	nobody := access.Fact{FactQuestion: e.Draft.EndWhen[0].Asks[0], State: access.FactKnown, At: now, AsOf: &now, OnCall: &access.OnCall{People: []string{}}}
	require.Equal(t, contracts.Satisfied, ends.Evaluate(e.Draft, 0, []access.Fact{nobody}, now).Result)
	e.Draft.Choices[0].Attributes["env"] = "dev"
	require.Equal(t, contracts.NotSatisfied, ends.Evaluate(e.Draft, 0, []access.Fact{nobody}, now).Result)
}

// TestDiffSeesOwners: a stage that the owner must meet no more is a difference.
func TestDiffSeesOwners(t *testing.T) {
	before, after := parsed(t, owned), parsed(t, strings.Replace(owned, ", where: 'approver.id == choices.account.owner || choices.account.team in approver.groups'", "", 1))
	require.NotEmpty(t, after.Diff(before))
	require.Empty(t, after.Diff(after))
}
