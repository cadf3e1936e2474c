package record

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// verifyLog holds the events of the database, from a time on, against the signed log: what is
// read of requests is read by their events. It returns what is wrong with them, and errors
// where that cannot be known. What somebody changes while a review is being made, and puts
// back, it does not see (docs/review.md).
func (r *Reader) verifyLog(ctx context.Context, since time.Time) ([]Problem, error) {
	if r.Checkpoint == nil {
		return nil, nil
	}
	from, err := r.Ledger.SeqBefore(ctx, since)
	if err != nil {
		return nil, err
	}
	err = r.verifyFrom(ctx, from)
	if access.CodeOf(err) == access.CodeConflict { // a policy drops bodies meanwhile, or somebody says so
		err = r.verifyFrom(ctx, from)
	}
	switch code := access.CodeOf(err); {
	case err == nil:
		return nil, nil
	case code != access.CodeEvidence && code != access.CodeConflict || ctx.Err() != nil:
		return nil, err
	}
	said := fmt.Sprintf("The events from number %d on in the database are not those of the log that Ramp signed, so that requests, refusals and what became of them may be missing or wrong here", from+1)
	return []Problem{{said + ".", said + ": " + err.Error() + "."}}, nil
}

// verifyFrom verifies the log against a checkpoint of now. Errors are CodeConflict where a
// body says that it was dropped later: whoever writes that into the database twice keeps no
// review from being made.
func (r *Reader) verifyFrom(ctx context.Context, from int64) error {
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return evidence.VerifyLogFrom(ctx, r.Keys, at, min(from, at.Size), leaves{r.Ledger}, r.Ledger.HashReader(ctx), nil)
}

// leaves reads the log's leaves as the ledger has them.
type leaves struct{ ledger Ledger }

// Leaves implements evidence.LogReader.
func (l leaves) Leaves(ctx context.Context, from, to int64) ([]evidence.LogLeaf, error) {
	entries, err := l.ledger.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	events := make([]access.Event, len(entries))
	for i, e := range entries {
		events[i] = e.Event
	}
	return evidence.LeavesOf(from, events, l.ledger.HashReader(ctx))
}

// Removal implements evidence.LogReader.
func (l leaves) Removal(ctx context.Context, event int64) ([]byte, error) {
	return l.ledger.Removal(ctx, event)
}
