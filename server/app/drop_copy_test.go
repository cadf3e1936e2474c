package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestCase129CopyLendsNoRemoval: a removal that a server signed in a copy of the ledger, with
// the same key, hides no request here, from pages as little as from the weekly review.
func TestCase129CopyLendsNoRemoval(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		asked, hidden := w.now, w.lived()
		w.now = w.now.Add(400 * day)
		tree, err := w.real.Tree(ctx)
		require.NoError(t, err)
		signed := access.Removal{Log: "ramp-of-staging", At: w.now, Requests: []access.RemovedRequest{{ID: hidden.ID, State: access.StateEnded, Contract: "orders", CreatedAt: asked}}}
		require.NotEqual(t, tree.Origin, signed.Log)
		record, _, err := w.signer.SignRemoval(signed)
		require.NoError(t, err)
		w.mayWrite()
		w.exec(`INSERT INTO removals (seq, record) VALUES (1, '`+string(record)+`')`,
			fmt.Sprintf(`UPDATE requests SET removal = 1, dropped_at = 1, plan_envelope = '' WHERE id = '%s'`, hidden.ID))
		r, err := w.Request(ctx, oscar.Person, hidden.ID)
		require.NoError(t, err)
		require.Nil(t, r.Dropped)
		require.NotEmpty(t, r.Altered)
		made, _, err := w.reviews.make(ctx, review.Period{From: asked.Add(-day), To: asked.Add(day)})
		require.NoError(t, err)
		require.Contains(t, strings.Join(made.Unknown, "\n"), "Of 1 request in the ledger the plan is not one that Ramp signed")
		require.NotContains(t, strings.Join(made.Unknown, "\n"), "dropped by policy")
	})
}
