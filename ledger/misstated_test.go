package ledger_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// misstated returns what the table says of these requests otherwise than the log.
func (b fixture) misstated(ids ...string) []ledger.Misstated {
	b.Helper()
	all, err := b.Misstated(ctx)
	require.NoError(b, err)
	return slices.DeleteFunc(all, func(m ledger.Misstated) bool { return !slices.Contains(ids, m.ID) })
}

// misstatements are states that somebody wrote into the table.
var misstatements = map[string]func(b fixture){
	"Case58 a state that the log does not say is found, and corrected": func(b fixture) {
		s := b.submitted()
		pending, active := s.Request.ID, b.opened("misstated/"+access.NewRequestID())
		require.Empty(b, b.misstated(pending, active.RequestID))
		for _, state := range []string{"ended", "denied", "approved", "active", "PENDING", ""} {
			_, err := b.raw.Exec(`UPDATE requests SET state = '` + state + `', ended_at = 1 WHERE id = '` + pending + `'`)
			require.NoError(b, err)
			require.Equal(b, []ledger.Misstated{{ID: pending, Is: access.State(state), Logged: access.StatePending}}, b.misstated(pending, active.RequestID))
			e := access.Event{At: at, RequestID: pending, Kind: access.EventRecordAltered, Actor: access.ActorReconciler, Message: "it was " + state}
			changed, err := b.RestoreState(ctx, pending, e)
			require.NoError(b, err)
			require.True(b, changed)
			changed, err = b.RestoreState(ctx, pending, e)
			require.NoError(b, err)
			require.False(b, changed)
			r := b.reload(pending)
			require.Equal(b, access.StatePending, r.State)
			require.Nil(b, r.EndedAt)
			require.Empty(b, b.misstated(pending, active.RequestID))
		}
		_, err := b.raw.Exec(`UPDATE requests SET state = 'cancelled' WHERE id = '` + active.RequestID + `'`)
		require.NoError(b, err)
		require.Equal(b, access.StateActive, b.misstated(active.RequestID)[0].Logged)
	},
	"Case58 a row that is gone is said once": func(b fixture) {
		id := b.submitted().Request.ID
		require.Empty(b, b.misstated(id))
		_, err := b.raw.Exec(`DELETE FROM requests WHERE id = '` + id + `'`)
		require.NoError(b, err)
		require.Equal(b, []ledger.Misstated{{ID: id, Logged: access.StatePending}}, b.misstated(id))
		require.Empty(b, b.misstated(id))
		_, err = b.RestoreState(ctx, id, access.Event{})
		b.code(access.CodeNotFound, err)
	},
	"Case53 one request that cannot be read keeps nobody from another": func(b fixture) {
		set := `requester = '{', plan = '[]', stages = '7', decisions = '{', review = '{', input = '{', plan_envelope = '', state = 'PENDING'`
		if b.sqlite() {
			set += `, overdue = 'x', extensions = 'x', active_at = 'x', expires_at = 'x', ended_at = 'x', workflow_started = 'x'`
		}
		damaged, other := b.submitted().Request.ID, b.submitted().Request.ID
		_, err := b.raw.Exec(`UPDATE requests SET ` + set + ` WHERE id = '` + damaged + `'`)
		require.NoError(b, err)
		list, _, err := b.Requests(ctx, ledger.RequestFilter{Limit: 200})
		require.NoError(b, err)
		for _, r := range list {
			require.Equal(b, r.ID == damaged, len(r.Altered) > 0, r.ID)
		}
		r := b.reload(damaged)
		require.Contains(b, r.Altered[0], "decisions")
		require.Contains(b, r.Altered[0], "state")
		require.Empty(b, r.Requester.ID)
		for name, read := range map[string]func() error{
			"unfinished":  func() error { _, err := b.Unfinished(ctx); return err },
			"unstarted":   func() error { _, err := b.Unstarted(ctx, at.Add(time.Hour)); return err },
			"end orders":  func() error { _, err := b.EndOrders(ctx); return err },
			"undelivered": func() error { _, err := b.Undelivered(ctx); return err },
			"open counts": func() error { _, err := b.CountOpen(ctx); return err },
			"starting":    func() error { _, err := b.Starting(ctx, at, at.Add(time.Hour)); return err },
			"misstated":   func() error { _, err := b.Misstated(ctx); return err },
		} {
			require.NoError(b, read(), name)
		}
		_, err = b.History(ctx, access.Person{ID: "alice", Kind: access.KindHuman}, "ssh-demo", at.Add(time.Minute))
		b.code(access.CodeEvidence, err)
		require.Contains(b, err.Error(), damaged, "what it says of that person is not guessed")

		o := access.EndOrder{RequestID: damaged, Kind: access.EndRevoke, By: "oscar", At: at}
		require.NoError(b, b.OrderEnd(ctx, o, []byte(`{}`)), "an operator can end it")
		_, err = b.raw.Exec(`UPDATE requests SET state = 'pending' WHERE id = '` + damaged + `'`)
		require.NoError(b, err)
		orders, err := b.EndOrders(ctx)
		require.NoError(b, err)
		require.Contains(b, orders, damaged)
		b.code(access.CodeConflict, b.Advance(ctx, access.Transition{RequestID: damaged, To: access.StateDenied, At: at}))
		denial := access.DecisionRecorded(access.Decision{RequestID: damaged, Verdict: access.Deny, Approver: access.Person{ID: "bob"}, At: at}, []byte(`{}`))
		require.NoError(b, b.Advance(ctx, denial))
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: damaged, To: access.StateDenied, At: at}))
		require.Equal(b, access.StateDenied, b.reload(damaged).State)
		_, err = b.raw.Exec(`UPDATE requests SET created_at = 0, contract = 'other', requester_id = '', requester_key = '', human_key = '', email_key = '' WHERE id IN ('` + damaged + `', '` + other + `')`)
		require.NoError(b, err) // for the tests that follow
	},
}

// TestCase53ADamagedTimeHidesNothing: a list goes on behind a row whose time is no
// number. Postgres has numbers only.
func TestCase53ADamagedTimeHidesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(ctx, "sqlite:"+path)
	require.NoError(t, err)
	defer l.Close()
	b := fixture{t, l, openRaw(t, path)}
	damaged, kept := b.submitted().Request.ID, []string{b.submitted().Request.ID, b.submitted().Request.ID}
	_, err = b.raw.Exec(`UPDATE requests SET created_at = 'x' WHERE id = '` + damaged + `'`)
	require.NoError(t, err)
	var seen []string
	f := ledger.RequestFilter{Limit: 1}
	for more := true; more; more = f.Cursor != "" {
		var page []access.Request
		page, f.Cursor, err = l.Requests(context.Background(), f)
		require.NoError(t, err)
		for _, r := range page {
			seen = append(seen, r.ID)
		}
	}
	require.ElementsMatch(t, append(kept, damaged), seen)
}
