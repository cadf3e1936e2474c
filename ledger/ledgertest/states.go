package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Bring brings a pending request into a state, by what workflow and workers record
// on the way there: decisions, grants, transitions. The ledger takes nothing else.
// Access is until expires.
func Bring(t testing.TB, l *ledger.Ledger, r access.Request, state access.State, at, expires time.Time, decisions ...access.Decision) {
	t.Helper()
	ctx := context.Background()
	advance := func(to access.State, change ...func(*access.Transition)) {
		t.Helper()
		step := access.Transition{RequestID: r.ID, To: to, At: at}
		for _, c := range change {
			c(&step)
		}
		require.NoError(t, l.Advance(ctx, step))
	}
	if len(decisions) > 0 {
		_, stages := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, decisions)
		advance("", func(step *access.Transition) { step.Decisions, step.Stages = decisions, stages })
	}
	switch state {
	case access.StatePending:
		return
	case access.StateDenied:
		if len(decisions) == 0 {
			advance("", func(step *access.Transition) {
				step.Decisions = []access.Decision{{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Deny, At: at,
					Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}}}
			})
		}
		advance(state)
		return
	case access.StateCancelled, access.StateLapsed, access.StateFailed:
		advance(state)
		return
	}
	advance(access.StateApproved)
	if state == access.StateApproved || state == access.StateScheduled {
		advance(state)
		return
	}
	var names []string
	for _, p := range r.Plan.Grants {
		g := access.Grant{Name: p.Name, RequestID: r.ID, Target: p.Target, Principal: r.Plan.Principal, Entitlement: p.Entitlement, ExpiresAt: expires}
		require.NoError(t, l.IntendGrant(ctx, g, at))
		names = append(names, g.Name)
	}
	require.NotEmpty(t, names, "a request without grants has no access")
	if state == access.StateGranting {
		return
	}
	for i, name := range names {
		var active []access.Transition
		if i == len(names)-1 {
			active = append(active, access.Transition{RequestID: r.ID, To: access.StateActive, At: at, ActiveAt: &at, ExpiresAt: &expires})
		}
		require.NoError(t, l.MarkOpened(ctx, name, at, active...))
	}
	if state == access.StateActive {
		return
	}
	advance(access.StateEnding)
	if state == access.StateEnding {
		return
	}
	for _, name := range names {
		require.NoError(t, l.MarkClosed(ctx, name, at))
	}
	advance(access.StateEnded)
}
