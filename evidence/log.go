package evidence

import (
	"context"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// LogReader reads a log's leaves. It is asked for several pages at once.
type LogReader interface {
	// Leaves returns the leaves in [from, to); fewer where some are missing. One whose body
	// was dropped is there without it.
	Leaves(ctx context.Context, from, to int64) ([]LogLeaf, error)
	// Removal returns the signed statement of what was dropped that the event of a number
	// tells of, as the ledger stores it. Errors are CodeNotFound where there is none.
	Removal(ctx context.Context, event int64) ([]byte, error)
}

// TileHeight is the height of the tiles in which a log is served, and TileWidth how many
// hashes one has.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// LogReport is the result of verifying a whole log.
type LogReport struct {
	Checkpoint Checkpoint  `json:"checkpoint"`
	Against    *Checkpoint `json:"against,omitempty"` // the earlier checkpoint, from outside
	Events     int64       `json:"events"`
	// Dropped is of how many of them the body is gone by policy, each covered by a removal
	// that a server signed and that the log tells of.
	Dropped int64 `json:"dropped,omitempty"`
}

// VerifyLog reads every event and compares the log with its checkpoint: an event
// that was edited, removed, moved or inserted changes the root. A log that was cut
// off or rewritten by somebody who also has its hashes agrees with itself; only an
// earlier checkpoint, kept outside, shows it. An event may lack its body only where a
// removal covers it, which one of the keys has signed and of which a later event of the
// same log has the digest. Each event is passed to see, unless that is nil, before the
// result is known. Errors are CodeEvidence and say what is wrong; CodeConflict where bodies
// were dropped since the checkpoint; or those of the reader and of see.
func VerifyLog(ctx context.Context, keys RemovalVerifier, at Checkpoint, against *Checkpoint, r LogReader, see func(leaf int64, e access.Event) error) (LogReport, error) {
	report := LogReport{Checkpoint: at, Against: against}
	if against != nil {
		if against.Origin != at.Origin {
			return report, access.Errorf(access.CodeEvidence, "this is another log: %q, where %q was saved", access.Clip(at.Origin, 80), access.Clip(against.Origin, 80))
		}
		if against.Size > at.Size {
			return report, access.Errorf(access.CodeEvidence, "the log was cut off: it has %d events, and had %d when the checkpoint was saved", at.Size, against.Size)
		}
	}
	var tree, earlier compactRange
	var last int64
	held := bodies{at: at, keys: keys, log: r, missing: map[int64]access.Event{}}
	pages, stop := readAhead(ctx, r, 0, at.Size, true)
	defer stop()
	for next := range pages {
		page := <-next
		for _, leaf := range page.leaves {
			if err := held.hold(ctx, report.Events, leaf); err != nil {
				return report, err
			}
			if leaf.event.Seq <= last {
				return report, access.Errorf(access.CodeEvidence, "event %d is out of order", report.Events+1)
			}
			last = leaf.event.Seq
			tree.add(leaf.hash)
			report.Events++
			if against != nil && report.Events == against.Size {
				earlier = compactRange{tree.size, slices.Clone(tree.roots)}
			}
			if see != nil {
				if err := see(report.Events-1, leaf.event); err != nil {
					return report, err
				}
			}
		}
		if page.err != nil {
			return report, page.err
		}
	}
	if report.Events < at.Size { // reading was given up
		return report, context.Cause(ctx)
	}
	if root, err := tree.root(); err != nil || root != at.Root {
		return report, access.Errorf(access.CodeEvidence, "the events are not those of the signed checkpoint: at least one was changed, moved, removed or added")
	}
	if against != nil {
		if root, err := earlier.root(); err != nil || root != against.Root {
			return report, access.Errorf(access.CodeEvidence, "the first %d events are not those of the saved checkpoint: the log was rewritten", against.Size)
		}
	}
	report.Dropped = held.covered
	return report, held.all()
}

// VerifyConsistency verifies from a log's tiles that it still begins with the
// events of an earlier checkpoint, without reading them. Errors are CodeEvidence, and
// those of tiles that cannot be read now (CodeUnavailable, CodeThrottled).
func VerifyConsistency(earlier, later Checkpoint, tiles tlog.TileReader) error {
	switch {
	case earlier.Origin != later.Origin:
		return access.Errorf(access.CodeEvidence, "these are checkpoints of two logs, %q and %q", access.Clip(earlier.Origin, 80), access.Clip(later.Origin, 80))
	case earlier.Size > later.Size:
		return access.Errorf(access.CodeEvidence, "the log was cut off: it has %d events, and had %d", later.Size, earlier.Size)
	case earlier.Size == 0:
		return nil
	}
	// The reader checks every tile against the later root.
	reader := tlog.TileHashReader(tlog.Tree{N: later.Size, Hash: later.Root}, tiles)
	proof, err := tlog.ProveTree(later.Size, earlier.Size, reader)
	if err == nil {
		err = tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root)
	}
	if err == nil || unread(err) {
		return err
	}
	return access.Errorf(access.CodeEvidence, "the log is not consistent with the saved checkpoint: %w", err)
}
