package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
)

// accept is what a server does that accepts these keys of workers.
func (s *site) accept(keys ...access.WorkerKey) {
	s.Helper()
	now := time.Now().UTC()
	e, err := s.signer.SignWorkerKeys(access.WorkerKeys{Keys: keys, Since: now, At: now})
	require.NoError(s, err)
	b, err := json.Marshal(e)
	require.NoError(s, err)
	require.NoError(s, s.ledger.KeepWorkerKeys(s.Context(), b))
}

// misplaced reports whether a worker with a key has said that the target is not its own.
func (s *site) misplaced(key *evidence.Signer) bool {
	kept, err := s.ledger.TargetStates(s.Context())
	require.NoError(s, err)
	for _, k := range kept {
		e, err := evidence.ReadEnvelope(k.Envelope)
		require.NoError(s, err)
		if _, err := evidence.NewKeyring(key.Public()).VerifyMisplaced(e, targetName); err == nil {
			return true
		}
	}
	return false
}

// TestCase155Misplaced: a worker that has another environment's target in its file takes none
// of its work, and says so; the target's own worker opens and closes. Once the servers accept
// its key for the target it serves it. One whose key they no longer accept still closes what it
// has opened, whatever the servers sign.
func TestCase155Misplaced(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	staging, production := s.receipts, evidence.NewSigner(strangerKey(t))
	s.accept(access.WorkerKey{ID: staging.KeyID(), Targets: []string{"memory/staging"}}, access.WorkerKey{ID: production.KeyID(), Targets: []string{targetName}})
	s.start()
	s.eventually(func() bool { return s.misplaced(staging) }, "the worker of staging says that the target is not its own")
	a := s.asks(time.Hour)
	theirs := newService()
	other, err := Start(t.Context(), Config{}, Deps{Temporal: s.temporal, Ledger: s.ledger, Log: s.log, Signer: production,
		Keyring: evidence.NewKeyring(s.signer.Public()), Targets: map[string]integrations.Target{targetName: theirs}})
	require.NoError(t, err)
	defer other.Stop()
	a.awaits(access.StateActive)
	require.True(t, theirs.works(a.grant()))
	a.stops(access.EndRevoke)
	a.awaits(access.StateEnded)
	require.Zero(t, theirs.open())
	require.Empty(t, s.service.asked("grant"))
	require.Empty(t, s.service.asked("revoke"))
	require.False(t, s.misplaced(production))

	b := s.asks(time.Minute)
	b.awaits(access.StateActive)
	require.True(t, theirs.works(b.grant()))
	s.accept(access.WorkerKey{ID: staging.KeyID(), Targets: []string{"memory/staging"}}, access.WorkerKey{ID: production.KeyID(), Targets: []string{"memory/elsewhere"}})
	s.eventually(func() bool { return s.misplaced(production) }, "each worker reads again whose the target is")
	b.awaits(access.StateEnded)
	require.Zero(t, theirs.open(), "who opened a grant closes it")
	require.Empty(t, s.service.asked("revoke"))

	s.accept(access.WorkerKey{ID: staging.KeyID(), Targets: []string{targetName}})
	s.eventually(func() bool { return !s.misplaced(staging) }, "it serves the target from now on")
	c := s.asks(time.Hour)
	c.awaits(access.StateActive)
	require.True(t, s.service.works(c.grant()))
}
