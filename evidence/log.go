package evidence

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// LogReader reads a log's leaves.
type LogReader interface {
	// Leaves returns the exact bytes of the leaves in [from, to); fewer where some
	// are missing.
	Leaves(ctx context.Context, from, to int64) ([][]byte, error)
}

// TileHeight is the height of the tiles in which a log is served: 256 hashes.
const TileHeight = 8

// LogReport is the result of verifying a whole log.
type LogReport struct {
	Checkpoint Checkpoint  `json:"checkpoint"`
	Against    *Checkpoint `json:"against,omitempty"` // the earlier checkpoint, from outside
	Events     int64       `json:"events"`
}

// VerifyLog reads every event and compares the log with its checkpoint: an event
// that was edited, removed, moved or inserted changes the root. A log that was cut
// off or rewritten by somebody who also has its hashes agrees with itself; only an
// earlier checkpoint, kept outside, shows it. Each event is passed to see, unless
// that is nil, before the result is known. Errors are CodeEvidence and say what is
// wrong, or those of the reader and of see.
func VerifyLog(ctx context.Context, at Checkpoint, against *Checkpoint, r LogReader, see func(leaf int64, e access.Event) error) (LogReport, error) {
	report := LogReport{Checkpoint: at, Against: against}
	if against != nil {
		if against.Origin != at.Origin {
			return report, access.Errorf(access.CodeEvidence, "this is another log: %q, where %q was saved", access.Clip(at.Origin, 80), access.Clip(against.Origin, 80))
		}
		if against.Size > at.Size {
			return report, access.Errorf(access.CodeEvidence, "the log was cut off: it has %d events, and had %d when the checkpoint was saved", at.Size, against.Size)
		}
	}
	var tree memoryTree
	var last int64
	pages, stop := readAhead(ctx, r, at.Size)
	defer stop()
	for page := range pages {
		if page.err != nil {
			return report, page.err
		}
		if missing := page.to - page.from - int64(len(page.leaves)); missing != 0 {
			return report, access.Errorf(access.CodeEvidence, "%d of the events %d to %d are missing", missing, page.from, page.to-1)
		}
		for _, leaf := range page.leaves {
			e, err := access.ParseLeaf(leaf)
			if err != nil {
				return report, access.Errorf(access.CodeEvidence, "event %d is damaged", report.Events)
			}
			if e.Seq <= last {
				return report, access.Errorf(access.CodeEvidence, "event %d is out of order", report.Events)
			}
			last = e.Seq
			if err := tree.add(leaf); err != nil {
				return report, err
			}
			report.Events++
			if see != nil {
				if err := see(report.Events-1, e); err != nil {
					return report, err
				}
			}
		}
	}
	if report.Events < at.Size { // reading was given up
		return report, context.Cause(ctx)
	}
	if err := tree.matches(at); err != nil {
		return report, access.Errorf(access.CodeEvidence, "the events are not those of the signed checkpoint: at least one was changed, moved, removed or added")
	}
	if against != nil {
		if err := tree.matches(*against); err != nil {
			return report, access.Errorf(access.CodeEvidence, "the first %d events are not those of the saved checkpoint: the log was rewritten", against.Size)
		}
	}
	return report, nil
}

// VerifyConsistency verifies from a log's tiles that it still begins with the
// events of an earlier checkpoint, without reading them. Errors are CodeEvidence.
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
	if err != nil {
		return access.Errorf(access.CodeEvidence, "the log is not consistent with the saved checkpoint: %w", err)
	}
	return nil
}

// memoryTree is a log's Merkle tree, built from its leaves.
type memoryTree struct {
	hashes []tlog.Hash
	size   int64
}

func (t *memoryTree) add(leaf []byte) error {
	hashes, err := tlog.StoredHashes(t.size, leaf, t)
	t.hashes, t.size = append(t.hashes, hashes...), t.size+1
	return err
}

// ReadHashes implements tlog.HashReader.
func (t *memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		out[i] = t.hashes[idx]
	}
	return out, nil
}

func (t *memoryTree) matches(c Checkpoint) error {
	root, err := tlog.TreeHash(c.Size, t)
	if err == nil && root != c.Root {
		err = access.Errorf(access.CodeEvidence, "another root")
	}
	return err
}
