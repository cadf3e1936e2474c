package evidence

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// compactRange is the Merkle tree over the first leaves of a log (RFC 6962), as the roots
// of the perfect trees that it is made of, the largest first: 20 hashes for a million leaves.
// The zero value is the tree of an empty log.
type compactRange struct {
	size  int64
	roots []tlog.Hash
}

// rangeBefore returns the tree over the first size leaves by the log's own hashes. Errors
// are those of the reader, and CodeEvidence where it lacks hashes.
func rangeBefore(size int64, hashes tlog.HashReader) (compactRange, error) {
	r := compactRange{size: size}
	var indexes []int64
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	if len(indexes) == 0 {
		return r, nil
	}
	var err error
	if r.roots, err = hashes.ReadHashes(indexes); err != nil || len(r.roots) != len(indexes) {
		return r, notWhole(err)
	}
	return r, nil
}

// add adds the hash of the next leaf. The new leaf's tree joins every tree of its own size
// that stands before it.
func (r *compactRange) add(leaf tlog.Hash) {
	h := leaf
	for n := r.size; n&1 == 1; n >>= 1 {
		last := len(r.roots) - 1
		h, r.roots = tlog.NodeHash(r.roots[last], h), r.roots[:last]
	}
	r.roots, r.size = append(r.roots, h), r.size+1
}

// root returns the root of the whole tree.
func (r *compactRange) root() (tlog.Hash, error) {
	last := len(r.roots) - 1
	if last < 0 {
		return tlog.TreeHash(0, nil) // it reads nothing
	}
	h := r.roots[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(r.roots[i], h)
	}
	return h, nil
}

// notWhole is the error of reading a log's hashes.
func notWhole(err error) error {
	if unread(err) {
		return err
	}
	return access.Errorf(access.CodeEvidence, "the log's hashes are not whole: %w", err)
}

// unread reports whether a log could not be read for now, which says nothing against it.
func unread(err error) bool {
	code := access.CodeOf(err)
	return code == access.CodeUnavailable || code == access.CodeThrottled || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
