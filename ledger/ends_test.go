package ledger_test

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

func endOrder(id string, kind access.EndKind, by string, when time.Time) (access.EndOrder, []byte) {
	o := access.EndOrder{RequestID: id, Kind: kind, By: by, Reason: "why", At: when}
	payload, _ := json.Marshal(o)
	envelope, _ := json.Marshal(map[string]any{"payloadType": "end", "payload": payload})
	return o, envelope
}

var ends = map[string]func(fixture){
	"EndOrder stands in the ledger before anybody is told": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(s.Request.ID, at, g.ExpiresAt)))
		when := at.Add(time.Minute)
		o, envelope := endOrder(s.Request.ID, access.EndRevoke, "bob", when)
		for range 2 { // the same again is the same
			require.NoError(b, b.OrderEnd(ctx, o, envelope))
		}
		r := b.reload(s.Request.ID)
		require.Equal(b, access.StateEnding, r.State)
		require.Equal(b, access.OutcomeRevoked, r.Outcome)
		ordered := 0
		for _, e := range b.timeline(s.Request.ID) {
			if e.Kind == access.EventEndOrdered {
				ordered++
				require.Equal(b, "bob", e.Actor)
				require.Equal(b, "why", e.Message)
				require.Equal(b, "revoke", e.Detail["end"])
			}
		}
		require.Equal(b, 1, ordered)
		all, err := b.EndOrders(ctx)
		require.NoError(b, err)
		require.Equal(b, o, all[s.Request.ID])
		rows, err := b.Grants(ctx, ledger.GrantFilter{RequestID: s.Request.ID})
		require.NoError(b, err)
		require.Equal(b, when, rows[0].ExpiresAt, "its end is now: closers go by that")
		require.Equal(b, access.CodeConflict, access.CodeOf(b.MarkExtended(ctx, g.Name, at.Add(time.Hour))))
		require.NoError(b, b.MarkClosed(ctx, g.Name, when))
		require.NoError(b, b.Advance(ctx, access.Ended(s.Request.ID, access.OutcomeRevoked, when)))
		all, err = b.EndOrders(ctx)
		require.NoError(b, err)
		require.NotContains(b, all, s.Request.ID, "it is over")
		again, envelope := endOrder(s.Request.ID, access.EndRevoke, "bob", when)
		require.Equal(b, ledger.IssueEndedBySame, access.IssuesOf(b.OrderEnd(ctx, again, envelope))[0].Code)
		late, envelope := endOrder(s.Request.ID, access.EndRelease, "alice", when)
		require.Equal(b, "wrong_state", access.IssuesOf(b.OrderEnd(ctx, late, envelope))[0].Code)
	},
	"EndOrder of a condition, and since when it was not known": func(b fixture) {
		plain, s := b.submitted(), b.submitted(func(s *ledger.Submission) {
			s.Request.Plan.EndWhen = []access.EndCondition{{If: "!ticket.open", Because: "the ticket was closed"}}
		})
		list, _, err := b.Requests(ctx, ledger.RequestFilter{EndWhen: true, States: []access.State{access.StatePending}})
		require.NoError(b, err)
		ids := []string{}
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		require.Contains(b, ids, s.Request.ID)
		require.NotContains(b, ids, plain.Request.ID)
		for range 2 { // another server saw the same a moment later
			require.NoError(b, b.AppendEvent(ctx, access.Event{RequestID: s.Request.ID, At: at, Kind: access.EventConditionUnknown, Actor: access.ActorContract, Key: access.KeyConditionUnknown(0, 1)}))
		}
		events, err := b.ConditionEvents(ctx, s.Request.ID, plain.Request.ID)
		require.NoError(b, err)
		require.Equal(b, access.UnknownPeriod{Number: 1, Since: at}, access.LastUnknownPeriod(events[s.Request.ID], 0))
		require.Len(b, events[s.Request.ID], 1)
		require.Empty(b, events[plain.Request.ID])
		o, _ := endOrder(s.Request.ID, access.EndByCondition, access.ActorContract, at)
		o.EndedBy = &access.EndedBy{Facts: []access.Fact{{FactQuestion: access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-7"}, State: access.FactKnown, At: at, Ticket: &access.Ticket{}}}}
		require.NoError(b, b.OrderEnd(ctx, o, []byte(`{}`)))
		timeline := b.timeline(s.Request.ID)
		e := timeline[len(timeline)-1]
		require.Equal(b, map[string]string{"end": "condition", "condition": "0", "facts": "OPS-7 in jira: closed, assigned to nobody"}, e.Detail)
		require.Equal(b, "ended because why", e.Phrase())
		require.NotContains(b, e.Redacted().Detail, "facts")
	},
	"EndOrder of what has not opened": func(b fixture) {
		s := b.submitted()
		o, envelope := endOrder(s.Request.ID, access.EndCancel, "alice", at)
		require.NoError(b, b.OrderEnd(ctx, o, envelope))
		require.Equal(b, access.StatePending, b.reload(s.Request.ID).State, "its workflow says what becomes of it")
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateApproved, At: at}))
		require.Equal(b, access.CodeConflict, access.CodeOf(b.IntendGrant(ctx, grant(s), at)))
		_, err := b.raw.ExecContext(ctx, "UPDATE requests SET state = 'approved'")
		require.NoError(b, err)
		require.Equal(b, access.CodeConflict, access.CodeOf(b.IntendGrant(ctx, grant(s), at)), "no column says so that could be set back")
		changed, err := b.Conclude(ctx, s.Request.ID, access.OutcomeRevoked, at, "nothing runs")
		require.NoError(b, err)
		require.True(b, changed)
		require.Equal(b, access.StateCancelled, b.reload(s.Request.ID).State)
		missing, envelope := endOrder(access.NewRequestID(), access.EndCancel, "alice", at)
		require.Equal(b, access.CodeNotFound, access.CodeOf(b.OrderEnd(ctx, missing, envelope)))
	},
	"EndOrder that cannot be read ends all the same": func(b fixture) {
		s := b.submitted()
		o, _ := endOrder(s.Request.ID, access.EndRelease, "alice", at)
		require.NoError(b, b.OrderEnd(ctx, o, []byte(`{"payload": 7}`)))
		all, err := b.EndOrders(ctx)
		require.NoError(b, err)
		require.Equal(b, access.EndRevoke, all[s.Request.ID].Kind)
	},
	"a denial is delivered once a worker has counted it": func(b fixture) {
		s := b.submitted()
		d := access.Decision{RequestID: s.Request.ID, PlanDigest: "d", Verdict: access.Deny, Approver: access.Person{ID: "bob-deny-1", Kind: access.KindHuman}, At: at}
		require.NoError(b, b.Advance(ctx, access.DecisionRecorded(d, []byte(`{"payload":"x"}`))))
		mine := func() (n int) {
			list, err := b.Undelivered(ctx)
			require.NoError(b, err)
			for _, u := range list {
				if u.RequestID == s.Request.ID {
					n++
				}
			}
			return n
		}
		require.Equal(b, 1, mine())
		counted := access.DecisionRecorded(d, []byte(`{"payload":"x"}`))
		counted.Decisions = []access.Decision{d}
		require.NoError(b, b.Advance(ctx, counted))
		require.Zero(b, mine())
	},
	"Case58 an approval by somebody with -deny- in their id is no denial": func(b fixture) {
		s := b.submitted()
		d := access.Decision{RequestID: s.Request.ID, PlanDigest: "d", Verdict: access.Approve, Approver: access.Person{ID: "bob-deny-1", Kind: access.KindHuman}, At: at}
		said := func(d access.Decision) {
			payload, err := json.Marshal(d)
			require.NoError(b, err)
			envelope, err := json.Marshal(map[string][]byte{"payload": payload})
			require.NoError(b, err)
			require.NoError(b, b.AddStatement(ctx, access.Statement{RequestID: s.Request.ID, Key: access.KeyDecision(d), Envelope: envelope}))
		}
		undelivered := func() bool {
			list, err := b.Undelivered(ctx)
			require.NoError(b, err)
			return slices.ContainsFunc(list, func(u ledger.Denial) bool { return u.RequestID == s.Request.ID })
		}
		denied := access.Transition{RequestID: s.Request.ID, To: access.StateDenied, At: at}
		said(d)
		require.False(b, undelivered())
		b.code(access.CodeConflict, b.Advance(ctx, denied))
		d.Verdict = access.Deny
		said(d)
		require.True(b, undelivered())
		require.NoError(b, b.Advance(ctx, denied))
	},
	"planned starts that have come": func(b fixture) {
		from, until := at.Add(time.Hour), at.Add(2*time.Hour)
		starts := func(when *time.Time, state access.State) string {
			s := b.submitted(func(s *ledger.Submission) { s.Request.Plan.StartAt = when })
			if state == access.StateScheduled {
				require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateApproved, At: at}))
			}
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: state, At: at}))
			return s.Request.ID
		}
		early, late := from.Add(-time.Second), until.Add(time.Second)
		due, first := starts(&until, access.StateApproved), starts(&from, access.StateScheduled)
		others := []string{starts(&late, access.StateApproved), starts(&early, access.StateScheduled),
			starts(nil, access.StateApproved), starts(&until, access.StateCancelled)}
		ids, err := b.Starting(ctx, from, until)
		require.NoError(b, err)
		require.Subset(b, ids, []string{due, first})
		for _, other := range others {
			require.NotContains(b, ids, other)
		}
		require.NoError(b, b.AddStatement(ctx, access.Statement{RequestID: due, Key: access.KeyConfirmation, Envelope: []byte("{}")}))
		ids, err = b.Starting(ctx, from, until)
		require.NoError(b, err)
		require.NotContains(b, ids, due)
	},
	"Case60 starts that were put off keep no other start out": func(b fixture) {
		early, due, putOff := at.Add(time.Minute), at.Add(time.Hour), at.Add(30*24*time.Hour)
		approved := func(planned, start *time.Time) string {
			id := b.submitted(func(s *ledger.Submission) { s.Request.Plan.StartAt = planned }).Request.ID
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateApproved, At: at, StartAt: start}))
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateScheduled, At: at}))
			return id
		}
		put := []string{approved(nil, &putOff), approved(&early, &putOff)}
		var all []string
		for range 101 {
			all = append(all, approved(&due, nil))
		}
		ids, err := b.Starting(ctx, at, due)
		require.NoError(b, err)
		require.Subset(b, ids, all)
		for _, id := range put {
			require.NotContains(b, ids, id)
		}
		ids, err = b.Starting(ctx, putOff, putOff)
		require.NoError(b, err)
		require.Subset(b, ids, put, "they come when they were put off to")
	},
}
