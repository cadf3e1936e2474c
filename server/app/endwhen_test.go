package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// withEnds is a fixture whose contract ends access with its ticket.
func withEnds(t *testing.T, conditions string) (*fixture, *fakeFacts) {
	f, world := withFacts(t, `reason: {minLength: 10}}`, `reason: {minLength: 10}, ticket: {system: jira}}`+"\nendWhen: "+conditions)
	world.tickets["OPS-1"], world.onCall["db"] = true, []string{"alice"}
	return f, world
}

const ticketCloses = `[{if: '!ticket.open', because: the ticket was closed}]`

// opened puts active access with a ticket into the ledger.
func (f *fixture) opened(s access.State, ticket string) access.Request {
	f.t.Helper()
	in := testInput
	in.Ticket, in.Reason = ticket, in.Reason+" "+string(s)+ticket
	r, _, err := f.Submit(f.t.Context(), alice, in, "")
	require.NoError(f.t, err)
	r.State = s
	f.ledger.requests[r.ID] = r
	return r
}

// TestCase100EndsByCondition: access ends when the ticket is closed, by an order that says
// so, is signed, and is in the ledger before the workflow is told.
func TestCase100EndsByCondition(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	r := f.opened(access.StateActive, "OPS-1")
	require.Len(t, r.Plan.EndWhen, 1)
	require.NoError(t, f.lookOnce(t.Context()))
	require.Empty(t, f.ledger.ordered, "the ticket is open")
	require.Empty(t, f.ledger.events)

	world.tickets["OPS-1"] = false
	f.now = f.now.Add(5 * time.Minute)
	f.ledger.calls = nil
	require.NoError(t, f.lookOnce(t.Context()))
	o := f.ledger.ordered[r.ID]
	require.Equal(t, access.EndByCondition, o.Kind)
	require.Equal(t, access.ActorContract, o.By)
	require.Equal(t, "the ticket was closed", o.Reason)
	require.Equal(t, f.now, o.At)
	require.Equal(t, &access.Ticket{}, o.EndedBy.Facts[0].Ticket)
	require.NoError(t, r.Plan.CheckEnd(o))
	require.Equal(t, []string{"ledger.OrderEnd", "gateway.End"}, f.ledger.calls, "the ledger first")
	e, err := evidence.ReadEnvelope(f.ledger.statements[0].Envelope)
	require.NoError(t, err)
	require.Equal(t, evidence.TypeEnd, e.PayloadType)
	require.NotEmpty(t, e.Signatures[0].Sig, "whether it verifies is tried in evidence and e2e")
}

// TestCase100OnlyWhatLives: what waits or is over is not ended, and nobody asks about it;
// many requests about one ticket are one question.
func TestCase100OnlyWhatLives(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	var live []access.Request
	for _, s := range []access.State{access.StatePending, access.StateScheduled, access.StateEnding, access.StateEnded, access.StateGranting, access.StateActive} {
		if r := f.opened(s, "OPS-1"); s == access.StateGranting || s == access.StateActive {
			live = append(live, r)
		}
	}
	world.tickets["OPS-1"] = false
	world.asked = nil
	require.NoError(t, f.lookOnce(t.Context()))
	require.Len(t, world.asked, 1)
	require.Len(t, f.ledger.ordered, len(live))
	for _, r := range live {
		require.Contains(t, f.ledger.ordered, r.ID)
	}
}

// TestCase100UnknownPeriod: what is not known ends access after the time that the contract
// says, which is counted from the log: a server that starts anew goes on with it.
func TestCase100UnknownPeriod(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	r := f.opened(access.StateActive, "OPS-1")
	delete(world.tickets, "OPS-1")
	for range 3 {
		require.NoError(t, f.lookOnce(t.Context()))
		f.now = f.now.Add(15 * time.Second)
	}
	require.Len(t, f.ledger.events, 1, "once for each time")
	require.Equal(t, access.EventConditionUnknown, f.ledger.events[0].Kind)
	require.Contains(t, f.ledger.events[0].Message, "whether the ticket was closed: ticket OPS-1 could not be known")

	world.tickets["OPS-1"] = true // it is known again, and the time is over
	require.NoError(t, f.lookOnce(t.Context()))
	require.Len(t, f.ledger.events, 2)
	require.Equal(t, access.EventConditionKnown, f.ledger.events[1].Kind)
	delete(world.tickets, "OPS-1")
	began := f.now
	require.NoError(t, f.lookOnce(t.Context()))
	f.now = began.Add(10*time.Minute - time.Second)
	restarted := *f.endWatch // it knows nothing but the log
	require.NoError(t, restarted.lookOnce(t.Context()))
	require.Empty(t, f.ledger.ordered, "not for ten minutes yet")
	f.now = began.Add(10 * time.Minute)
	require.NoError(t, restarted.lookOnce(t.Context()))
	o := f.ledger.ordered[r.ID]
	require.NotNil(t, o.EndedBy)
	require.Equal(t, began, *o.EndedBy.UnknownSince)
	require.Contains(t, o.Reason, "could not be known whether the ticket was closed")
	require.NoError(t, r.Plan.CheckEnd(o))
}

// TestCase100UnknownKept: where the contract says so, access is kept.
func TestCase100UnknownKept(t *testing.T) {
	f, world := withEnds(t, `[{if: '!ticket.open', because: the ticket was closed, unknown: keep}]`)
	f.opened(access.StateActive, "OPS-1")
	delete(world.tickets, "OPS-1")
	for range 5 {
		require.NoError(t, f.lookOnce(t.Context()))
		f.now = f.now.Add(24 * time.Hour)
	}
	require.Empty(t, f.ledger.ordered)
	require.Len(t, f.ledger.events, 1)
}

// TestCase100FlappingSource: a source that comes and goes fills no log.
func TestCase100FlappingSource(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	r := f.opened(access.StateActive, "OPS-1")
	for range 3 * access.MaxUnknownPeriods {
		delete(world.tickets, "OPS-1")
		require.NoError(t, f.lookOnce(t.Context()))
		world.tickets["OPS-1"] = true
		require.NoError(t, f.lookOnce(t.Context()))
		require.NotContains(t, f.ledger.ordered, r.ID)
	}
	require.Len(t, f.ledger.events, 2*access.MaxUnknownPeriods-1)
}

// TestCase100StaleReplies: replies that came a minute ago, because everything else took so
// long, end nothing.
func TestCase100StaleReplies(t *testing.T) {
	f, world := withEnds(t, `[{if: '!oncall("db")', because: the shift is over}]`)
	f.opened(access.StateActive, "OPS-1")
	world.onCall["db"] = []string{"bob"}
	world.takes = func() { f.now = f.now.Add(2 * time.Minute) }
	require.NoError(t, f.lookOnce(t.Context()))
	require.Empty(t, f.ledger.ordered)
	world.takes = nil
	require.NoError(t, f.lookOnce(t.Context()))
	require.Len(t, f.ledger.ordered, 1)
}

// TestCase100PlanOfNobody: conditions that somebody wrote into the ledger end nothing, and a
// request that cannot be ended holds up no other.
func TestCase100PlanOfNobody(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	forged := f.opened(access.StateActive, "OPS-1")
	forged.PlanEnvelope = []byte(`{}`)
	f.ledger.requests[forged.ID] = forged
	changed := f.opened(access.StateGranting, "OPS-1")
	changed.Plan.EndWhen = nil // the column; what was signed has the condition
	f.ledger.requests[changed.ID] = changed
	world.tickets["OPS-1"] = false
	require.NoError(t, f.lookOnce(t.Context()))
	require.NotContains(t, f.ledger.ordered, forged.ID)
	require.Contains(t, f.ledger.ordered, changed.ID)

	f.ledger.ordered, f.ledger.orderErr = nil, access.Errorf(access.CodeUnavailable, "the database is down")
	require.Error(t, f.lookOnce(t.Context()))
	f.ledger.orderErr = nil
	require.NoError(t, f.lookOnce(t.Context()), "it is tried again at the next look")
	require.Contains(t, f.ledger.ordered, changed.ID)
}

// TestAskingFew: a source has few questions at a time, and one that hangs is not asked
// everything one after the other.
func TestAskingFew(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	var questions []access.FactQuestion
	for i := range 3 * askAtOnce {
		key := fmt.Sprintf("OPS-%d", i+1)
		world.tickets[key] = true
		for range 2 {
			questions = append(questions, access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: key})
		}
	}
	a := asking{facts: world, now: func() time.Time { return f.now }}
	require.Len(t, a.ask(t.Context(), questions), 3*askAtOnce)
	require.Equal(t, 3, world.calls)
	a.ask(t.Context(), questions)
	require.Equal(t, 3, world.calls, "what was asked in this look is known")
	f.now = f.now.Add(askAgain + time.Second)
	a.ask(t.Context(), questions)
	require.Equal(t, 6, world.calls, "but not for long")

	clear(world.tickets)
	world.takes = func() { f.now = f.now.Add(5 * time.Second) }
	world.calls = 0
	hanging := asking{facts: world, now: func() time.Time { return f.now }}
	for _, fact := range hanging.ask(t.Context(), questions) {
		require.Equal(t, access.FactUnknown, fact.State)
	}
	require.Equal(t, 1, world.calls)
}

// damaged is a ledger that cannot read what it has of one request.
type damaged struct {
	conditionLedger
	request string
}

func (d damaged) ConditionEvents(ctx context.Context, ids ...string) (map[string][]access.Event, error) {
	if slices.Contains(ids, d.request) {
		return nil, access.Errorf(access.CodeEvidence, "an event is damaged")
	}
	return d.conditionLedger.ConditionEvents(ctx, ids...)
}

// TestCase100OneDamagedRequest: events of one request that cannot be read keep no other
// request's access open.
func TestCase100OneDamagedRequest(t *testing.T) {
	f, world := withEnds(t, ticketCloses)
	world.tickets["OPS-2"] = true
	good, bad := f.opened(access.StateActive, "OPS-1"), f.opened(access.StateActive, "OPS-2")
	world.tickets["OPS-1"] = false
	f.endWatch.ledger = damaged{f.endWatch.ledger, bad.ID}
	require.ErrorContains(t, f.lookOnce(t.Context()), bad.ID)
	require.Equal(t, access.EndByCondition, f.ledger.ordered[good.ID].Kind)
}

// TestCase100UnknownBeforeItWasApproved: an event that somebody wrote into the log, of a time
// when people had not approved yet, makes no server end the access that they approved.
func TestCase100UnknownBeforeItWasApproved(t *testing.T) {
	f, _ := withEnds(t, ticketCloses)
	r := f.opened(access.StateActive, "OPS-1")
	r.Plan.Rule = access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "s", From: []string{"g"}, Approvals: 1}}}
	approved := f.now.Add(time.Hour)
	r.Plan.PendingUntil = approved.Add(time.Hour)
	r.Decisions = []access.Decision{{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Approve, Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"g"}}, At: approved}}
	f.ledger.events = []access.Event{{At: f.now, RequestID: r.ID, Kind: access.EventConditionUnknown, Key: access.KeyConditionUnknown(0, 1)}}
	f.now = approved.Add(time.Minute)
	require.NoError(t, f.look(t.Context(), r, nil, f.ledger.events))
	require.Empty(t, f.ledger.ordered)
	require.Equal(t, access.KeyConditionUnknown(0, 2), f.ledger.events[1].Key, "it is unknown since now")
	f.now = f.now.Add(10 * time.Minute)
	require.NoError(t, f.look(t.Context(), r, nil, f.ledger.events))
	require.Equal(t, approved.Add(time.Minute), *f.ledger.ordered[r.ID].EndedBy.UnknownSince)
}
