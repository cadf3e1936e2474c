package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestCase164ClosedBeforeItWasBegun: somebody who writes to Temporal has a grant closed before
// it is opened, so that its own worker signs that nothing is left of it. That receipt is not
// kept: the closing that comes after the opening has one of its own.
func TestCase164ClosedBeforeItWasBegun(t *testing.T) {
	w := newWorker(t)
	a := w.asks()
	d := a.decision(bob, access.Approve)
	_, err := a.verify(d)
	require.NoError(t, err)
	closings := func() (at []time.Time) {
		all, err := w.ledger.Statements(context.Background(), a.plan.RequestID)
		require.NoError(t, err)
		for _, b := range all {
			e, err := evidence.ReadEnvelope(b)
			require.NoError(t, err)
			payload, err := e.DecodeB64Payload()
			require.NoError(t, err)
			var r access.Receipt
			if e.PayloadType == evidence.TypeReceipt && json.Unmarshal(payload, &r) == nil && r.Kind == access.ReceiptClosed {
				at = append(at, r.At)
			}
		}
		return at
	}
	require.NoError(t, a.close())
	require.Empty(t, closings())
	w.now = w.now.Add(time.Minute)
	require.NoError(t, a.open(w.now.Add(10*time.Minute), d))
	w.now = w.now.Add(time.Minute)
	require.NoError(t, a.close())
	require.Equal(t, ledger.GrantClosed, a.row().Status)
	require.Equal(t, []time.Time{w.now}, closings())
}
