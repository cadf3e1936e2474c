package app

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestCase127ProofsOfWhatWasChanged: somebody who writes to the ledger's database changes an
// event; its proof does not fit it, and no other event's is touched.
func TestCase127ProofsOfWhatWasChanged(t *testing.T) {
	onEachLedger(t, func(w written) {
		for i := range 9 {
			require.NoError(t, w.real.AppendEvent(t.Context(), access.Event{At: w.now, Kind: access.EventActRefused, Actor: "dave", Message: fmt.Sprint(i)}))
		}
		auditor := access.Actor{Person: access.Person{ID: "carol", Kind: access.KindHuman, Groups: []string{"auditors"}}}
		keys := evidence.NewKeyring(w.signer.Public())
		p, err := w.Proofs(t.Context(), auditor, []int64{7, 3, 2, 3, 99})
		require.NoError(t, err)
		at, err := p.Verify(keys)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3, 7}, leavesOf(p))
		require.EqualValues(t, 9, at.Size)
		_, err = p.Verify(evidence.NewKeyring())
		require.Error(t, err)

		w.mayWrite()
		w.exec(`UPDATE events SET message = 'nothing happened' WHERE seq = 4`, `DELETE FROM events WHERE seq = 8`)
		p, err = w.Proofs(t.Context(), auditor, []int64{2, 3, 7})
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3}, leavesOf(p), "what is gone is left out")
		_, err = p.Verify(keys)
		require.ErrorContains(t, err, "event 4 of the log is not as it is here")
		p.Items = p.Items[:1]
		_, err = p.Verify(keys)
		require.NoError(t, err)
		_, err = w.Proofs(t.Context(), auditor, make([]int64, maxProofs+1))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	})
}

func leavesOf(p evidence.LogProofs) (out []int64) {
	for _, e := range p.Items {
		out = append(out, e.Leaf)
	}
	return out
}
