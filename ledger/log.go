package ledger

import (
	"context"
	"database/sql"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// Entry is an event with its place in the log.
type Entry struct {
	Leaf int64 `json:"leaf"` // from 0, without gaps: one less than the event's number
	access.Event
}

// merkleLog is the Merkle tree over the events, as one transaction sees it: it reads each
// hash that it needs. Where several processes append through a network, a read for each
// hash takes too long: Postgres' writer keeps what it needs in memory (logTree), and checks
// that nobody else has appended. SQLite has one writer and no network.
type merkleLog struct {
	ctx  context.Context
	q    querier
	size int64
}

// openMerkleLog finds the size of the tree in its hashes, not in the events: if
// somebody cuts rows off the end of the events, later ones do not take their
// numbers, and the hole shows.
func openMerkleLog(ctx context.Context, q querier) (*merkleLog, error) {
	var last sql.NullInt64
	if err := q.row(ctx, `SELECT max(idx) FROM log_hashes`).Scan(&last); err != nil {
		return nil, err
	}
	return &merkleLog{ctx: ctx, q: q, size: sizeOf(last)}, nil
}

// sizeOf is treeSize of a tree that may have no hash.
func sizeOf(last sql.NullInt64) int64 {
	if !last.Valid {
		return 0
	}
	return treeSize(last.Int64)
}

// treeSize returns how many leaves a tree has, by the index of its last hash.
func treeSize(last int64) (size int64) {
	// A tree of n leaves has up to 2n hashes, and at most 64 fewer.
	for size = (last + 1) / 2; tlog.StoredHashCount(size) <= last; {
		size++
	}
	return size
}

// add appends one leaf to the tree.
func (l *merkleLog) add(leaf []byte) error {
	hashes, err := hashesOf(l.size, leaf, l)
	if err != nil {
		return err
	}
	first, args := tlog.StoredHashIndex(0, l.size), []any{}
	for i := range hashes {
		args = append(args, first+int64(i), hashes[i][:])
	}
	rows := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(hashes)), ", ")
	if _, err := l.q.exec(l.ctx, `INSERT INTO log_hashes (idx, hash) VALUES `+rows, args...); err != nil {
		return err
	}
	l.size++
	return nil
}

// hashesOf returns the hashes that a leaf adds to a tree of some size. Errors are
// CodeTooLarge for an event that is not recorded, and those of the reader.
func hashesOf(size int64, leaf []byte, tree tlog.HashReader) ([]tlog.Hash, error) {
	if len(leaf) > access.MaxLeaf {
		return nil, access.Errorf(access.CodeTooLarge, "an event of %d bytes is not recorded; it may have %d", len(leaf), access.MaxLeaf)
	}
	return tlog.StoredHashes(size, leaf, tree)
}

// ReadHashes implements tlog.HashReader.
func (l *merkleLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	if len(indexes) == 0 {
		return out, nil
	}
	place := map[int64]int{}
	for i, idx := range indexes {
		place[idx] = i
	}
	marks, args := inList(indexes)
	found, err := collect(l.ctx, l.q, scanHash, `SELECT idx, hash FROM log_hashes WHERE idx IN `+marks, args...)
	if err != nil {
		return nil, err
	}
	for _, h := range found {
		out[place[h.idx]] = h.hash
	}
	if len(found) != len(place) {
		return nil, access.Errorf(access.CodeEvidence, "%d hashes of the log are missing", len(place)-len(found))
	}
	return out, nil
}

type storedHash struct {
	idx  int64
	hash tlog.Hash
}

func scanHash(row scanner) (h storedHash, err error) {
	var hash []byte
	if err := row.Scan(&h.idx, &hash); err != nil {
		return h, err
	}
	return h, h.set(hash)
}

func (h *storedHash) set(hash []byte) error {
	if len(hash) != tlog.HashSize {
		return access.Errorf(access.CodeEvidence, "hash %d of the log is damaged", h.idx)
	}
	copy(h.hash[:], hash)
	return nil
}

// Tree is the log as it stands: how many events, and the hash over them all.
type Tree struct {
	Origin string // the name of this log; it never changes
	Size   int64
	Root   tlog.Hash
}

// Tree returns the log as it stands. Errors are CodeEvidence where the log is
// damaged.
func (l *Ledger) Tree(ctx context.Context) (Tree, error) {
	var t Tree
	if err := l.reader().row(ctx, `SELECT origin FROM log`).Scan(&t.Origin); err != nil {
		return t, wrapError(err)
	}
	tree, err := openMerkleLog(ctx, l.reader())
	if err != nil {
		return t, wrapError(err)
	}
	t.Size = tree.size
	t.Root, err = tlog.TreeHash(tree.size, tree)
	return t, wrapError(err)
}

// HashReader returns a reader of the log's tree, for proofs and tiles. Its errors
// are CodeEvidence where the log is damaged.
func (l *Ledger) HashReader(ctx context.Context) tlog.HashReader {
	return &merkleLog{ctx: ctx, q: l.reader()}
}

// LastSeq returns the number of the newest event, 0 when there is none. It is
// the size of the log, also where somebody has removed events from the table.
func (l *Ledger) LastSeq(ctx context.Context) (int64, error) {
	tree, err := openMerkleLog(ctx, l.reader())
	if err != nil {
		return 0, wrapError(err)
	}
	return tree.size, nil
}
