package ledger_test

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// contradictions are transitions that the ledger itself has something against.
var contradictions = map[string]func(b fixture){
	"Case58 no request is over while a grant of it is not closed": func(b fixture) {
		for _, opened := range []bool{false, true} {
			s := b.submitted()
			id, g := s.Request.ID, grant(s)
			require.NoError(b, b.IntendGrant(ctx, g, at))
			if opened {
				require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(id, at, g.ExpiresAt)))
			}
			before, events := b.reload(id), b.timeline(id)
			ended := access.Transition{RequestID: id, To: access.StateEnded, Outcome: access.OutcomeExpired, At: at,
				Events: []access.Event{{At: at, Kind: access.EventAccessEnded, Actor: access.ActorRamp, Key: access.KeyEnded}}}
			b.code(access.CodeConflict, b.Advance(ctx, ended))
			require.Equal(b, before, b.reload(id))
			require.Equal(b, events, b.timeline(id), "no event says that it is over")
			require.NoError(b, b.MarkClosed(ctx, g.Name, at))
			require.NoError(b, b.Advance(ctx, ended))
			require.Equal(b, access.StateEnded, b.reload(id).State)
		}
	},
	"Case58 no request is active without an open grant": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		active := access.Activation(id, at, g.ExpiresAt)
		b.code(access.CodeConflict, b.Advance(ctx, active))
		require.NoError(b, b.IntendGrant(ctx, g, at))
		b.code(access.CodeConflict, b.Advance(ctx, active))
		require.Equal(b, access.StateGranting, b.reload(id).State)
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, active))
		require.Equal(b, access.StateActive, b.reload(id).State)
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateEnding, At: at}))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		require.NoError(b, b.Advance(ctx, active), "told late")
		require.Equal(b, access.StateEnding, b.reload(id).State)
	},
	"Case58 what nobody has decided stays pending": func(b fixture) {
		id := b.submitted().Request.ID
		for _, to := range []access.State{access.StateScheduled, access.StateGranting, access.StateActive, access.StateEnding, access.StateEnded, access.StateDenied} {
			b.code(access.CodeConflict, b.Advance(ctx, access.Transition{RequestID: id, To: to, At: at}))
			require.Equal(b, access.StatePending, b.reload(id).State, to)
		}
		denial := access.Decision{RequestID: id, Verdict: access.Deny, Approver: access.Person{ID: "bob"}, At: at}
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, At: at, Decisions: []access.Decision{denial}}))
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateDenied, At: at}))
		require.Equal(b, access.StateDenied, b.reload(id).State)
	},
	"Case58 no end is shown that no grant has": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		later := g.ExpiresAt.Add(time.Hour)
		b.code(access.CodeConflict, b.Advance(ctx, access.Transition{RequestID: id, At: at, ExpiresAt: &later}))
		require.NoError(b, b.MarkExtended(ctx, g.Name, later))
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, At: at, ExpiresAt: &later}))
		require.Equal(b, later, *b.reload(id).ExpiresAt)
	},
	"Case58 what the ledger wrongly calls over is ending again": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(id, at, g.ExpiresAt)))
		list := func() []string {
			ids, err := b.Contradicted(ctx, g.Target)
			require.NoError(b, err)
			return slices.DeleteFunc(ids, func(other string) bool { return other != id })
		}
		reopen := func() bool {
			changed, err := b.Reopen(ctx, id, at, "why")
			require.NoError(b, err)
			return changed
		}
		require.Empty(b, list())
		require.False(b, reopen())
		_, err := b.raw.Exec(`UPDATE requests SET state = 'ended', ended_at = 1 WHERE id = '` + id + `'`)
		require.NoError(b, err)
		require.Equal(b, []string{id}, list())
		require.True(b, reopen())
		require.False(b, reopen(), "a second reconciler")
		r := b.reload(id)
		require.Equal(b, access.StateEnding, r.State)
		require.Nil(b, r.EndedAt)
		require.Empty(b, list())
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		_, err = b.raw.Exec(`UPDATE requests SET state = 'ended' WHERE id = '` + id + `'`)
		require.NoError(b, err)
		require.Empty(b, list())
		require.False(b, reopen(), "everything is closed")
	},
	"Case155 a closing that does not count is undone": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		key := access.KeyReceipt(access.ReceiptClosed, g.Name)
		from, err := b.ClosingsBefore(ctx, at.Add(24*time.Hour))
		require.NoError(b, err)
		closes := func(receipt string) {
			steps := []access.Transition{{RequestID: id, At: at, Statements: []access.Statement{{RequestID: id, Key: key, Envelope: []byte(receipt)}}}, access.Ended(id, access.OutcomeExpired, at)}
			require.NoError(b, b.MarkClosed(ctx, g.Name, at, steps...))
			require.Equal(b, access.StateEnded, b.reload(id).State)
		}
		undo := func(receipt string) bool {
			changed, err := b.ReopenGrant(ctx, g.Name, []byte(receipt), at, "why")
			require.NoError(b, err)
			return changed
		}
		receipts := func() (all []string) {
			list, err := b.Closings(ctx, from, 100)
			require.NoError(b, err)
			for _, c := range list {
				if c.RequestID == id {
					require.Equal(b, g.Name, c.Grant)
					require.Equal(b, string(s.PlanEnvelope), string(c.PlanEnvelope))
					all = append(all, string(c.Receipt))
				}
			}
			return all
		}
		due := func(now time.Time) bool {
			rows, err := b.DueGrants(ctx, g.Target, now, now, 1000)
			require.NoError(b, err)
			return slices.ContainsFunc(rows, func(r ledger.GrantRecord) bool { return r.Name == g.Name })
		}
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(id, at, g.ExpiresAt)))
		require.False(b, undo(""), "it is open")
		closes("a stranger's")
		require.Equal(b, []string{"a stranger's"}, receipts())
		_, err = b.ReopenGrant(ctx, g.Name, []byte("another"), at, "why")
		require.Equal(b, access.CodeConflict, access.CodeOf(err), "its receipt is not the one that was judged: %v", err)
		require.True(b, undo("a stranger's"))
		require.False(b, undo("a stranger's"), "a second server")
		r := b.reload(id)
		require.Equal(b, access.StateEnding, r.State)
		require.Equal(b, access.OutcomeExpired, r.Outcome)
		require.Nil(b, r.EndedAt)
		require.True(b, due(at), "also where it was closed before its time")
		require.Equal(b, []string{""}, receipts())
		closes("its own worker's")
		require.Equal(b, []string{"its own worker's", "its own worker's"}, receipts(), "each closing is an event")

		for n := range 20 {
			require.True(b, undo("its own worker's"))
			require.Equal(b, n == 0, due(at), "what goes on like that comes with pauses")
			require.True(b, due(at.Add(time.Minute)), "and is never left alone")
			closes("its own worker's")
		}
	},
	// A worker that looked at another service has removed nothing there, and the ledger
	// counted that as the grant's last removal.
	"Case155 what a grant shared is held again when its closing is undone": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(s.Request.ID, at, g.ExpiresAt)))
		h := b.Holders(g.Target)
		require.NoError(b, h.Hold(ctx, "admins", g.Name))
		require.NoError(b, h.Made(ctx, "admins", g.Name))
		_, err := h.Release(ctx, "admins", g.Name)
		require.NoError(b, err)
		require.NoError(b, h.Removed(ctx, "admins", g.Name))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		settled, err := h.Settled(ctx, g.Name, 0)
		require.NoError(b, err)
		require.Equal(b, map[string]bool{"admins": true}, settled)
		undone, err := b.ReopenGrant(ctx, g.Name, nil, at, "why")
		require.NoError(b, err)
		require.True(b, undone)
		settled, err = h.Settled(ctx, g.Name, 0)
		require.NoError(b, err)
		require.Empty(b, settled, "the target's own worker removes it")
		held, err := h.Held(ctx, "admins")
		require.NoError(b, err)
		require.Equal(b, map[string][]string{"admins": {g.Name}}, held, "its reconciler finds it")
		last, err := h.Release(ctx, "admins", g.Name)
		require.NoError(b, err)
		require.True(b, last)
	},
	"Case155 the closing of what was never open is undone as well": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		changed, err := b.ReopenGrant(ctx, g.Name, nil, at, "why")
		require.NoError(b, err)
		require.True(b, changed)
		rows, err := b.Grants(ctx, ledger.GrantFilter{RequestID: id})
		require.NoError(b, err)
		require.Equal(b, ledger.GrantIntended, rows[0].Status)
		require.False(b, rows[0].Damaged)
		require.Equal(b, access.OutcomeRevoked, b.reload(id).Outcome, "the closer that ends it ends the request")
		_, err = b.ReopenGrant(ctx, "ramp-nobody", nil, at, "why")
		b.code(access.CodeNotFound, err)
	},
	"Case65 what was decided and done is shown, however much was refused": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		refused := func(kind access.EventKind, n int) {
			var events []access.Event
			for range n {
				events = append(events, access.Event{At: at, Kind: kind, Actor: "dave"})
			}
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, At: at, Events: events}))
		}
		refused(access.EventActRefused, 700)
		refused(access.EventDecisionRefused, 500)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(id, at, g.ExpiresAt)))
		refused(access.EventActRefused, 3)
		events, leftOut, err := b.Timeline(ctx, id)
		require.NoError(b, err)
		require.Equal(b, 700+500+3-200, leftOut)
		require.True(b, slices.IsSortedFunc(events, func(x, y access.Event) int { return int(x.Seq - y.Seq) }))
		var kinds []access.EventKind
		for _, e := range events {
			if !e.Kind.Refusal() {
				kinds = append(kinds, e.Kind)
			}
		}
		require.Equal(b, []access.EventKind{access.EventRequestCreated, access.EventGrantIntended, access.EventGrantOpened, access.EventAccessActive}, kinds)
		require.Equal(b, access.EventActRefused, events[len(events)-1].Kind, "the latest refusals")
		require.Len(b, events, 200+4)
	},
	// Whatever is asked to be recorded, in whatever order, the ledger never calls a
	// request over that has a grant which is not closed, nor active without an open
	// one at that time.
	"Case58 whatever is recorded": func(b fixture) {
		rapid.Check(b, func(t *rapid.T) {
			s := b.submitted()
			id, g := s.Request.ID, grant(s)
			for range rapid.IntRange(1, 12).Draw(t, "steps") {
				was := b.reload(id).State
				switch rapid.IntRange(0, 4).Draw(t, "step") {
				case 0:
					_ = b.IntendGrant(ctx, g, at)
				case 1:
					_ = b.MarkOpened(ctx, g.Name, at)
				case 2:
					_ = b.MarkClosed(ctx, g.Name, at)
				default:
					_ = b.Advance(ctx, access.Transition{RequestID: id, To: rapid.SampledFrom(access.States()).Draw(t, "to"), At: at})
				}
				rows, err := b.Grants(ctx, ledger.GrantFilter{RequestID: id})
				require.NoError(b, err)
				now := b.reload(id).State
				for _, row := range rows {
					require.False(t, now.Final() && row.Status != ledger.GrantClosed, "%s, and the grant is %s", now, row.Status)
				}
				open := slices.ContainsFunc(rows, func(row ledger.GrantRecord) bool { return row.Status == ledger.GrantOpen })
				require.False(t, now == access.StateActive && was != now && !open, "active, and nothing is open")
			}
		})
	},
}
