package app

import (
	"context"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// checkpointSigner signs a checkpoint of the log.
type checkpointSigner interface {
	SignCheckpoint(c evidence.Checkpoint) (string, error)
}

// lastCheckpoint is the latest checkpoint that this server has signed.
type lastCheckpoint struct {
	mu     sync.Mutex
	at     evidence.Checkpoint
	signed string
}

// checkpoint signs the log as it stands, unless the log no longer holds what
// this server has signed before: one that was cut off or rewritten gets no
// further signature while the server that remembers runs. That is CodeEvidence.
func (a *auditor) checkpoint(ctx context.Context) (evidence.Checkpoint, string, error) {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	tree, err := a.ledger.Tree(ctx)
	if err != nil {
		return evidence.Checkpoint{}, "", err
	}
	now, last := evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, a.last.at
	if now == last {
		return now, a.last.signed, nil
	}
	if last.Size > 0 {
		root, err := tlog.TreeHash(min(last.Size, now.Size), a.ledger.HashReader(ctx))
		if err != nil {
			return now, "", err
		}
		if root != last.Root || last.Origin != now.Origin {
			a.log.WithField("size", now.Size).WithField("signed", last.Size).Error("the log no longer holds what was signed before; nothing more is signed")
			return now, "", access.Errorf(access.CodeEvidence, "the log no longer holds what this server signed before")
		}
	}
	signed, err := a.signer.SignCheckpoint(now)
	if err != nil {
		return now, "", err
	}
	a.last.at, a.last.signed = now, signed
	return now, signed, nil
}
