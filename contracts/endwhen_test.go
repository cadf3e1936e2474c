package contracts_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// ends parses a small contract that asks jira about tickets, with these conditions.
func ends(t testing.TB, conditions string, more ...string) (*contracts.Set, error) {
	t.Helper()
	text := strings.Replace(contract("c", "true", "{default: 30m, max: 1h}", "{stages: [{name: a, from: [x]}]}", append([]string{"\n  ticket: {system: jira}"}, more...)...), "approval:", "endWhen: "+conditions+"\napproval:", 1)
	return contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
}

// TestEndWhenIsChecked: what could never end access, or would mislead, is refused at its
// place.
func TestEndWhenIsChecked(t *testing.T) {
	for conditions, want := range map[string]string{
		`[{if: '!ticket.open', because: the ticket was closed}]`:                            "",
		`[{if: '!ticket.open', because: the ticket was closed, unknown: keep}]`:             "",
		`[{if: '!oncall("db")', because: the shift is over, unknown: end, unknownFor: 1m}]`: "",
		`[{if: '!ticket.open'}]`:                                                                 "end_because",
		`[{if: '!ticket.open', because: ' '}]`:                                                   "end_because",
		`[{if: '!ticket.open', because: "two\nlines"}]`:                                          "end_because",
		`[{because: the ticket was closed}]`:                                                     "end_if",
		`[{if: 'person.kind == "human"', because: it is so}]`:                                    "end_if",
		`[{if: 'now > timestamp("2026-11-24T09:00:00Z") || !ticket.open', because: it is late}]`: "end_if",
		`[{if: '!ticket.open && history.size() > 3', because: it was enough}]`:                   "end_if",
		`[{if: 'ticket.opened', because: the ticket was closed}]`:                                "condition",
		`[{if: '!ticket.open', because: the ticket was closed, unknown: maybe}]`:                 "end_unknown",
		`[{if: '!ticket.open', because: the ticket was closed, unknown: keep, unknownFor: 5m}]`:  "end_unknown",
		`[{if: '!ticket.open', because: the ticket was closed, unknownFor: 30s}]`:                "end_unknown",
		`[{if: '!ticket.open', because: the ticket was closed, unknownFor: 25h}]`:                "end_unknown",
		`[{when: '!ticket.open', because: the ticket was closed}]`:                               "unknown_field",
		`[` + strings.Repeat(`{if: '!ticket.open', because: the ticket was closed}, `, 6) + `]`:  "end_when",
	} {
		t.Run(conditions, func(t *testing.T) {
			_, err := ends(t, conditions)
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.Contains(t, codes(access.IssuesOf(err)), want, "%v", err)
		})
	}
	_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(contract("c", "true", "{default: 30m, max: 1h}", "{stages: [{name: a, from: [x]}]}"),
		"approval:", "endWhen: [{if: '!ticket.open', because: the ticket was closed}]\napproval:", 1))})
	require.Contains(t, codes(access.IssuesOf(err)), "ticket_system_missing", "no source is named that could know the ticket")
}

// TestEndWhenInThePlan: approvers see under which conditions access ends, and what each
// asks; access that would end at once is refused, and so is one without its ticket.
func TestEndWhenInThePlan(t *testing.T) {
	set, err := ends(t, `[{if: '!ticket.open', because: the ticket was closed}, {if: '!oncall("db-primary")', because: the shift is over, unknown: keep}]`)
	require.NoError(t, err)
	e := asked(set, false, ticketFact(access.Ticket{Open: true}), onCallFact("alice"))
	require.NoError(t, e.Err())
	require.Equal(t, []access.EndCondition{
		{If: "!ticket.open", Because: "the ticket was closed", UnknownFor: access.Duration(10 * time.Minute), Asks: []access.FactQuestion{ticketFact(access.Ticket{}).FactQuestion}},
		{If: `!oncall("db-primary")`, Because: "the shift is over", Asks: []access.FactQuestion{onCallFact().FactQuestion}},
	}, e.Draft.EndWhen)
	require.NoError(t, asked(set, false, ticketFact(access.Ticket{Open: true})).Err(), "what is not known yet may be known soon")
	for want, facts := range map[string][]access.Fact{
		"ends_at_once":              {ticketFact(access.Ticket{}), onCallFact("alice")},
		"ends_at_once ends_at_once": {ticketFact(access.Ticket{}), onCallFact("bob")},
	} {
		require.Equal(t, want, codes(asked(set, false, facts...).Issues))
	}
	in := contracts.Input{Person: alice, Now: now, History: &access.History{}, Facts: []access.Fact{onCallFact("alice")}, Request: access.RequestInput{Reason: "the orders are stuck since two"}}
	require.Equal(t, "ticket_missing", codes(set.Contracts[0].Evaluate(in).Issues))

	set, err = ends(t, `[{if: 'ticket != "" && !ticket.open', because: the ticket was closed}]`)
	require.NoError(t, err)
	e = set.Contracts[0].Evaluate(in)
	require.NoError(t, e.Err())
	require.Empty(t, e.Draft.EndWhen, "nothing is asked about a ticket that there is not")
}

// TestEndWhenNeverLengthens: whatever is asked in whatever world, adding a condition that
// ends access neither admits a request nor makes anything of its plan longer or laxer.
func TestEndWhenNeverLengthens(t *testing.T) {
	plain, err := ends(t, `[]`)
	require.NoError(t, err)
	conditions := []string{`!ticket.open`, `ticket.severity > 2`, `!oncall("db-primary")`, `ticket != "" && ticket.assignee != person.id`, `duration > duration("20m") || !ticket.open`}
	with := map[string]*contracts.Set{}
	for _, c := range conditions {
		with[c], err = ends(t, `[{if: '`+c+`', because: it is so}]`)
		require.NoError(t, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var facts []access.Fact
		if rapid.Bool().Draw(t, "ticket known") {
			facts = append(facts, ticketFact(access.Ticket{Open: rapid.Bool().Draw(t, "open"), Severity: rapid.IntRange(0, 4).Draw(t, "severity"), Assignee: rapid.SampledFrom([]string{"", "alice", "bob"}).Draw(t, "assignee")}))
		}
		if rapid.Bool().Draw(t, "rota known") {
			facts = append(facts, onCallFact(rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "on call")))
		}
		in := contracts.Input{Person: alice, Now: now, History: &access.History{}, Facts: facts, Request: access.RequestInput{Reason: "the orders are stuck since two",
			Ticket: rapid.SampledFrom([]string{"", "OPS-1"}).Draw(t, "ticket"), Duration: rapid.SampledFrom([]string{"", "10m", "1h", "2h"}).Draw(t, "length")}}
		before := plain.Contracts[0].Evaluate(in)
		after := with[rapid.SampledFrom(conditions).Draw(t, "condition")].Contracts[0].Evaluate(in)
		if after.Err() != nil {
			return
		}
		require.NoError(t, before.Err(), "a request became possible")
		draft := after.Draft
		draft.EndWhen, draft.ContractVersion, draft.Facts = nil, before.Draft.ContractVersion, before.Draft.Facts
		require.Equal(t, before.Draft, draft)
	})
}

// TestCase100LiveConditions: while access lives a condition is true, false or not known, by
// the plan alone, and by nothing that is old or about something else.
func TestCase100LiveConditions(t *testing.T) {
	set, err := ends(t, `[{if: 'params.level > 2 && person.id == "alice" && !ticket.open', because: the ticket was closed}]`, "\n  params: {level: {type: int, default: 3}}")
	require.NoError(t, err)
	e := asked(set, false, ticketFact(access.Ticket{Open: true}))
	require.NoError(t, e.Err())
	b, err := json.Marshal(e.Draft)
	require.NoError(t, err)
	var plan access.Plan // as it is read from the ledger: numbers are JSON's
	require.NoError(t, json.Unmarshal(b, &plan))
	var live contracts.EndConditions
	other := ticketFact(access.Ticket{})
	other.Source = "mine"
	dated := ticketFact(access.Ticket{})
	dated.AsOf = new(now.Add(time.Hour))
	for name, c := range map[string]struct {
		fact access.Fact
		at   time.Time
		want contracts.Truth
	}{
		"closed":              {ticketFact(access.Ticket{}), now, contracts.Satisfied},
		"open":                {ticketFact(access.Ticket{Open: true}), now, contracts.NotSatisfied},
		"a minute old":        {ticketFact(access.Ticket{}), now.Add(time.Minute), contracts.Satisfied},
		"older":               {ticketFact(access.Ticket{}), now.Add(time.Minute + time.Second), contracts.Unevaluated},
		"of the future":       {ticketFact(access.Ticket{}), now.Add(-time.Minute), contracts.Unevaluated},
		"dated in the future": {dated, now, contracts.Unevaluated},
		"of another source":   {other, now, contracts.Unevaluated},
		"gone":                {in(access.FactAbsent, ticketFact(access.Ticket{})), now, contracts.Unevaluated},
		"unknown":             {in(access.FactUnknown, ticketFact(access.Ticket{})), now, contracts.Unevaluated},
	} {
		t.Run(name, func(t *testing.T) {
			step := live.Evaluate(plan, 0, []access.Fact{c.fact}, c.at)
			require.Equal(t, c.want, step.Result, step.Detail)
			require.NotEmpty(t, step.Detail)
		})
	}
	plan.EndWhen[0].If = "ticket.("
	require.Equal(t, contracts.Unevaluated, live.Evaluate(plan, 0, nil, now).Result, "a later Ramp's condition is not known here")
}

// TestFindingsOfEndWhen: a condition that never ends access, or always, is probably not meant.
func TestFindingsOfEndWhen(t *testing.T) {
	for condition, want := range map[string]string{
		`!ticket.open`:                               "",
		`ticket.open && !ticket.open`:                "end_never",
		`oncall("db") && !oncall("db")`:              "end_never",
		`ticket.open || !ticket.open`:                "end_always",
		`oncall("db") == ticket.open`:                "",
		`ticket.severity > 2 && ticket.severity < 1`: "", // not certain
	} {
		set, err := ends(t, `[{if: '`+condition+`', because: it is so}]`)
		require.NoError(t, err)
		var got []string
		for _, f := range set.Findings(nil) {
			if strings.HasPrefix(f.Code, "end_") {
				got = append(got, f.Code)
			}
		}
		require.Equal(t, want, strings.Join(got, " "), condition)
	}
}

// TestDiffOfEndWhen: leaving out a condition that ends access is a difference, and
// recorded requests are tried without it too.
func TestDiffOfEndWhen(t *testing.T) {
	with, err := ends(t, `[{if: '!oncall("db-primary")', because: the shift is over}]`)
	require.NoError(t, err)
	without, err := ends(t, `[]`)
	require.NoError(t, err)
	changes := without.Diff(with)
	require.NotEmpty(t, changes)
	all, err := json.Marshal(changes)
	require.NoError(t, err)
	require.Contains(t, string(all), "ends as soon as the shift is over")
	e := asked(with, false, ticketFact(access.Ticket{Open: true}), onCallFact("alice"))
	require.NoError(t, e.Err())
	var same, other contracts.BacktestReport
	with.Backtest(&same, "pack", contracts.Recorded{Plan: e.Draft, History: &access.History{}})
	require.Empty(t, same.Changes)
	without.Backtest(&other, "pack", contracts.Recorded{Plan: e.Draft, History: &access.History{}})
	require.Len(t, other.Changes, 1)
}

const laterTest = `tests:
  - name: one
    contract: c
    person: {id: alice}
    request: {reason: a good reason, ticket: OPS-1, duration: 1h}
    at: '2026-11-24T09:00:00Z'
    facts: [{ticket: OPS-1, open: true}]
    later: LATER
    expect: {stages: [a], EXPECT}
`

// TestLaterInTests: a test of a contract says what the world is later, and how long access
// lasts then.
func TestLaterInTests(t *testing.T) {
	set, err := ends(t, `[{if: '!ticket.open', because: the ticket was closed, unknownFor: 5m}]`)
	require.NoError(t, err)
	run := func(later, expect string) (contracts.TestReport, error) {
		return set.RunTests(map[string][]byte{"c_test.yaml": []byte(strings.NewReplacer("LATER", later, "EXPECT", expect).Replace(laterTest))})
	}
	const open, closed, unknown = "facts: [{ticket: OPS-1, open: true}]", "facts: [{ticket: OPS-1}]", "facts: []"
	for _, c := range []struct{ later, lasts string }{
		{"[]", "1h"},
		{"[{after: 20m, " + closed + "}]", "20m, because: the ticket was closed"},
		{"[{after: 20m, " + open + "}]", "1h"},
		{"[{after: 2h, " + closed + "}]", "1h"},
		{"[{after: 20m, " + unknown + "}]", "25m, because: 'since 2026-11-24T09:20:00Z it could not be known whether the ticket was closed'"},
		{"[{after: 20m, " + unknown + "}, {after: 24m, " + open + "}]", "1h"},
		{"[{after: 20m, " + unknown + "}, {after: 24m, " + open + "}, {after: 30m, " + unknown + "}]", "35m, because: 'since 2026-11-24T09:30:00Z it could not be known whether the ticket was closed'"},
		{"[{after: 20m, " + unknown + "}, {after: 26m, " + open + "}]", "25m, because: 'since 2026-11-24T09:20:00Z it could not be known whether the ticket was closed'"},
		{"[{after: 20m, " + unknown + "}, {after: 22m, " + closed + "}]", "22m, because: the ticket was closed"},
		{"[{after: 57m, " + unknown + "}]", "1h"},
	} {
		report, err := run(c.later, "lasts: "+c.lasts)
		require.NoError(t, err, c.later)
		require.Empty(t, report.Results[0].Failure, c.later)
	}
	report, err := run("[{after: 20m, "+closed+"}]", "lasts: 1h")
	require.NoError(t, err)
	require.Equal(t, "expected stages: a, lasts: 1h, got stages: a, lasts: 20m, because: the ticket was closed", report.Results[0].Failure)
	require.Contains(t, report.Untested, contracts.Untested{Contract: "c", Field: "endWhen[0].if", Never: []contracts.Truth{contracts.Unevaluated}}, "coverage counts what was evaluated later")
	for _, c := range []struct{ later, expect, code string }{
		{"[{after: 20m, " + closed + "}]", "duration: 1h", "test_lasts"},
		{"[{after: 20m, " + closed + "}, {after: 10m, " + open + "}]", "lasts: 20m", "test_later"},
		{"[{" + closed + "}]", "lasts: 20m", "test_later"},
		{"[]", "because: it is so", "test_lasts"},
		{"[]", "lasts: soon", "duration_malformed"},
	} {
		_, err := run(c.later, c.expect)
		require.Contains(t, codes(access.IssuesOf(err)), c.code, c.later)
	}
}
