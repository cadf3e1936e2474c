package app

import (
	"context"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// checkpointSigner signs a checkpoint of the log.
type checkpointSigner interface {
	SignCheckpoint(c evidence.Checkpoint) (string, error)
	LogKey(origin string) string
}

// CheckpointStore keeps the last signed checkpoint where the owner of the ledger's
// database cannot write: beside the signing key. Load returns "" where there is
// none.
type CheckpointStore interface {
	Load() (signed string, err error)
	Save(signed string) error
}

// lastCheckpoint is the latest checkpoint that this server knows to be signed.
type lastCheckpoint struct {
	mu     sync.Mutex
	at     evidence.Checkpoint
	signed string // "" if this process has not signed it
	since  time.Time
	broken bool // the log no longer holds it
}

// checkpointEvery is how often a log that has grown is signed: what is younger can
// be cut off unseen.
const checkpointEvery = 10 * time.Second

// checkpoint signs the log as it stands, unless the log no longer holds what was
// signed before, by this process or an earlier one: one that was cut off or rewritten
// gets no further signature (docs/threats.md, case 66). That is CodeEvidence.
func (a *auditor) checkpoint(ctx context.Context) (evidence.Checkpoint, string, error) {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	now, err := a.checkLog(ctx)
	if err != nil {
		return now, "", err
	}
	if now == a.last.at && a.last.signed != "" {
		return now, a.last.signed, nil
	}
	signed, err := a.signer.SignCheckpoint(now)
	if err != nil {
		return now, "", err
	}
	// What could not be remembered is not given out.
	if a.store != nil {
		if err := a.store.Save(signed); err != nil {
			return now, "", access.Errorf(access.CodeUnavailable, "the checkpoint of the log cannot be kept: %w", err)
		}
	}
	a.last.at, a.last.signed, a.last.since = now, signed, a.now()
	// Those who keep checkpoints elsewhere find it in the ledger. This server does not
	// believe that copy, and needs it for nothing.
	if err := a.ledger.KeepCheckpoint(ctx, now.Origin, now.Size, signed, a.now()); err != nil && ctx.Err() == nil {
		a.log.WithError(err).Warn("the checkpoint of the log could not be written to the ledger")
	}
	return now, signed, nil
}

// checkLog returns the log as it stands, if it holds everything that was signed. The
// caller holds the lock of the last checkpoint.
func (a *auditor) checkLog(ctx context.Context) (evidence.Checkpoint, error) {
	if err := a.recall(); err != nil {
		return evidence.Checkpoint{}, err
	}
	tree, err := a.ledger.Tree(ctx)
	if err != nil {
		a.last.broken = a.last.broken || access.CodeOf(err) == access.CodeEvidence
		return evidence.Checkpoint{}, err
	}
	now, last := evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, a.last.at
	holds, err := a.holds(ctx, tree, last)
	if err != nil {
		return now, err
	}
	a.last.broken = !holds
	if !holds {
		a.log.WithField("size", now.Size).WithField("signed", last.Size).WithField("origin", last.Origin).
			Error("the log no longer holds what was signed before: it was cut off, rewritten or replaced; nothing more is signed")
		return now, access.Errorf(access.CodeEvidence, "the log no longer holds what this server signed before")
	}
	return now, nil
}

// recall reads the last checkpoint that any process has kept. A larger one in memory
// stays.
func (a *auditor) recall() error {
	if a.store == nil {
		return nil
	}
	signed, err := a.store.Load()
	if err == nil && signed == "" {
		return nil
	}
	var kept evidence.Checkpoint
	if err == nil {
		kept, err = evidence.ReadCheckpoint(signed)
	}
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "the last checkpoint of the log cannot be read: %w", err)
	}
	if kept.Size > a.last.at.Size {
		a.last.at, a.last.signed, a.last.since = kept, "", a.now()
	}
	return nil
}

// holds reports whether a log goes on from what was signed.
func (a *auditor) holds(ctx context.Context, tree ledger.Tree, last evidence.Checkpoint) (bool, error) {
	switch {
	case last.Size == 0:
		return true, nil
	case last.Origin != tree.Origin || tree.Size < last.Size:
		return false, nil
	}
	root, err := tlog.TreeHash(last.Size, a.ledger.HashReader(ctx))
	return root == last.Root, err
}

// KeepCheckpoint compares the log with what was signed before, at once and then
// every ten seconds, and signs it where it has grown, until ctx ends, and once more
// then.
func (a *auditor) KeepCheckpoint(ctx context.Context) {
	sign := func(ctx context.Context) {
		if _, _, err := a.checkpoint(ctx); err != nil && access.CodeOf(err) != access.CodeEvidence && ctx.Err() == nil {
			a.log.WithError(err).Warn("the log could not be signed")
		}
	}
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		sign(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkpointEvery/5)
			defer cancel()
			sign(stop)
			return
		}
	}
}

// LogBroken reports whether the log, when it was last looked at, no longer held what
// was signed before.
func (a *auditor) LogBroken() bool {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	return a.last.broken
}
