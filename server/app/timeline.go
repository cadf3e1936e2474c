package app

import (
	"context"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// verifiedLeaves are the events, by number, that were found in a log that was signed.
// They need no second proof: a log that no longer holds them is found out by its
// checkpoint.
type verifiedLeaves struct {
	mu     sync.Mutex
	leaves map[int64]tlog.Hash
}

// maxVerifiedLeaves bounds how many are remembered; beyond it all are proven again.
const maxVerifiedLeaves = 100_000

// verifyTimeline holds events that are shown against the log: each must be the leaf
// that was recorded under its number, in a log that goes on from what was signed
// (docs/threats.md, case 67). Errors are part of the result: what cannot be verified
// is shown, and said not to be.
func (a *auditor) verifyTimeline(ctx context.Context, events []access.Event) *access.TimelineCheck {
	out := &access.TimelineCheck{}
	a.last.mu.Lock()
	now, err := a.checkLog(ctx)
	out.Size, out.Signed = now.Size, min(a.last.at.Size, now.Size)
	if since := a.last.since; !since.IsZero() {
		out.SignedAt = &since
	}
	a.last.mu.Unlock()
	if err != nil {
		out.Problem = "The log could not be verified."
		if access.CodeOf(err) == access.CodeEvidence {
			out.Problem = "The log no longer holds what was signed before."
		}
		return out
	}
	hashes := a.ledger.HashReader(ctx)
	for _, e := range events {
		leaf := tlog.RecordHash(e.Leaf())
		if a.verified.has(e.Seq, leaf) {
			continue
		}
		proven, err := proveLeaf(now.Size, e.Seq-1, now.Root, leaf, hashes)
		switch {
		case err != nil:
			out.Problem = "The log could not be verified."
			return out
		case !proven:
			out.Altered = append(out.Altered, e.Seq)
		case e.Seq <= out.Signed:
			a.verified.add(e.Seq, leaf)
		}
	}
	if len(out.Altered) > 0 {
		a.log.WithField("events", out.Altered).Error("events are not what was recorded: somebody has changed the ledger's database")
	}
	return out
}

// proveLeaf reports whether a leaf is in a log, at its place.
func proveLeaf(size, place int64, root, leaf tlog.Hash, hashes tlog.HashReader) (bool, error) {
	if place < 0 || place >= size {
		return false, nil
	}
	proof, err := tlog.ProveRecord(size, place, hashes)
	if err != nil {
		return false, err
	}
	return tlog.CheckRecord(proof, size, root, place, leaf) == nil, nil
}

func (v *verifiedLeaves) has(seq int64, leaf tlog.Hash) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.leaves[seq]
	return ok && known == leaf
}

func (v *verifiedLeaves) add(seq int64, leaf tlog.Hash) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leaves == nil || len(v.leaves) >= maxVerifiedLeaves {
		v.leaves = map[int64]tlog.Hash{}
	}
	v.leaves[seq] = leaf
}
