package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestVerifyGrant: what the ledger says of an open grant counts only as far as it
// was signed.
func TestVerifyGrant(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	ctx := context.Background()
	g := a.row().Grant
	require.NoError(t, w.targets.VerifyGrant(ctx, g))
	for name, change := range map[string]func(*access.Grant){
		"wider":             func(g *access.Grant) { g.Entitlement = access.Entitlement{"what": "everything"} },
		"elsewhere":         func(g *access.Grant) { g.Target = "model/other" },
		"for somebody else": func(g *access.Grant) { g.Principal = "mallory" },
		"longer":            func(g *access.Grant) { g.ExpiresAt = g.ExpiresAt.Add(2 * time.Hour) },
		"longer than ordered, though the plan could be extended so far": func(g *access.Grant) { g.ExpiresAt = g.ExpiresAt.Add(20 * time.Minute) },
		"one more":    func(g *access.Grant) { g.Name = access.GrantName(g.RequestID, 1) },
		"of another":  func(g *access.Grant) { g.RequestID = w.asks().plan.RequestID },
		"of nobody's": func(g *access.Grant) { g.RequestID = access.NewRequestID() },
	} {
		forged := g
		change(&forged)
		require.Equal(t, access.CodeEvidence, access.CodeOf(w.targets.VerifyGrant(ctx, forged)), name)
	}
	require.NoError(t, a.extend(alice, 1, 20*time.Minute, g.ExpiresAt.Add(20*time.Minute)))
	require.NoError(t, w.targets.VerifyGrant(ctx, a.row().Grant), "as long as ordered")
	pending := w.asks()
	g = access.Grant{Name: pending.grant(), RequestID: pending.plan.RequestID, Target: targetName, Principal: alice.ID,
		Entitlement: pending.plan.Grants[0].Entitlement, ExpiresAt: w.now.Add(time.Minute)}
	require.Equal(t, access.CodeEvidence, access.CodeOf(w.targets.VerifyGrant(ctx, g)), "approved by nobody")
}
