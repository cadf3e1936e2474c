package app

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestWhoEndedItIsShownAsSigned: a request says who ended it and why, as the server signed it;
// what somebody writes into the database in its place says nothing.
func TestWhoEndedItIsShownAsSigned(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx, r := t.Context(), w.asked()
		_, err := w.Revoke(ctx, oscar, r.ID, "laptop stolen")
		require.NoError(t, err)
		again, err := w.Revoke(ctx, oscar, r.ID, "incident is over")
		require.NoError(t, err)
		require.Len(t, again.EndOrders, 1)
		require.Equal(t, []any{"oscar", "laptop stolen", access.EndRevoke}, []any{again.EndOrders[0].By, again.EndOrders[0].Reason, again.EndOrders[0].Kind})

		_, stranger, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		forged := again.EndOrders[0]
		forged.By = "carol"
		signed, err := evidence.NewSigner(stranger).SignEnd(forged)
		require.NoError(t, err)
		envelope, err := json.Marshal(signed)
		require.NoError(t, err)
		w.exec(`UPDATE statements SET envelope = '` + string(envelope) + `' WHERE key LIKE '` + access.KeyEndPrefix + `%'`)
		shown, err := w.Request(ctx, oscar.Person, r.ID)
		require.NoError(t, err)
		require.Empty(t, shown.EndOrders)
	})
}
