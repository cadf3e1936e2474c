package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

var (
	askTicket = access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-7"}
	askRota   = access.FactQuestion{Kind: access.FactOnCall, Source: access.OnCallSource, Key: "db"}
)

func closedTicket(asked time.Time) access.Fact {
	return access.Fact{FactQuestion: askTicket, State: access.FactKnown, At: asked, AsOf: &asked, Ticket: &access.Ticket{}}
}

// ending is a plan that ends with its ticket, or when that was unknown for ten minutes.
func ending() access.Plan {
	p := extendable()
	p.CreatedAt = at.Add(-time.Hour)
	p.EndWhen = []access.EndCondition{
		{If: "!ticket.open", Because: "the ticket was closed", Asks: []access.FactQuestion{askTicket}, UnknownFor: minutes(10)},
		{If: `!oncall("db")`, Because: "the shift is over", Asks: []access.FactQuestion{askRota}},
	}
	return p
}

func endOrder(p access.Plan, by access.EndedBy) access.EndOrder {
	return access.EndOrder{RequestID: p.RequestID, PlanDigest: p.Digest, Kind: access.EndByCondition, By: access.ActorContract,
		Reason: p.EndWhen[by.Index].Reason(by), At: at, EndedBy: &by}
}

// TestCase100OrdersToEndByCondition: nobody who sees an order takes it for the contract's
// unless the plan has the condition and the facts are those that it asks for, of that
// time.
func TestCase100OrdersToEndByCondition(t *testing.T) {
	p := ending()
	since := at.Add(-10 * time.Minute)
	unknown := access.Fact{FactQuestion: askTicket, State: access.FactUnknown, Why: "it did not respond", At: at}
	for name, c := range map[string]struct {
		by     access.EndedBy
		change func(*access.EndOrder)
		says   string // "": it follows from the plan
	}{
		"OK":                                 {by: access.EndedBy{Facts: []access.Fact{closedTicket(at)}}},
		"asked a minute ago":                 {by: access.EndedBy{Facts: []access.Fact{closedTicket(at.Add(-time.Minute))}}},
		"unknown for long enough":            {by: access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: &since}},
		"a person's":                         {change: func(o *access.EndOrder) { o.Kind, o.EndedBy, o.By = access.EndRevoke, nil, "bob" }},
		"a stale fact":                       {by: access.EndedBy{Facts: []access.Fact{closedTicket(at.Add(-time.Minute - time.Second))}}, says: "was asked"},
		"a fact from the future":             {by: access.EndedBy{Facts: []access.Fact{closedTicket(at.Add(access.ClockSkew + time.Second))}}, says: "in the future"},
		"another ticket":                     {by: access.EndedBy{Facts: []access.Fact{{FactQuestion: access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-8"}, State: access.FactKnown, At: at, Ticket: &access.Ticket{}}}}, says: "does not ask for"},
		"another source":                     {by: access.EndedBy{Facts: []access.Fact{{FactQuestion: access.FactQuestion{Kind: access.FactTicket, Source: "mine", Key: "OPS-7"}, State: access.FactKnown, At: at, Ticket: &access.Ticket{}}}}, says: "does not ask for"},
		"no facts":                           {by: access.EndedBy{}, says: "0 facts"},
		"true, and nothing is known":         {by: access.EndedBy{Facts: []access.Fact{unknown}}, says: "nothing was known"},
		"unknown since before the plan":      {by: access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: new(p.CreatedAt.Add(-access.ClockSkew - time.Second))}, says: "the plan was made at"},
		"unknown for too short a time":       {by: access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: new(since.Add(time.Second))}, says: "unknown for 9m59s"},
		"unknown, which the plan disregards": {by: access.EndedBy{Index: 1, Facts: []access.Fact{{FactQuestion: askRota, State: access.FactUnknown, At: at}}, UnknownSince: &since}, says: "does not end access where"},
		"a condition that is not there":      {by: access.EndedBy{Facts: []access.Fact{closedTicket(at)}}, change: func(o *access.EndOrder) { o.EndedBy.Index = 2 }, says: "no condition 3"},
		"a person, as if by condition":       {by: access.EndedBy{Facts: []access.Fact{closedTicket(at)}}, change: func(o *access.EndOrder) { o.By = "bob" }, says: "not by bob"},
		"a revocation with a condition":      {by: access.EndedBy{Facts: []access.Fact{closedTicket(at)}}, change: func(o *access.EndOrder) { o.Kind = access.EndRevoke }, says: "names a condition"},
		"no condition":                       {by: access.EndedBy{}, change: func(o *access.EndOrder) { o.EndedBy = nil }, says: "names a condition"},
		"another reason":                     {by: access.EndedBy{Facts: []access.Fact{closedTicket(at)}}, change: func(o *access.EndOrder) { o.Reason = "because I say so" }, says: "another reason"},
	} {
		t.Run(name, func(t *testing.T) {
			o := endOrder(p, c.by)
			if c.change != nil {
				c.change(&o)
			}
			err := p.CheckEnd(o)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.Equal(t, access.CodeEvidence, access.CodeOf(err))
		})
	}
}

// TestCase100FactsThatCount: what is old, of the future, about something else or about a
// shift that is over says nothing, so that it ends nothing either.
func TestCase100FactsThatCount(t *testing.T) {
	c := ending().EndWhen[0]
	rota := ending().EndWhen[1]
	shift := func(until time.Time) access.Fact {
		return access.Fact{FactQuestion: askRota, State: access.FactKnown, At: at.Add(-5 * time.Second), OnCall: &access.OnCall{People: []string{"bob"}, Until: &until}}
	}
	asOf := at.Add(access.ClockSkew + time.Second)
	dated := closedTicket(at)
	dated.AsOf = &asOf
	for name, f := range map[string]struct {
		of   access.EndCondition
		fact access.Fact
		want access.FactState
	}{
		"OK":                          {c, closedTicket(at.Add(-30 * time.Second)), access.FactKnown},
		"old":                         {c, closedTicket(at.Add(-61 * time.Second)), access.FactUnknown},
		"of the future":               {c, closedTicket(at.Add(access.ClockSkew + time.Second)), access.FactUnknown},
		"dated in the future":         {c, dated, access.FactUnknown},
		"about something else":        {c, shift(at.Add(time.Hour)), access.FactUnknown},
		"a shift that goes on":        {rota, shift(at.Add(time.Second)), access.FactKnown},
		"a shift that ended just now": {rota, shift(at), access.FactUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			got := f.of.FactsAt([]access.Fact{f.fact}, at)
			require.Len(t, got, 1)
			require.Equal(t, f.want, got[0].State, got[0].Why)
			require.Equal(t, f.of.Asks[0], got[0].FactQuestion)
		})
	}
}

// TestUnknownPeriods: the time for which something is unknown is that of the log, in whatever
// order and however often its events are read.
func TestUnknownPeriods(t *testing.T) {
	unknown := func(condition, n, minute int) access.Event {
		return access.Event{Kind: access.EventConditionUnknown, Key: access.KeyConditionUnknown(condition, n), At: at.Add(minutes(minute).Std())}
	}
	known := func(condition, n int) access.Event {
		return access.Event{Kind: access.EventConditionKnown, Key: access.KeyConditionKnown(condition, n)}
	}
	require.Zero(t, access.LastUnknownPeriod(nil, 0))
	require.Equal(t, access.UnknownPeriod{Number: 1, Since: at}, access.LastUnknownPeriod([]access.Event{unknown(0, 1, 0)}, 0))
	require.Zero(t, access.LastUnknownPeriod([]access.Event{unknown(0, 1, 0)}, 1), "another condition's")
	require.Equal(t, access.UnknownPeriod{Number: 1}, access.LastUnknownPeriod([]access.Event{unknown(0, 1, 0), known(0, 1)}, 0))
	require.Equal(t, access.UnknownPeriod{Number: 2, Since: at.Add(5 * time.Minute)}, access.LastUnknownPeriod([]access.Event{known(0, 1), unknown(0, 2, 5), unknown(0, 1, 0), unknown(0, 1, 0)}, 0))
}

// TestEndConditionsOnlyShorten: whatever order a condition gives, and whenever, access is
// open no longer than without it.
func TestEndConditionsOnlyShorten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := ending()
		p.Rule = access.Rule{Auto: true}
		signed := access.Signed{Plan: p}
		for n := rapid.IntRange(0, 2).Draw(t, "extensions"); n > 0; n-- {
			o := order(p, n, minutes(10))
			o.From = o.From.Add(time.Duration(n-1) * 10 * time.Minute)
			signed.Extensions = append(signed.Extensions, o)
		}
		before := signed.Term(access.GrantName("r", 0))
		o := endOrder(p, access.EndedBy{Facts: []access.Fact{closedTicket(at)}})
		o.At = at.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, "minute")) * time.Minute)
		signed.Ends = []access.EndOrder{o}
		after := signed.Term(access.GrantName("r", 0))
		require.False(t, after.End().After(before.End()))
		require.False(t, after.Until.After(before.Until))
		require.Equal(t, access.OutcomeCondition, after.Stopped.Outcome)
		require.Error(t, after.AllowsOpen(at.Add(time.Minute)))
	})
}

// TestCase100UnknownBeforeItCouldOpen: that something was not known while people decided ends no
// access, however long that took.
func TestCase100UnknownBeforeItCouldOpen(t *testing.T) {
	made := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	question := access.FactQuestion{Source: "jira", Kind: access.FactTicket, Key: "OPS-1"}
	p := access.Plan{RequestID: "r", Digest: "d", Requester: access.Person{ID: "alice", Kind: access.KindHuman}, Duration: access.Duration(time.Hour), CreatedAt: made, PendingUntil: made.Add(12 * time.Hour),
		EndWhen: []access.EndCondition{{If: "!ticket.open", Because: "the ticket was closed", UnknownFor: access.Duration(30 * time.Minute), Asks: []access.FactQuestion{question}}},
		Rule:    access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "s", From: []string{"g"}, Approvals: 1}}}}
	approved := made.Add(5 * time.Hour)
	s := access.Signed{Plan: p, Decisions: []access.Decision{{RequestID: "r", PlanDigest: "d", Verdict: access.Approve, Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"g"}}, At: approved}}}
	order := func(since time.Time) access.EndOrder {
		by := access.EndedBy{UnknownSince: &since, Facts: []access.Fact{{FactQuestion: question, State: access.FactUnknown}}}
		return access.EndOrder{RequestID: "r", PlanDigest: "d", Kind: access.EndByCondition, By: access.ActorContract, At: approved.Add(time.Hour), Reason: p.EndWhen[0].Reason(by), EndedBy: &by}
	}
	require.NoError(t, s.CheckEnd(order(approved.Add(time.Minute))))
	early := order(approved.Add(-time.Hour))
	require.NoError(t, p.CheckEnd(early), "the plan alone does not tell")
	require.Equal(t, access.CodeEvidence, access.CodeOf(s.CheckEnd(early)))
	require.NoError(t, s.CheckEnd(access.EndOrder{RequestID: "r", Kind: access.EndRevoke, By: "oscar"}))
	late := approved.Add(2 * time.Hour)
	s.Plan.StartAt = &late
	require.Equal(t, access.CodeEvidence, access.CodeOf(s.CheckEnd(order(approved.Add(time.Minute)))), "it starts later")
}
