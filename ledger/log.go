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
	Leaf int64 `json:"leaf"` // from 0, without gaps
	access.Event
}

// merkleLog is the Merkle tree over events, as one transaction sees it.
type merkleLog struct {
	ctx  context.Context
	q    querier
	size int64
}

// openMerkleLog finds the size of the tree in its hashes, not in the events: rows cut
// off the end of the events leave a hole that shows, and are not grown over.
func openMerkleLog(ctx context.Context, q querier) (*merkleLog, error) {
	var last sql.NullInt64
	if err := q.row(ctx, `SELECT max(idx) FROM log_hashes`).Scan(&last); err != nil {
		return nil, err
	}
	l := &merkleLog{ctx: ctx, q: q}
	if last.Valid {
		// A tree of n leaves has up to 2n hashes, and at most 64 fewer.
		for l.size = (last.Int64 + 1) / 2; tlog.StoredHashCount(l.size) <= last.Int64; {
			l.size++
		}
	}
	return l, nil
}

// maxLeaf is what the log can serve of one event, in bytes.
const maxLeaf = 1<<16 - 1

// add makes one leaf of the tree.
func (l *merkleLog) add(leaf []byte) error {
	if len(leaf) > maxLeaf {
		return access.Errorf(access.CodeTooLarge, "an event of %d bytes is not recorded; it may have %d", len(leaf), maxLeaf)
	}
	hashes, err := tlog.StoredHashes(l.size, leaf, l)
	if err != nil {
		return err
	}
	first, args := tlog.StoredHashIndex(0, l.size), []any{}
	for i := range hashes {
		args = append(args, first+int64(i), hashes[i][:])
	}
	if _, err := l.q.exec(l.ctx, `INSERT INTO log_hashes (idx, hash) VALUES `+
		strings.TrimSuffix(strings.Repeat("(?, ?),", len(hashes)), ","), args...); err != nil {
		return err
	}
	l.size++
	return nil
}

// ReadHashes implements tlog.HashReader.
func (l *merkleLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	if len(indexes) == 0 {
		return out, nil
	}
	args, place := make([]any, len(indexes)), map[int64]int{}
	for i, idx := range indexes {
		args[i], place[idx] = idx, i
	}
	rows, err := l.q.rows(l.ctx, `SELECT idx, hash FROM log_hashes WHERE idx IN (`+
		strings.TrimSuffix(strings.Repeat("?,", len(indexes)), ",")+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var idx int64
		var hash []byte
		if err := rows.Scan(&idx, &hash); err != nil {
			return nil, err
		}
		if len(hash) != tlog.HashSize {
			return nil, access.Errorf(access.CodeEvidence, "hash %d of the log is damaged", idx)
		}
		copy(out[place[idx]][:], hash)
		found++
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if found != len(place) {
		return nil, access.Errorf(access.CodeEvidence, "%d hashes of the log are missing", len(place)-found)
	}
	return out, nil
}

// Tree is the log as it stands: how many events, and the hash over them all.
type Tree struct {
	Origin string // names this log for ever
	Size   int64
	Root   tlog.Hash
}

// Tree answers the log as it stands. Errors are CodeEvidence where the log is
// damaged, as for all below.
func (l *Ledger) Tree(ctx context.Context) (Tree, error) {
	var t Tree
	if err := l.reader().row(ctx, `SELECT origin FROM log`).Scan(&t.Origin); err != nil {
		return t, wrapError(err)
	}
	at, err := openMerkleLog(ctx, l.reader())
	if err != nil {
		return t, wrapError(err)
	}
	t.Size = at.size
	if t.Root, err = tlog.TreeHash(at.size, at); err != nil {
		return t, wrapError(err)
	}
	return t, nil
}

// HashReader reads the log's tree, for proofs and tiles.
func (l *Ledger) HashReader(ctx context.Context) tlog.HashReader {
	return &merkleLog{ctx: ctx, q: l.reader()}
}

// Entries are the events of leaves from up to, not including, to. Those that
// are missing are left out: who checks the log has to see the others.
func (l *Ledger) Entries(ctx context.Context, from, to int64) ([]Entry, error) {
	return l.entries(ctx, l.reader(), `leaf >= ? AND leaf < ? ORDER BY leaf`, from, to)
}

// hashEvents makes leaves of events that were there before the log was.
func (l *Ledger) hashEvents(ctx context.Context, tx *sql.Tx) error {
	q := querier{tx, l}
	tree, err := openMerkleLog(ctx, q)
	if err != nil {
		return err
	}
	for {
		list, err := l.entries(ctx, q, `leaf >= ? ORDER BY leaf LIMIT 500`, tree.size)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := tree.add(e.Event.Leaf()); err != nil {
				return err
			}
		}
	}
}
