package contracts_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/strictjson"
)

// onCallFact says who is on call for db-primary.
func onCallFact(people ...string) access.Fact {
	return access.Fact{FactQuestion: access.FactQuestion{Kind: access.FactOnCall, Source: access.OnCallSource, Key: "db-primary"},
		State: access.FactKnown, At: now, AsOf: &now, OnCall: &access.OnCall{People: people}}
}

// ticketFact is what jira says of OPS-1.
func ticketFact(t access.Ticket) access.Fact {
	return access.Fact{FactQuestion: access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-1"},
		State: access.FactKnown, At: now, AsOf: &now, Ticket: &t}
}

// in puts a fact into another state.
func in(s access.FactState, f access.Fact) access.Fact {
	f.State, f.Ticket, f.OnCall, f.Why = s, nil, nil, "it does not respond"
	return f
}

// asked evaluates a request with a ticket under the only contract of a set.
func asked(set *contracts.Set, breakGlass bool, facts ...access.Fact) contracts.Evaluation {
	return set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Facts: facts, History: &access.History{},
		Request: access.RequestInput{Reason: "the orders are stuck since two", Ticket: "OPS-1", BreakGlass: breakGlass}})
}

// TestCase92OnCallCondition: being on call is true, false or not known, and what is not known
// opens nothing by either of its signs.
func TestCase92OnCallCondition(t *testing.T) {
	later, earlier := now.Add(time.Hour), now
	until := func(at time.Time) access.Fact {
		f := onCallFact("alice")
		f.OnCall.Until = &at
		return f
	}
	for _, c := range []struct {
		name string
		fact []access.Fact
		is   contracts.Truth
	}{
		{"by id", []access.Fact{onCallFact("bob", "alice")}, contracts.Satisfied},
		{"until later", []access.Fact{until(later)}, contracts.Satisfied},
		{"the shift is over", []access.Fact{until(earlier)}, contracts.NotSatisfied},
		{"somebody else", []access.Fact{onCallFact("bob")}, contracts.NotSatisfied},
		{"nobody", []access.Fact{onCallFact()}, contracts.NotSatisfied},
		{"no such schedule", []access.Fact{in(access.FactAbsent, onCallFact())}, contracts.Unevaluated},
		{"not known", []access.Fact{in(access.FactUnknown, onCallFact())}, contracts.Unevaluated},
		{"not asked", nil, contracts.Unevaluated},
		{"of another source", []access.Fact{func() access.Fact { f := onCallFact("alice"); f.Source = "jira"; return f }()}, contracts.Unevaluated},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, not := range []string{"", "!"} {
				set, err := parse(t, `{auto: '`+not+`oncall("db-primary")', stages: [{name: a, from: [x]}]}`)
				require.NoError(t, err)
				e := asked(set, false, c.fact...)
				require.NoError(t, e.Err())
				want := c.is == contracts.Satisfied && not == "" || c.is == contracts.NotSatisfied && not == "!"
				require.Equal(t, want, e.Draft.Rule.Auto)
				require.Equal(t, c.is == contracts.Unevaluated, e.Trace[1].Result == contracts.Unevaluated, "%+v", e.Trace)
				require.NotEmpty(t, e.Trace[1].Detail)
			}
		})
	}
}

// TestCase92FactsOfNowAndALaterStart: who is on call now is known to be so until their
// shift ends, and a ticket may be closed by then: neither approves what begins later.
func TestCase92FactsOfNowAndALaterStart(t *testing.T) {
	set, err := parse(t, `{auto: 'oncall("db-primary")', stages: [{name: a, from: [x]}]}`)
	require.NoError(t, err)
	ends := now.Add(time.Hour)
	shift, open := onCallFact("alice"), onCallFact("alice")
	shift.OnCall.Until = &ends
	for _, c := range []struct {
		name  string
		fact  access.Fact
		start time.Duration
		auto  bool
	}{
		{"at once", open, 0, true},
		{"within the shift", shift, 30 * time.Minute, true},
		{"when the shift is over", shift, time.Hour, false},
		{"next month", shift, 29 * 24 * time.Hour, false},
		{"later, and nobody says until when the shift lasts", open, 30 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := contracts.Input{Person: alice, Now: now, Facts: []access.Fact{c.fact}, History: &access.History{},
				Request: access.RequestInput{Reason: "the orders are stuck since two", Ticket: "OPS-1"}}
			if c.start > 0 {
				in.Request.StartAt = new(now.Add(c.start))
			}
			e := set.Contracts[0].Evaluate(in)
			require.NoError(t, e.Err())
			require.Equal(t, c.auto, e.Draft.Rule.Auto)
		})
	}
}

// TestOnCallNames: the schedule is written out, so that the server can ask.
func TestOnCallNames(t *testing.T) {
	for text, want := range map[string]string{
		`oncall("db-primary")`:                           "",
		`oncall(reason)`:                                 "condition",
		`oncall("")`:                                     "condition",
		`oncall("a ")`:                                   "condition",
		`oncall("dаtabase")`:                             "condition", // a Cyrillic letter
		`["x"].exists(s, oncall(s))`:                     "condition",
		`oncall("db-primary") == "yes"`:                  "condition",
		`ticket.severity < 3`:                            "ticket_system_missing",
		`ticket.severity == "1"`:                         "condition",
		`has(ticket.severity)`:                           "condition",
		`ticket == "OPS-1" && duration > duration("1s")`: "",
	} {
		_, err := parse(t, "{auto: '"+text+"', stages: [{name: a, from: [x]}]}")
		require.Equal(t, want, codes(access.IssuesOf(err)), text)
	}
	set, err := parse(t, `{stages: [{name: a, from: [x], when: 'oncall("one") || oncall("two")', where: 'approver.id != "x" && oncall("three")'}, {name: b, from: [x]}]}`)
	require.NoError(t, err)
	var keys []string
	for _, q := range set.Contracts[0].Questions(access.RequestInput{Ticket: "OPS-1"}) {
		keys = append(keys, q.Key)
	}
	require.Equal(t, []string{"one", "three", "two"}, keys, "and no ticket, since no system is named")
}

const withTicket = "\n  ticket: {required: true, system: jira, open: true, assignedToRequester: true, project: OPS, type: 'incident|change', severity: '[12]'}"

// TestCase92TicketFacts: a ticket is as the contract wants it, by what its system says.
func TestCase92TicketFacts(t *testing.T) {
	good := access.Ticket{Open: true, Project: "OPS", Type: "incident", Severity: 2, Assignee: "alice"}
	with := func(change func(*access.Ticket)) access.Fact {
		c := good
		change(&c)
		return ticketFact(c)
	}
	set := parsed(t, contract("c", "true", `{default: 30m, max: 2h}`, `{auto: 'ticket.severity <= 1', stages: [{name: a, from: [x]}]}`, withTicket)+
		"breakGlass: {who: 'true', max: 30m, reviewWithin: 1h, reviewers: [sec]}\n")
	for _, c := range []struct {
		name string
		fact access.Fact
		want string
	}{
		{"good", ticketFact(good), ""},
		{"assigned by address", with(func(k *access.Ticket) { k.Assignee = "Alice@Example.com" }), ""},
		{"closed", with(func(k *access.Ticket) { k.Open = false }), "ticket_closed"},
		{"somebody else's", with(func(k *access.Ticket) { k.Assignee = "bob" }), "ticket_not_yours"},
		{"nobody's", with(func(k *access.Ticket) { k.Assignee = "" }), "ticket_not_yours"},
		{"another project", with(func(k *access.Ticket) { k.Project = "OPSX" }), "ticket_project"},
		{"of no project", with(func(k *access.Ticket) { k.Project = "" }), "ticket_project"},
		{"another type", with(func(k *access.Ticket) { k.Type = "task" }), "ticket_type"},
		{"another severity", with(func(k *access.Ticket) { k.Severity = 3 }), "ticket_severity"},
		{"of no severity", with(func(k *access.Ticket) { k.Severity = 0 }), "ticket_severity"},
		{"two mistakes", with(func(k *access.Ticket) { k.Open, k.Type = false, "task" }), "ticket_closed ticket_type"},
		{"no such ticket", in(access.FactAbsent, ticketFact(good)), "ticket_absent"},
		{"not known", in(access.FactUnknown, ticketFact(good)), "ticket_unknown"},
		{"of another ticket", func() access.Fact { f := ticketFact(good); f.Key = "OPS-2"; return f }(), "ticket_unknown"},
		{"of another system", func() access.Fact { f := ticketFact(good); f.Source = "github"; return f }(), "ticket_unknown"},
		{"known without a ticket", func() access.Fact { f := ticketFact(good); f.Ticket = nil; return f }(), "ticket_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := askedWithAddress(set, false, c.fact)
			require.Equal(t, c.want, codes(e.Issues))
			if c.want == "" {
				require.Equal(t, []access.Fact{c.fact}, e.Draft.Facts)
				require.False(t, e.Draft.Rule.Auto)
			}
			if c.want == "ticket_unknown" {
				require.Equal(t, contracts.CouldNotEvaluate, e.Result)
				require.NoError(t, askedWithAddress(set, true, c.fact).Err(), "break glass is the way out")
			}
		})
	}
	require.Equal(t, "ticket_closed", codes(askedWithAddress(set, true, with(func(k *access.Ticket) { k.Open = false })).Issues), "what is known holds break glass too")
	require.True(t, askedWithAddress(set, false, with(func(k *access.Ticket) { k.Severity = 1 })).Draft.Rule.Auto)
}

// askedWithAddress is asked by alice with an address.
func askedWithAddress(set *contracts.Set, breakGlass bool, facts ...access.Fact) contracts.Evaluation {
	p := alice
	p.Email, p.EmailVerified = "alice@example.com", true
	return set.Contracts[0].Evaluate(contracts.Input{Person: p, Now: now, Facts: facts, History: &access.History{},
		Request: access.RequestInput{Reason: "the orders are stuck since two", Ticket: "OPS-1", BreakGlass: breakGlass}})
}

// TestTicketSystemFields: what needs a system says so at its place.
func TestTicketSystemFields(t *testing.T) {
	for text, want := range map[string]string{
		"{open: true}":                     "ticket_system_missing",
		"{severity: '1'}":                  "ticket_system_missing",
		"{system: 'Jira'}":                 "ticket_system",
		"{system: jira, project: '('}":     "pattern",
		"{system: jira, open: true}":       "",
		"{system: jira, severity: '[12]'}": "",
	} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("c", "true", `{default: 30m, max: 2h}`, `{auto: 'true'}`, "\n  ticket: "+text))})
		require.Equal(t, want, codes(access.IssuesOf(err)), text)
	}
}

// TestEvaluationIsAFunctionOfWhatIsRecorded: plan and evaluation, read back from their
// JSON, give the same again, whatever the world says by then.
func TestEvaluationIsAFunctionOfWhatIsRecorded(t *testing.T) {
	set := parsed(t, contract("c", `!oncall("never") || "engineering" in person.groups`, `{default: 30m, max: 2h}`,
		`{auto: 'oncall("db-primary") && ticket.severity <= 2', stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'ticket.open'}]}`, "\n  ticket: {system: jira}"))
	c := set.Contracts[0]
	rapid.Check(t, func(rt *rapid.T) {
		state := rapid.SampledFrom([]access.FactState{access.FactKnown, access.FactAbsent, access.FactUnknown})
		fact := func(f access.Fact, name string) access.Fact {
			if s := state.Draw(rt, name); s != access.FactKnown {
				return in(s, f)
			}
			return f
		}
		facts := []access.Fact{
			fact(onCallFact(rapid.SampledFrom([]string{"alice", "bob"}).Draw(rt, "who")), "schedule"),
			fact(ticketFact(access.Ticket{Open: rapid.Bool().Draw(rt, "open"), Severity: rapid.IntRange(0, 4).Draw(rt, "severity")}), "ticket"),
			{FactQuestion: access.FactQuestion{Kind: access.FactOnCall, Source: access.OnCallSource, Key: "asked by nobody"}, State: access.FactKnown, OnCall: &access.OnCall{People: []string{"alice"}}},
		}
		first := asked(set, false, facts...)
		if first.Err() != nil {
			return
		}
		b, err := json.Marshal(first.Draft)
		require.NoError(rt, err)
		var recorded access.Plan
		require.NoError(rt, strictjson.Unmarshal(b, &recorded))
		again := c.Evaluate(contracts.Input{Person: recorded.Requester, Now: recorded.CreatedAt, Facts: recorded.Facts, History: &access.History{},
			Request: access.RequestInput{Reason: recorded.Reason, Ticket: recorded.Ticket}})
		require.Equal(rt, fmt.Sprint(first.Trace), fmt.Sprint(again.Trace))
		twice, err := json.Marshal(again.Draft)
		require.NoError(rt, err)
		require.JSONEq(rt, string(b), string(twice))
	})
}

// TestTicketService: a condition reads what a ticket is about, and says which fields a ticket
// has where it reads one that it has not.
func TestTicketService(t *testing.T) {
	text := func(auto string) string {
		return strings.Replace(contract("c", "true", "{default: 30m, max: 1h}", "{auto: '"+auto+"', stages: [{name: a, from: [x]}]}"), "request:", "request:\n  ticket: {system: jira}", 1)
	}
	set := parsed(t, text(`ticket.service == params.service || ticket.service == "orders"`))
	for service, want := range map[string]string{"orders": "automatic", "shop": "1 of x", "": "1 of x"} {
		require.Equal(t, want, outcome(asked(set, false, ticketFact(access.Ticket{Open: true, Service: service}))), service)
	}
	require.Contains(t, ticketFact(access.Ticket{Service: "orders"}).String(), "service orders")
	for _, c := range []struct{ auto, says string }{
		{"!ticket.opn", `a ticket has no "opn"; did you mean ticket.open? Of a ticket`},
		{"ticket.customer == person.id", `a ticket has no "customer"; of a ticket this may be read: ticket.assignee, ticket.open, ticket.project, ticket.service, ticket.severity, ticket.type`},
	} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text(c.auto))})
		require.ErrorContains(t, err, c.says)
	}
}
