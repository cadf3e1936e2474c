package app

import (
	"context"
	"slices"
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
	removals := removalsRead{ctx: ctx, audit: a, origin: now.Origin}
	var uncovered []int64 // without their bodies, though no server has signed that they were dropped
	for _, e := range events {
		if e.Dropped != nil {
			covered, err := removals.cover(e)
			if err != nil {
				out.Problem = "The log could not be verified."
				return out
			}
			if !covered {
				uncovered = append(uncovered, e.Seq)
			}
			continue
		}
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
	out.Altered = slices.Sorted(slices.Values(append(out.Altered, uncovered...)))
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

// removalsRead are signed removals, each read once for some events.
type removalsRead struct {
	ctx    context.Context
	audit  *auditor
	origin string
	read   map[int64]access.Removal // by the number of their events
}

// cover reports whether a server has signed that the body of the event was dropped, and
// what is left of it as it is.
func (r *removalsRead) cover(e access.Event) (bool, error) {
	of, ok := r.read[e.Dropped.Event]
	if !ok {
		stored, err := r.audit.ledger.Removal(r.ctx, e.Dropped.Event)
		if err != nil && access.CodeOf(err) != access.CodeNotFound {
			return false, err
		}
		if signed, _, err := r.audit.keys.VerifyRemoval(stored); err == nil && signed.Log == r.origin {
			of = signed
		}
		if r.read == nil {
			r.read = map[int64]access.Removal{}
		}
		r.read[e.Dropped.Event] = of
	}
	return of.Covers(e), nil
}
