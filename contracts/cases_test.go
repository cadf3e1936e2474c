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

// under evaluates a question under one contract of a set.
func under(t *testing.T, set *contracts.Set, name string, p access.Person, length string) contracts.Evaluation {
	c, ok := set.Find(name)
	require.True(t, ok)
	return c.Evaluate(contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: length}})
}

// twoContracts returns two contracts for one target: a strict one, and one that
// approves by itself for people on call.
func twoContracts(t *testing.T) *contracts.Set {
	return parsed(t,
		contract("strict", `"engineering" in person.groups`, `{default: 1h, max: 4h}`, `{denyThreshold: 1, stages: [{name: dba, from: [dba], approvals: 2}]}`),
		contract("quick", `"oncall" in person.groups`, `{default: 5m, max: 10m}`, `{auto: 'true'}`))
}

// TestCase17SecondContract: what one contract guards, another contract opens only
// to people whom it admits itself, and never without saying who approves.
func TestCase17SecondContract(t *testing.T) {
	set := twoContracts(t)
	require.Equal(t, "not_eligible", codes(under(t, set, "quick", alice, "5m").Issues))
	require.Len(t, set.Offers(contracts.Input{Person: alice, Now: now}), 1, "the catalogue does not list it for her")
	for _, approval := range []string{`{}`, `{stages: []}`, `{pendingFor: 1h}`, `{auto: ''}`} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("open", "true", `{default: 1h, max: 4h}`, approval))})
		require.Contains(t, codes(access.IssuesOf(err)), "approval_missing", approval)
	}
}

// TestCase19NothingIsMerged: a person whom several contracts admit gets one of
// them whole, its approvers with its length.
func TestCase19NothingIsMerged(t *testing.T) {
	set := twoContracts(t)
	both := alice
	both.Groups = []string{"engineering", "oncall"}

	e := under(t, set, "strict", both, "4h")
	require.NoError(t, e.Err())
	require.False(t, e.Draft.Rule.Auto, "the automatic approval is the other contract's")
	require.Equal(t, 2, e.Draft.Rule.Stages[0].Approvals)
	require.Equal(t, "duration_over_max", codes(under(t, set, "quick", both, "4h").Issues), "the length is the other contract's")
	e = under(t, set, "quick", both, "10m")
	require.True(t, e.Draft.Rule.Auto)
	require.Equal(t, access.Duration(10*time.Minute), e.Draft.Duration)
}

// TestCase21WiderThanMeant: a pattern matches all of a value or nothing of it,
// and a value that is filled into an entitlement is not read as a template.
func TestCase21WiderThanMeant(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 1h, max: 1h}`, `{stages: [{name: a, from: [x]}]}`, `
  params:
    table: {type: string, pattern: 'orders|refunds_[a-z]+', required: true}`))
	ask := func(table any) contracts.Evaluation {
		return set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now,
			Request: access.RequestInput{Reason: "the orders are stuck since two", Params: map[string]any{"table": table}}})
	}
	for _, good := range []string{"orders", "refunds_eu"} {
		require.NoError(t, ask(good).Err())
	}
	for _, bad := range []any{"orders2", "my_orders", "orders\n", "orders\nusers", "refunds_", "refunds_eu;drop", "refunds_{{person.id}}", "*", "ORDERS", "", []any{"orders"}, nil} {
		require.Error(t, ask(bad).Err(), "%q", bad)
	}
	_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("c", "true", `{default: 1h, max: 1h}`, `{auto: 'true'}`, `
  params:
    table: {type: string, required: true}`))})
	require.Contains(t, codes(access.IssuesOf(err)), "param_open")
}

// TestCase21Escapes: a text that is a regular expression only between parentheses
// or anchors that are put around it is refused.
func TestCase21Escapes(t *testing.T) {
	for _, text := range []string{`orders)|(refunds`, `orders)|(?:refunds`, `a)(`, `)`, `(`, `orders\`, `(?#a)b`, `[a`} {
		for _, where := range []string{"\n  params:\n    table: {type: string, required: true, pattern: '" + text + "'}", "\n  ticket: {pattern: '" + text + "'}"} {
			_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("c", "true", `{default: 1h, max: 1h}`, `{auto: 'true'}`, where))})
			require.Equal(t, "pattern", codes(access.IssuesOf(err)), text)
		}
	}
}

// TestCase21NothingIsDisclosed: a person who is not eligible learns neither the
// condition nor the facts it read.
func TestCase21NothingIsDisclosed(t *testing.T) {
	set := parsed(t, contract("c", `person.attributes["salary"] == "high"`, `{default: 1h, max: 1h}`, `{auto: 'true'}`))
	for _, p := range []access.Person{{ID: "eve", Attributes: map[string]string{"salary": "low"}}, {ID: "eve"}} {
		for _, i := range under(t, set, "c", p, "1h").Issues {
			require.NotContains(t, i.Message, "salary")
			require.NotContains(t, i.Message, "low")
		}
	}
}

// TestHostileFiles: a file that would exhaust time or memory is refused before it
// is parsed.
func TestHostileFiles(t *testing.T) {
	good := contract("c", "true", `{default: 1h, max: 1h}`, `{auto: 'true'}`)
	deep := func(open, shut string) string {
		return strings.Replace(good, "{role: admin}", "{role: "+strings.Repeat(open, 50_000)+strings.Repeat(shut, 50_000)+"}", 1)
	}
	bomb := "{a0: &a0 [x, x]"
	for i := 1; i < 60; i++ {
		bomb += fmt.Sprintf(", a%d: &a%d [*a%d, *a%d]", i, i, i-1, i-1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"brackets":           {deep("[", "]"), "yaml_depth"},
		"brackets, open":     {deep("[", ""), "yaml_depth"},
		"braces":             {deep("{a", "}"), "yaml_depth"},
		"entries":            {"a: \n  " + strings.Repeat("- ", 50_000), "yaml_depth"},
		"keys":               {strings.Repeat("? ", 50_000), "yaml_key"},
		"aliases":            {strings.Replace(good, "{role: admin}", bomb+"}", 1), "yaml_alias"},
		"an alias of itself": {"a: &a [*a]", "yaml_alias"},
		"large":              {good + strings.Repeat("#", 256<<10), "file_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(c.text)})
			require.Equal(t, c.want, codes(access.IssuesOf(err)))
		})
	}
}
