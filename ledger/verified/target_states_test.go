package verified_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
)

// board is a ledger with what workers said of targets; a reading of it ends with its context.
type board struct {
	kept  []ledger.KeptTargetState
	reads int
}

func (b *board) TargetStates(ctx context.Context) ([]ledger.KeptTargetState, error) {
	b.reads++
	return b.kept, ctx.Err()
}

func keptState(t *testing.T, by *evidence.Signer, s access.TargetState) ledger.KeptTargetState {
	e, err := by.SignTargetState(s)
	require.NoError(t, err)
	b, err := json.Marshal(e)
	require.NoError(t, err)
	return ledger.KeptTargetState{Target: s.Target, Envelope: b}
}

// TestReadingIsForAll: somebody who asked first and went away leaves the others what was
// read, not an error.
func TestReadingIsForAll(t *testing.T) {
	worker, now := newSigner(t), time.Now().UTC().Truncate(time.Second)
	b := &board{kept: []ledger.KeptTargetState{keptState(t, worker, access.TargetState{Target: "ssh/a", Condition: access.TargetOn, Since: now, At: now})}}
	states := &verified.TargetStates{Ledger: b, Workers: evidence.NewKeyring(worker.Public()), Log: quiet(), Now: func() time.Time { return now }}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Len(t, states.All(gone), 1)
	require.Len(t, states.All(t.Context()), 1)
	require.Equal(t, 1, b.reads)
}
