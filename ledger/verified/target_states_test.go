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

// TestCase155MisplacedIsShown: that a worker has another's target in its file is its own word,
// under any key that is known; it says nothing of how that target is.
func TestCase155MisplacedIsShown(t *testing.T) {
	production, staging, stranger := newSigner(t), newSigner(t), newSigner(t)
	now := time.Now().UTC().Truncate(time.Second)
	says := func(by *evidence.Signer, c access.TargetCondition, reason string, ago time.Duration) ledger.KeptTargetState {
		return keptState(t, by, access.TargetState{Target: "db/prod", Condition: c, Reason: reason, Since: now, At: now.Add(-ago)})
	}
	b := &board{kept: []ledger.KeptTargetState{says(production, access.TargetOn, "", 0), says(staging, access.TargetMisplaced, "it is not its own", 0),
		says(staging, access.TargetMisplaced, "it is not its own", time.Minute), says(staging, access.TargetMisplaced, "long ago", time.Hour),
		says(staging, access.TargetOff, "it is off", 0), says(stranger, access.TargetMisplaced, "call this number", 0)}}
	states := &verified.TargetStates{Ledger: b, Workers: evidence.Keyring{}.With(production.Public(), "db/prod").With(staging.Public(), "db/staging"), Log: quiet(), Now: func() time.Time { return now }}
	all := states.All(t.Context())
	require.Len(t, all, 1)
	require.Equal(t, access.TargetOn, all[0].Condition)
	all = states.Misplaced(t.Context())
	require.Len(t, all, 1)
	require.Contains(t, all[0].String(), "db/prod is in the configuration of a worker that does not serve it (it is not its own)")

	b.kept = b.kept[1:]
	states.Now = func() time.Time { return now.Add(time.Minute) }
	require.Empty(t, states.All(t.Context()), "nobody whose it is has spoken")
}
