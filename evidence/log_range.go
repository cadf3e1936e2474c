package evidence

import (
	"context"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// VerifyLogFrom reads the events of a log from a leaf on and verifies that they are
// those of the checkpoint, none changed, moved, removed or added. Of what lies before
// it takes the log's own hashes, which only lead to the checkpoint's root if they are
// right. Each event is passed to see, unless that is nil, before the result is known.
// Errors are CodeEvidence, or those of the readers and of see.
func VerifyLogFrom(ctx context.Context, at Checkpoint, from int64, r LogReader, hashes tlog.HashReader, see func(leaf int64, e access.Event) error) error {
	if from < 0 || from > at.Size {
		return access.Errorf(access.CodeEvidence, "the log was cut off: it has %d events, and had %d", at.Size, from)
	}
	read := make([]tlog.Hash, 0, at.Size-from)
	for next := from; next < at.Size; {
		to := min(at.Size, next+logPage)
		leaves, err := r.Leaves(ctx, next, to)
		if err != nil {
			return err
		}
		if int64(len(leaves)) != to-next {
			return access.Errorf(access.CodeEvidence, "%d of the events %d to %d are missing", to-next-int64(len(leaves)), next, to-1)
		}
		for i, leaf := range leaves {
			e, err := access.ParseLeaf(leaf)
			if err != nil {
				return access.Errorf(access.CodeEvidence, "event %d is damaged", next+int64(i))
			}
			if see != nil {
				if err := see(next+int64(i), e); err != nil {
					return err
				}
			}
			read = append(read, tlog.RecordHash(leaf))
		}
		next = to
	}
	root, err := logRange{from: from, leaves: read, before: hashes}.root(at.Size)
	if err != nil {
		return err
	}
	if root != at.Root {
		return access.Errorf(access.CodeEvidence, "the events since %d are not those of the log: at least one was changed, moved, removed or added", from)
	}
	return nil
}

// logPage is how many leaves are read at once.
const logPage = 500

// logRange is a log of which the leaves from some place on are known themselves.
type logRange struct {
	from   int64
	leaves []tlog.Hash
	before tlog.HashReader
}

// root returns the root of the first size leaves (RFC 6962): of the perfect trees that
// they are made of, the largest first.
func (r logRange) root(size int64) (tlog.Hash, error) {
	if size == 0 {
		return tlog.TreeHash(0, r.before)
	}
	var roots []tlog.Hash
	for start := int64(0); start < size; {
		level := bits.Len64(uint64(size-start)) - 1 // #nosec G115 -- it is positive
		h, err := r.perfect(level, start)
		if err != nil {
			return h, err
		}
		roots, start = append(roots, h), start+int64(1)<<level
	}
	h := roots[len(roots)-1]
	for i := len(roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(roots[i], h)
	}
	return h, nil
}

// perfect returns the root of the perfect tree of a level whose first leaf is start.
func (r logRange) perfect(level int, start int64) (tlog.Hash, error) {
	if start+int64(1)<<level <= r.from {
		h, err := r.before.ReadHashes([]int64{tlog.StoredHashIndex(level, start>>level)})
		if err != nil || len(h) != 1 {
			return tlog.Hash{}, access.Errorf(access.CodeEvidence, "the log's hashes are not whole: %w", err)
		}
		return h[0], nil
	}
	if level == 0 {
		return r.leaves[start-r.from], nil
	}
	left, err := r.perfect(level-1, start)
	if err != nil {
		return left, err
	}
	right, err := r.perfect(level-1, start+int64(1)<<(level-1))
	return tlog.NodeHash(left, right), err
}
