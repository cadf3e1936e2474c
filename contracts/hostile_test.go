package contracts_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// hostile are conditions that would take minutes, or much memory, to evaluate for somebody
// in 200 groups. Each reads only the person, so that it may stand everywhere.
var hostile = map[string]string{
	"loops in loops":               `person.groups.all(a, person.groups.all(b, person.groups.all(c, a + b + c != "x")))`,
	"an expression of many steps":  `person.groups.all(a, person.groups.all(b, !a.matches("(a?){1000}z")))`,
	"and as a function":            `person.groups.all(a, person.groups.all(b, !matches(a, "(a?){1000}z")))`,
	"lists of lists":               `person.groups.map(a, person.groups.map(b, person.groups.map(c, [a, b, c]))).size() > 0`,
	"texts that grow":              `person.groups.map(a, person.groups.map(b, a + a + a + a + b + b + b + b)).size() > 0`,
	"what is compared is compared": `person.groups.all(a, person.groups.all(b, person.groups == person.groups))`,
}

// TestCostLimitHolds: in every place of a contract that has a condition, one that would take
// too long is given up and counts as not evaluated: it admits nobody and nothing, and takes
// nobody away who must approve. With a condition in its place that is cheap, the same
// request is decided.
func TestCostLimitHolds(t *testing.T) {
	const length, stages = `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`
	refused := func(code string) func(t *testing.T, e contracts.Evaluation) {
		return func(t *testing.T, e contracts.Evaluation) { require.Equal(t, code, codes(e.Issues)) }
	}
	for field, c := range map[string]struct {
		text  func(condition string) string
		glass bool
		holds func(t *testing.T, e contracts.Evaluation)
	}{
		"request.who": {func(x string) string { return contract("c", x, length, stages) }, false, refused("who_unevaluated")},
		"approval.auto": {func(x string) string {
			return contract("c", "true", length, `{auto: '`+x+`', autoUpTo: 1h, stages: [{name: a, from: [x]}]}`)
		}, false, func(t *testing.T, e contracts.Evaluation) {
			require.False(t, e.Draft.Rule.Auto)
			require.Len(t, e.Draft.Rule.Stages, 1)
		}},
		"approval.stages.b.when": {func(x string) string {
			return contract("c", "true", length, `{stages: [{name: a, from: [x]}, {name: b, from: [y], when: '!(`+x+`)'}]}`)
		}, false, func(t *testing.T, e contracts.Evaluation) { require.Len(t, e.Draft.Rule.Stages, 2) }},
		"approval.stages.a.where": {func(x string) string {
			return contract("c", "true", length, `{stages: [{name: a, from: [x], where: 'approver.id != "x" && (`+x+`)'}]}`)
		}, false, refused("nobody_approves")},
		"extend.approvers.where": {func(x string) string {
			return contract("c", "true", length, stages) + `extend: {times: 1, upTo: 3h, approvers: {from: [x], where: 'approver.id != "x" && (` + x + `)'}}`
		}, false, func(t *testing.T, e contracts.Evaluation) { require.Nil(t, e.Draft.Extend) }},
		"request.ticket.when": {func(x string) string {
			return contract("c", "true", length, stages, "\n  ticket: {when: '!("+x+")'}")
		}, false, refused("ticket_missing")},
		"breakGlass.who": {func(x string) string {
			return contract("c", "true", length, stages) + `breakGlass: {who: '` + x + `', max: 1h, reviewWithin: 1h, reviewers: [z]}`
		}, true, refused("break_glass_unevaluated")},
		"request.params.account.choices.where": {func(x string) string {
			return contract("c", "true", length, stages, "\n  params: {account: {type: string, default: acc-00001, choices: {from: t/t, list: accounts, where: '"+x+"'}}}")
		}, false, func(t *testing.T, e contracts.Evaluation) { require.Equal(t, "choice_not_allowed", codes(e.Issues)) }},
	} {
		t.Run(field, func(t *testing.T) {
			in := contracts.Input{Person: crowded(), Now: now, History: &access.History{}, Inventories: []*access.Inventory{accounts(3)},
				Request: access.RequestInput{Reason: "the orders are stuck since two", BreakGlass: c.glass}}
			step := func(condition string) (contracts.Step, contracts.Evaluation) {
				set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(c.text(condition))})
				require.NoError(t, err)
				e := set.Contracts[0].Evaluate(in)
				i := slices.IndexFunc(e.Trace, func(s contracts.Step) bool { return s.Field == field })
				require.GreaterOrEqual(t, i, 0, "%v", e.Trace)
				return e.Trace[i], e
			}
			s, e := step(`size(person.groups) == 200`)
			require.NotEqual(t, contracts.Unevaluated, s.Result, s.Detail)
			require.NoError(t, e.Err())
			for _, name := range slices.Sorted(maps.Keys(hostile)) {
				s, e := step(hostile[name])
				require.Equal(t, contracts.Unevaluated, s.Result, "%s: %s", name, s.Detail)
				if !strings.HasSuffix(field, "approvers.where") && field != "approval.stages.a.where" {
					require.Contains(t, s.Detail, "cost limit", name)
				}
				c.holds(t, e)
			}
		})
	}
	t.Run("endWhen", func(t *testing.T) {
		var live contracts.EndConditions
		ending := func(condition string) contracts.Truth {
			set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("c", "true", length, stages) + `endWhen: [{if: 'oncall("db-primary") && (` + condition + `)', because: it is so}]`)})
			require.NoError(t, err)
			e := set.Contracts[0].Evaluate(contracts.Input{Person: crowded(), Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two"}})
			require.NoError(t, e.Err(), "what is not known does not end access yet")
			return live.Evaluate(e.Draft, 0, []access.Fact{onCallFact("crowded")}, now).Result
		}
		require.Equal(t, contracts.Satisfied, ending(`size(person.groups) == 200`))
		for name, condition := range hostile {
			require.Equal(t, contracts.Unevaluated, ending(condition), name)
		}
	})
}

// crowded is somebody in 200 groups.
func crowded() access.Person {
	p := access.Person{ID: "crowded", Kind: access.KindHuman}
	for i := range 200 {
		p.Groups = append(p.Groups, fmt.Sprintf("%060d", i))
	}
	return p
}

// TestTemplatesAreBounded: what an entitlement becomes is bounded by how many references it
// may have: a file full of them could stand for hundreds of megabytes in the plan of each
// request.
func TestTemplatesAreBounded(t *testing.T) {
	text := func(n int) string {
		return strings.Replace(contract("c", "true", `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`, "\n  params: {free: {type: string, pattern: 'a*', maxLength: 4000, required: true}}"),
			"role: admin", "roles: ['"+strings.Repeat("{{ params.free }}", n/2)+"', {in: '"+strings.Repeat("{{params.free}}", n-n/2)+"'}]", 1)
	}
	_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text(101))})
	require.Equal(t, "template", codes(access.IssuesOf(err)))
	require.ErrorContains(t, err, "an entitlement may have 100 references like {{ params.NAME }}, and this has 101")
	e := parsed(t, text(100)).Contracts[0].Evaluate(contracts.Input{Person: crowded(), Now: now,
		Request: access.RequestInput{Reason: "the orders are stuck since two", Params: map[string]any{"free": strings.Repeat("a", 4000)}}})
	require.NoError(t, e.Err())
	filled, err := json.Marshal(e.Draft.Grants[0].Entitlement["roles"])
	require.NoError(t, err)
	require.Equal(t, 400_000, strings.Count(string(filled), "a"))
}
