package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestDecideNarrows: a yes to less is signed as such, and what would be more or
// misleading is refused.
func TestDecideNarrows(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	tomorrow := f.now.Add(24 * time.Hour)
	in := DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest, UpTo: access.Duration(10 * time.Minute), StartAt: &tomorrow}
	_, err := f.Decide(t.Context(), bob, r.ID, in)
	require.NoError(t, err)
	d, err := f.keyring.VerifyDecision(f.gateway.decisions[0])
	require.NoError(t, err)
	require.Equal(t, in.UpTo, d.UpTo)
	require.Equal(t, tomorrow, *d.StartAt)
	for want, bad := range map[string]DecisionInput{
		"up_to_not_less":  {Verdict: access.Approve, UpTo: access.Duration(30 * time.Minute)},
		"start_not_later": {Verdict: access.Approve, StartAt: &f.now},
		"narrow_denial":   {Verdict: access.Deny, UpTo: access.Duration(time.Minute)},
	} {
		other := f.request(access.StatePending)
		bad.PlanDigest = other.Plan.Digest
		_, err := f.Decide(t.Context(), bob, other.ID, bad)
		require.Equal(t, want, access.IssuesOf(err)[0].Code)
		delete(f.ledger.requests, other.ID)
	}
	active := f.request(access.StateActive)
	require.True(t, f.Permissions(t.Context(), alice.Person, active).Extend)
	active.Decisions = []access.Decision{d}
	active.Decisions[0].RequestID, active.Decisions[0].PlanDigest = active.ID, active.Plan.Digest
	require.False(t, f.Permissions(t.Context(), alice.Person, active).Extend, "what was shortened cannot be extended")
	f.ledger.requests[active.ID] = active
	_, err = f.Extend(t.Context(), alice, active.ID, "5m", "", nil)
	require.Equal(t, access.IssueNotExtendable, access.IssuesOf(err)[0].Code)
	require.ErrorContains(t, err, "an approver gave 10m of the 30m that were asked for")
}
