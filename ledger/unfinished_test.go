package ledger_test

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// kinds are the kinds of a request's events.
func (b fixture) kinds(id string) (out []string) {
	for _, e := range b.timeline(id) {
		out = append(out, string(e.Kind))
	}
	return out
}

func (b fixture) unfinished(id string) (ledger.Unfinished, bool) {
	b.Helper()
	all, err := b.Unfinished(ctx)
	require.NoError(b, err)
	i := slices.IndexFunc(all, func(u ledger.Unfinished) bool { return u.ID == id })
	if i < 0 {
		return ledger.Unfinished{}, false
	}
	return all[i], true
}

// unfinished is what the third line reads and writes.
var unfinished = map[string]func(b fixture){
	"Case38 a request that never had access is concluded as failed, once": func(b fixture) {
		id := b.submitted().Request.ID
		u, ok := b.unfinished(id)
		require.True(b, ok)
		require.Equal(b, ledger.Unfinished{ID: id, State: access.StatePending}, u)
		require.NoError(b, b.MarkStarted(ctx, id))
		u, _ = b.unfinished(id)
		require.True(b, u.Started)
		for _, want := range []bool{true, false} {
			changed, err := b.Conclude(ctx, id, access.OutcomeExpired, at, "Its workflow is gone.")
			require.NoError(b, err)
			require.Equal(b, want, changed)
		}
		r := b.reload(id)
		require.Equal(b, access.StateFailed, r.State)
		require.Empty(b, r.Outcome)
		require.Equal(b, "Its workflow is gone.", r.Problem)
		require.Equal(b, []string{"request.created", "request.failed"}, b.kinds(id))
		_, ok = b.unfinished(id)
		require.False(b, ok)
		b.code(access.CodeConflict, b.IntendGrant(ctx, grant(ledger.Submission{Request: r}), at))
	},
	"Case38 a request is not concluded while a grant is open": func(b fixture) {
		s := b.submitted()
		id, g := s.Request.ID, grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		u, _ := b.unfinished(id)
		require.Equal(b, ledger.Unfinished{ID: id, State: access.StateGranting, ExpiresAt: &g.ExpiresAt, Grants: 1, NotClosed: 1}, u)
		changed, err := b.Conclude(ctx, id, access.OutcomeRevoked, at, "x")
		require.NoError(b, err)
		require.False(b, changed)
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		changed, err = b.Conclude(ctx, id, access.OutcomeRevoked, at.Add(time.Minute), "Its workflow is gone.")
		require.NoError(b, err)
		require.True(b, changed)
		r := b.reload(id)
		require.Equal(b, []any{access.StateEnded, access.OutcomeRevoked, at.Add(time.Minute), false},
			[]any{r.State, r.Outcome, *r.EndedAt, r.Overdue})
		// The workflow was not gone after all, and tells the same.
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateEnded, Outcome: access.OutcomeExpired, At: at.Add(time.Hour),
			Events: []access.Event{{At: at, Kind: access.EventAccessEnded, Key: access.KeyEnded}}}))
		require.Equal(b, r, b.reload(id))
	},
	"an outcome that is known stands": func(b fixture) {
		id := b.submitted().Request.ID
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateApproved, At: at}))
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: access.StateEnding, Outcome: access.OutcomeReleased, At: at}))
		_, err := b.Conclude(ctx, id, access.OutcomeRevoked, at, "x")
		require.NoError(b, err)
		require.Equal(b, access.OutcomeReleased, b.reload(id).Outcome)
	},
	"grants by name": func(b fixture) {
		s := b.submitted()
		require.NoError(b, b.IntendGrant(ctx, grant(s), at))
		rows, err := b.Grants(ctx, ledger.GrantFilter{Names: []string{grant(s).Name, "ramp-x"}})
		require.NoError(b, err)
		require.Len(b, rows, 1)
		_, err = b.Grants(ctx, ledger.GrantFilter{Names: strings.Split(strings.Repeat("x,", 500), ",")})
		b.code(access.CodeInvalid, err)
	},
	"what stands open": func(b fixture) {
		before, err := b.CountOpen(ctx)
		require.NoError(b, err)
		s := b.submitted()
		require.NoError(b, b.IntendGrant(ctx, grant(s), at))
		yes := true
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateEnding, Overdue: &yes, At: at}))
		now, err := b.CountOpen(ctx)
		require.NoError(b, err)
		require.Equal(b, before.GrantsByTarget["ssh/demo"]+1, now.GrantsByTarget["ssh/demo"])
		require.Equal(b, before.OverdueRequests+1, now.OverdueRequests)
		require.NoError(b, b.MarkClosed(ctx, grant(s).Name, at))
		_, err = b.Conclude(ctx, s.Request.ID, access.OutcomeExpired, at, "x")
		require.NoError(b, err)
		now, err = b.CountOpen(ctx)
		require.NoError(b, err)
		require.Equal(b, before.OverdueRequests, now.OverdueRequests)
	},
}
