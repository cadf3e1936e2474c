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
// right. An event may lack its body as in VerifyLog. Each event is passed to see, unless
// that is nil, before the result is known. Errors are CodeEvidence, CodeConflict where
// bodies were dropped since the checkpoint, or those of the readers and of see.
func VerifyLogFrom(ctx context.Context, keys RemovalVerifier, at Checkpoint, from int64, r LogReader, hashes tlog.HashReader, see func(leaf int64, e access.Event) error) error {
	if from < 0 || from > at.Size {
		return access.Errorf(access.CodeEvidence, "the log was cut off: it has %d events, and had %d", at.Size, from)
	}
	tree, err := rangeBefore(from, hashes)
	if err != nil {
		return err
	}
	held := bodies{at: at, from: from, keys: keys, log: r, missing: map[int64]access.Event{}}
	pages, stop := readAhead(ctx, r, from, at.Size, see != nil)
	defer stop()
	for next := range pages {
		page := <-next
		for _, leaf := range page.leaves {
			if err := held.hold(ctx, tree.size, leaf); err != nil {
				return err
			}
			tree.add(leaf.hash)
			if see != nil {
				if err := see(tree.size-1, leaf.event); err != nil {
					return err
				}
			}
		}
		if page.err != nil {
			return page.err
		}
	}
	if tree.size < at.Size { // reading was given up
		return context.Cause(ctx)
	}
	root, err := tree.root()
	if err == nil && root != at.Root {
		err = access.Errorf(access.CodeEvidence, "the events since %d are not those of the log: at least one was changed, moved, removed or added", from)
	}
	if err != nil {
		return err
	}
	return held.all()
}

// VerifyLeaves verifies that leaves are those that a log has from a place on. Hashes must be
// those of the log's checkpoint: a reader of the log's tiles that verifies them
// (tlog.TileHashReader). A log can so be read a part at a time, each part verified before
// the next one is read. That a leaf lacks its body rightly it does not verify. Errors are
// CodeEvidence, or those of the reader.
func VerifyLeaves(from int64, leaves []LogLeaf, hashes tlog.HashReader) error {
	var indexes []int64
	var roots []tlog.Hash
	for done, all := int64(0), int64(len(leaves)); done < all; {
		// The largest perfect tree that begins here and ends among the leaves.
		level := bits.Len64(uint64(all-done)) - 1 // #nosec G115 -- it is positive
		if begins := from + done; begins > 0 {
			level = min(level, bits.TrailingZeros64(uint64(begins))) // #nosec G115 -- it is positive
		}
		var tree compactRange
		for _, leaf := range leaves[done : done+1<<level] {
			tree.add(leaf.record())
		}
		root, err := tree.root()
		if err != nil {
			return err
		}
		indexes, roots = append(indexes, tlog.StoredHashIndex(level, (from+done)>>level)), append(roots, root)
		done += 1 << level
	}
	if len(indexes) == 0 {
		return nil
	}
	want, err := hashes.ReadHashes(indexes)
	if err != nil || len(want) != len(roots) {
		return notWhole(err)
	}
	for i := range roots {
		if roots[i] != want[i] {
			return access.Errorf(access.CodeEvidence, "the events %d to %d are not those of the log: at least one was changed, moved, removed or added", from, from+int64(len(leaves))-1)
		}
	}
	return nil
}
