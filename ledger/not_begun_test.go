package ledger_test

import (
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// endsUnbegun is a request that is ending and has two grants, of which the first was opened.
func (b fixture) endsUnbegun() (first, second access.Grant) {
	b.Helper()
	s := b.submission()
	second = grant(s)
	second.Name = access.GrantName(s.Request.ID, 1)
	s.Request.Plan.Grants = append(s.Request.Plan.Grants, access.PlannedGrant{Name: second.Name, Target: second.Target})
	_, err := b.Submit(ctx, s)
	require.NoError(b, err)
	require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateApproved, At: at}))
	require.NoError(b, b.IntendGrant(ctx, grant(s), at))
	require.NoError(b, b.MarkOpened(ctx, grant(s).Name, at))
	require.NoError(b, b.Advance(ctx, access.Ending(s.Request.ID, access.OutcomeFailed, at)))
	return grant(s), second
}

// notBegunSuite is about grants that were never begun (docs/threats.md, case 156).
var notBegunSuite = map[string]func(b fixture){
	"Case156 who was never begun is ruled out, while its request ends": func(b fixture) {
		first, second := b.endsUnbegun()
		ids, err := b.EndingFor(ctx, at, 10)
		require.NoError(b, err)
		require.NotContains(b, ids, first.RequestID, "not for long enough")
		ids, err = b.EndingFor(ctx, at.Add(time.Second), 1000)
		require.NoError(b, err)
		require.Contains(b, ids, first.RequestID)
		b.code(access.CodeConflict, b.RuleOut(ctx, first.RequestID, first.Name, first.Target, at))
		for range 2 {
			require.NoError(b, b.RuleOut(ctx, second.RequestID, second.Name, second.Target, at))
		}
		var told int
		for _, e := range b.timeline(second.RequestID) {
			if e.Kind == access.EventGrantNotBegun {
				told++
				require.Equal(b, second.Name, e.Detail["grant"])
			}
		}
		require.Equal(b, 1, told)
		// Somebody who writes to the database has the request open again; the event stands.
		_, err = b.raw.Exec(`UPDATE requests SET state = 'granting' WHERE id = '` + second.RequestID + `'`)
		require.NoError(b, err)
		b.code(access.CodeConflict, b.IntendGrant(ctx, second, at))
		b.code(access.CodeTooLate, b.RuleOut(ctx, second.RequestID, second.Name, second.Target, at))
	},
	"Case156 a grant whose row somebody has deleted was begun": func(b fixture) {
		first, _ := b.endsUnbegun()
		_, err := b.raw.Exec(`DELETE FROM grants WHERE name = '` + first.Name + `'`)
		require.NoError(b, err)
		b.code(access.CodeConflict, b.RuleOut(ctx, first.RequestID, first.Name, first.Target, at))
	},
	"Case156 of an opening and a ruling out at one instant only one is recorded": func(b fixture) {
		for range 10 {
			_, second := b.endsUnbegun()
			// As if the request had begun to end while the opening was on its way.
			_, err := b.raw.Exec(`UPDATE requests SET state = 'granting' WHERE id = '` + second.RequestID + `'`)
			require.NoError(b, err)
			var both sync.WaitGroup
			var opened, ruledOut error
			both.Go(func() { opened = b.IntendGrant(ctx, second, at) })
			both.Go(func() {
				if ruledOut = b.Advance(ctx, access.Transition{RequestID: second.RequestID, To: access.StateEnding, At: at}); ruledOut == nil {
					ruledOut = b.RuleOut(ctx, second.RequestID, second.Name, second.Target, at)
				}
			})
			both.Wait()
			require.NotEqual(b, opened == nil, ruledOut == nil, "%v; %v", opened, ruledOut)
		}
	},
}
