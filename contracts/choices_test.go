package contracts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// choosing returns a contract with one param whose values come from an inventory.
func choosing(t *testing.T, param string) *contracts.Contract {
	return parsed(t, `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: '"a" in person.groups'
  params: {account: {type: string, required: true, `+param+`}}
  reason: {optional: true}
duration: {default: 30m, max: 2h}
grants: [{target: t/t, entitlement: {role: '{{ params.account }}'}}]
approval: {stages: [{name: a, from: [x]}]}
`).Contracts[0]
}

// accounts returns an inventory of n accounts of ten teams.
func accounts(n int) *access.Inventory {
	i := &access.Inventory{Target: "t/t", List: "accounts", At: now.Add(-time.Minute), Digest: "sha256:accounts"}
	for k := range n {
		i.Choices = append(i.Choices, access.Choice{Value: fmt.Sprintf("acc-%05d", k), Label: fmt.Sprintf("Account %d", k), Attributes: map[string]string{"team": fmt.Sprintf("team-%d", k%10)}})
	}
	return i
}

func chooser(value string, team string, i ...*access.Inventory) contracts.Input {
	return contracts.Input{Person: access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{"a"}, Attributes: map[string]string{"team": team}}, Now: now,
		Inventories: i, Request: access.RequestInput{Params: map[string]any{"account": value}}}
}

const fromAccounts = "choices: {from: t/t, list: accounts, where: 'choice.team == person.team'"

// TestChoices: what the inventory has and the condition lets through is chosen, with
// where it comes from in the plan; all else is refused, with what is allowed.
func TestChoices(t *testing.T) {
	c := choosing(t, fromAccounts+"}")
	require.Equal(t, []access.InventoryName{{Target: "t/t", List: "accounts"}}, c.Inventories())
	all := accounts(100)
	e := c.Evaluate(chooser("acc-00012", "team-2", all))
	require.NoError(t, e.Err())
	require.Equal(t, []access.Chosen{{Param: "account", Target: "t/t", List: "accounts", Choice: all.Choices[12], Inventory: "sha256:accounts", At: all.At}}, e.Draft.Choices)
	require.Equal(t, access.Entitlement{"role": "acc-00012"}, e.Draft.Grants[0].Entitlement)
	require.Contains(t, fmt.Sprint(c.Explain(e.Draft)), "account: acc-00012 (Account 12), team team-2; one of the accounts of t/t as of 2026-11-24T02:13:00Z")
	require.Contains(t, fmt.Sprint(e.Trace), "request.params.account.choices.where")

	for _, r := range []struct {
		name, code, says string
		in               contracts.Input
	}{
		{"what another team has", "choice_not_allowed", `"account" cannot be "acc-00013"; did you mean "acc-00012"? 10 are open to you`, chooser("acc-00013", "team-2", all)},
		{"what there is not", "choice_not_allowed", `"account" cannot be "acc-99912"`, chooser("acc-99912", "team-2", all)},
		{"few are listed", "choice_not_allowed", `; allowed are acc-00002`, chooser("x", "team-2", accounts(10))},
		{"nothing is open", "choice_not_allowed", `; none of the accounts of t/t is open to you`, chooser("acc-00012", "nobody", all)},
		{"nothing is known", "choices_unknown", "no worker has said what the accounts of t/t are, so nothing of it can be chosen", chooser("acc-00012", "team-2")},
		{"another target's", "choices_unknown", "no worker has said", chooser("acc-00012", "team-2", &access.Inventory{Target: "t/other", List: "accounts", At: now, Choices: all.Choices})},
	} {
		e := c.Evaluate(r.in)
		require.Equal(t, r.code, codes(e.Issues), r.name)
		require.Contains(t, e.Issues[0].Message, r.says, r.name)
	}
	who := chooser("acc-00013", "team-2", all)
	who.Person.Groups = nil
	require.Equal(t, "not_eligible", codes(c.Evaluate(who).Issues), "who may not ask learns nothing of what there is")

	absent, hidden := c.Evaluate(chooser("acc-99912", "team-2", all)), c.Evaluate(chooser("acc-00092", "team-3", all))
	require.Equal(t, strings.NewReplacer("acc-99912", "X").Replace(absent.Issues[0].Message[:30]), strings.NewReplacer("acc-00092", "X").Replace(hidden.Issues[0].Message[:30]), "what others may choose is refused as what is not there")
}

// TestChoicesAge: what is too old, or from the future, is not known; then a pattern alone
// bounds the value only where the contract says so, and the plan says so too.
func TestChoicesAge(t *testing.T) {
	at := func(age time.Duration) *access.Inventory { i := accounts(20); i.At = now.Add(-age); return i }
	usual, short := choosing(t, fromAccounts+"}"), choosing(t, fromAccounts+", maxAge: 10m}")
	byPattern := choosing(t, "pattern: 'acc-[0-9]{5}', "+fromAccounts+", ifUnknown: pattern}")
	for _, c := range []struct {
		contract *contracts.Contract
		age      time.Duration
		want     string
	}{
		{usual, time.Hour, ""}, {usual, time.Hour + time.Second, "choices_unknown"}, {usual, -31 * time.Second, "choices_unknown"}, {usual, -time.Second, ""},
		{short, 10 * time.Minute, ""}, {short, 11 * time.Minute, "choices_unknown"},
		{byPattern, 2 * time.Hour, ""},
	} {
		require.Equal(t, c.want, codes(c.contract.Evaluate(chooser("acc-00002", "team-2", at(c.age))).Issues), "%s", c.age)
	}
	e := byPattern.Evaluate(chooser("acc-77777", "team-2", at(2*time.Hour)))
	require.NoError(t, e.Err())
	require.False(t, e.Draft.Choices[0].Known())
	require.Contains(t, e.Draft.Choices[0].String(), "by its pattern alone, since the accounts of t/t were not known")
	require.Equal(t, "param_not_allowed", codes(byPattern.Evaluate(chooser("admin", "team-2", at(2*time.Hour))).Issues))
	require.Equal(t, "choice_not_allowed", codes(byPattern.Evaluate(chooser("acc-77777", "team-2", at(time.Minute))).Issues), "where it is known, it counts")
}

// TestChoicesMax: where the condition lets more through than the contract allows for,
// nothing can be chosen.
func TestChoicesMax(t *testing.T) {
	c := choosing(t, fromAccounts+", max: 10}")
	require.NoError(t, c.Evaluate(chooser("acc-00002", "team-2", accounts(100))).Err())
	e := c.Evaluate(chooser("acc-00002", "team-2", accounts(110)))
	require.Equal(t, "choices_too_many", codes(e.Issues))
	page, err := c.Choices(chooser("", "team-2", accounts(110)), "account", "", "", 50)
	require.NoError(t, err)
	require.Empty(t, page.Items)
	require.NotEmpty(t, page.Unknown)
}

// TestChoicesAreRefused: mistakes in what is written.
func TestChoicesAreRefused(t *testing.T) {
	for _, c := range []struct{ param, want string }{
		{"type: string, choices: {list: x}", "choices_from"},
		{"type: string, choices: {from: t}", "choices_list"},
		{"type: string, choices: {from: t, list: X}", "choices_list"},
		{"type: string, choices: {from: t, list: x, max: 0}", "choices_max"},
		{"type: string, choices: {from: t, list: x, max: 10001}", "choices_max"},
		{"type: string, choices: {from: t, list: x, where: 'choice.team == params.x'}", "condition"},
		{"type: string, choices: {from: t, list: x, where: 'history.size() > 0'}", "condition"},
		{"type: string, choices: {from: t, list: x, where: 'choice.team'}", "condition"},
		{"type: string, choices: {from: t, list: x, maxAge: 4m}", "choices_age"},
		{"type: string, choices: {from: t, list: x, maxAge: 169h}", "choices_age"},
		{"type: string, choices: {from: t, list: x, ifUnknown: allow}", "choices_unknown"},
		{"type: string, choices: {from: t, list: x, ifUnknown: pattern}", "choices_pattern"},
		{"type: int, choices: {from: t, list: x}", "param_field"},
		{"type: string, choices: {}", "choices_from choices_list"},
	} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(valid, "type: string, enum: [eu, us]", c.param, 1))})
		require.Equal(t, c.want, codes(access.IssuesOf(err)), "%s", c.param)
	}
}

// TestChoicePages: pages hold all that may be chosen, once and in order, and what is
// searched for.
func TestChoicePages(t *testing.T) {
	c := choosing(t, "pattern: 'acc-0[0-9]{4}', "+fromAccounts+"}")
	all := accounts(2000)
	var got []string
	in := chooser("", "team-7", all)
	for after, n := "", 0; ; n++ {
		page, err := c.Choices(in, "account", "", after, 30)
		require.NoError(t, err)
		require.Equal(t, "sha256:accounts", page.Inventory)
		for _, one := range page.Items {
			got = append(got, one.Value)
		}
		if after = page.NextCursor; after == "" {
			break
		}
		require.Less(t, n, 20)
	}
	require.Len(t, got, 200)
	require.True(t, slices.IsSorted(got))
	page, err := c.Choices(in, "account", "ACCOUNT 1997", "", 30)
	require.NoError(t, err)
	require.Equal(t, []access.Choice{all.Choices[1997]}, page.Items)
	require.Empty(t, page.NextCursor)
	page, err = c.Choices(in, "account", "nothing like it", "", 30)
	require.NoError(t, err)
	require.Empty(t, page.Items)
	page, err = c.Choices(chooser("", "team-7"), "account", "", "", 30)
	require.NoError(t, err)
	require.Contains(t, page.Unknown, "no worker has said")
	_, err = c.Choices(in, "acount", "", "", 30)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	require.ErrorContains(t, err, `did you mean "account"?`)
}

// TestChoicesAreWhatCanBeAsked: whatever there is, a person is shown just what a request
// of theirs is not refused for, and a backtest of the plan comes to the same.
func TestChoicesAreWhatCanBeAsked(t *testing.T) {
	contract := func(param string) *contracts.Contract { return choosing(t, param) }
	all := []*contracts.Contract{contract(fromAccounts + "}"), contract("pattern: 'a.*', " + fromAccounts + ", max: 3}"), contract("choices: {from: t/t, list: accounts}"),
		contract("choices: {from: t/t, list: accounts, where: 'choice.value != person.id && choice.attributes.size() < 2'}"), contract("maxLength: 2, " + fromAccounts + ", ifUnknown: refuse}")}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(all).Draw(t, "contract")
		word := rapid.SampledFrom([]string{"a", "ab", "abc", "b", "p", "é"})
		i := &access.Inventory{Target: "t/t", List: "accounts", At: now, Digest: "sha256:x"}
		for _, value := range rapid.SliceOfDistinct(word, rapid.ID).Draw(t, "values") {
			one := access.Choice{Value: value, Attributes: map[string]string{}}
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"team", "env", "x"}), rapid.ID).Draw(t, "attributes") {
				one.Attributes[name] = rapid.SampledFrom([]string{"", "t", "u"}).Draw(t, "attribute")
			}
			i.Choices = append(i.Choices, one)
		}
		slices.SortFunc(i.Choices, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
		require.Empty(t, i.Validate())
		team := rapid.SampledFrom([]string{"", "t", "u"}).Draw(t, "team")
		page, err := c.Choices(chooser("", team, i), "account", "", "", contracts.MaxChoicesPerPage)
		require.NoError(t, err)
		for _, value := range []string{"a", "ab", "abc", "b", "p", "é", "z"} {
			e := c.Evaluate(chooser(value, team, i))
			shown := slices.ContainsFunc(page.Items, func(one access.Choice) bool { return one.Value == value })
			require.Equal(t, shown, e.Err() == nil, "%s: %v", value, e.Issues)
			if e.Err() != nil {
				continue
			}
			var report contracts.BacktestReport
			p := e.Draft
			(&contracts.Set{Contracts: []*contracts.Contract{c}}).Backtest(&report, "here", contracts.Recorded{Plan: p})
			require.Empty(t, report.Changes)
		}
	})
}

// TestDiffSeesChoices: a condition on choices that is taken away is a difference.
func TestDiffSeesChoices(t *testing.T) {
	set := func(c *contracts.Contract) *contracts.Set { return &contracts.Set{Contracts: []*contracts.Contract{c}} }
	narrow, wide := set(choosing(t, fromAccounts+"}")), set(choosing(t, "choices: {from: t/t, list: accounts}"))
	changes := wide.Diff(narrow)
	require.NotEmpty(t, changes)
	require.Equal(t, "possible", changes[0].Kind)
	require.Empty(t, wide.Diff(wide))
}
