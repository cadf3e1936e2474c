package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestNarrowedAtTheWorker: nothing opens for longer, earlier or again than an approver
// said yes to, whatever the workflow says.
func TestNarrowedAtTheWorker(t *testing.T) {
	ten := func(d *access.Decision) { d.UpTo = access.Duration(10 * time.Minute) }
	t.Run("a shorter length", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		d := a.says(bob, ten)
		_, err := a.verify(d)
		require.NoError(t, err)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), d)
		require.NoError(t, a.open(start.Add(10*time.Minute), d))
		w.now = start.Add(5 * time.Minute)
		require.Error(t, a.extend(alice, 1, 5*time.Minute, start.Add(15*time.Minute)), "what was shortened is not extended")
		require.Equal(t, start.Add(10*time.Minute), a.row().ExpiresAt.UTC())
	})
	t.Run("a later start", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		in := start.Add(time.Hour)
		d := a.says(bob, func(d *access.Decision) { d.StartAt = &in })
		_, err := a.verify(d)
		require.NoError(t, err)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), d)
		ids, err := w.ledger.Starting(t.Context(), in, in)
		require.NoError(t, err)
		require.NotEmpty(t, ids, "Case60: a server confirms it when that start comes")
	})
}
