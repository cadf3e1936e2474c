package ledger

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// logTree is what of the log's Merkle tree new leaves are hashed with, in memory.
type logTree struct {
	size   int64
	hashes map[int64]tlog.Hash
}

// add adds a leaf, and returns the hashes that it brings.
func (t *logTree) add(leaf []byte) (added []storedHash, err error) {
	hashes, err := hashesOf(t.size, leaf, t)
	if err != nil {
		return nil, err
	}
	first := tlog.StoredHashIndex(0, t.size)
	for i, h := range hashes {
		idx := first + int64(i)
		t.hashes[idx] = h
		added = append(added, storedHash{idx, h})
	}
	t.size++
	return added, nil
}

// ReadHashes implements tlog.HashReader.
func (t *logTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		h, ok := t.hashes[idx]
		if !ok {
			return nil, access.Errorf(access.CodeEvidence, "hash %d of the log is missing", idx)
		}
		out[i] = h
	}
	return out, nil
}

// edge returns the indexes of the hashes that a tree of some size is made of, the
// largest part first: the roots of its complete parts. No others are needed to add to it.
func edge(size int64) (indexes []int64) {
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	return indexes
}

// logTail is the end of the log as this process last saw it committed. Other processes
// append too: the tail only saves reading the log's hashes one by one, while everybody
// who appends waits.
type logTail struct {
	mu   sync.Mutex
	tree logTree
}

// last returns a tree that nobody changes.
func (t *logTail) last() logTree {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tree
}

// remember keeps the edge of a tree.
func (t *logTail) remember(tree *logTree) {
	kept := logTree{size: tree.size, hashes: map[int64]tlog.Hash{}}
	for _, idx := range edge(tree.size) {
		kept.hashes[idx] = tree.hashes[idx]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tree = kept
}

// from is the index of the last hash of a tree; 0 of an empty one.
func (t logTree) from() int64 { return max(0, tlog.StoredHashCount(t.size)-1) }

const (
	selectNewest = `SELECT idx, hash FROM log_hashes WHERE idx >= $1 ORDER BY idx DESC LIMIT $2`
	// newestHashes is how many are read at most; after more than that the edge is read.
	newestHashes = 256
)

// readTree returns the tree as it is, from its newest hashes, those from the end of the
// last tree on, the newest first. The last tree is believed where its own last hash is
// still in its place.
func (a *appending) readTree(ctx context.Context, last logTree, newest []storedHash) (*logTree, error) {
	if len(newest) == 0 && last.size > 0 { // somebody has cut rows off: what is there counts
		rows, err := a.conn.Query(ctx, selectNewest, 0, newestHashes)
		if err == nil {
			newest, err = pgx.CollectRows(rows, collectHash)
		}
		if err != nil {
			return nil, err
		}
	}
	tree := &logTree{hashes: map[int64]tlog.Hash{}}
	if len(newest) == 0 {
		return tree, nil
	}
	tree.size = treeSize(newest[0].idx)
	for _, h := range newest {
		tree.hashes[h.idx] = h.hash
	}
	if there, ok := tree.hashes[last.from()]; ok && last.size > 0 && there == last.hashes[last.from()] {
		for idx, h := range last.hashes {
			tree.hashes[idx] = h
		}
	}
	var missing []int64
	for _, idx := range edge(tree.size) {
		if _, ok := tree.hashes[idx]; !ok {
			missing = append(missing, idx)
		}
	}
	if len(missing) == 0 {
		return tree, nil
	}
	rows, err := a.conn.Query(ctx, `SELECT idx, hash FROM log_hashes WHERE idx = ANY($1)`, missing)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, collectHash)
	for _, h := range found {
		tree.hashes[h.idx] = h.hash
	}
	return tree, err
}

func collectHash(row pgx.CollectableRow) (storedHash, error) { return scanHash(row) }
