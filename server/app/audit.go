package app

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// auditLedger reads the log of events and its Merkle tree.
type auditLedger interface {
	SearchEvents(ctx context.Context, f ledger.EventSearch) (items []ledger.Entry, nextCursor string, err error)
	SearchRequests(ctx context.Context, f ledger.RequestSearch) (items []access.Request, nextCursor string, err error)
	Tree(ctx context.Context) (ledger.Tree, error)
	LastSeq(ctx context.Context) (int64, error)
	HashReader(ctx context.Context) tlog.HashReader
	Entries(ctx context.Context, from, to int64) ([]ledger.Entry, error)
	Removal(ctx context.Context, event int64) ([]byte, error)
	KeepCheckpoint(ctx context.Context, origin string, size int64, signed string, at time.Time) error
}

// auditor shows the log to auditors.
type auditor struct {
	ledger  auditLedger
	signer  checkpointSigner
	keys    evidence.Keyring // of the servers that sign checkpoints
	roles   roles
	refused refusals
	log     logrus.FieldLogger
	now     clock
	store   CheckpointStore // nil: what was signed is forgotten when the process ends
	last    lastCheckpoint

	verified verifiedLeaves
}

func (a *auditor) requireAuditor(ctx context.Context, by access.Actor) error {
	if a.roles.isAuditor(by.Person) {
		return nil
	}
	return a.refused.record(ctx, by, "", access.ActReadAudit, access.Refuse(access.CodeForbidden, "not_auditor", "only auditors read the audit log"))
}

// Audit searches all recorded events, the latest first; auditors only.
func (a *auditor) Audit(ctx context.Context, by access.Actor, f ledger.EventSearch) ([]ledger.Entry, string, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return nil, "", err
	}
	return a.ledger.SearchEvents(ctx, f)
}

// Checkpoint returns the signed checkpoint of the log; auditors only.
func (a *auditor) Checkpoint(ctx context.Context, by access.Actor) (string, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return "", err
	}
	_, signed, err := a.checkpoint(ctx)
	return signed, err
}

// Tile returns one tile of the log by its path (c2sp.org/tlog-tiles): hashes, or
// under "entries" the events themselves; auditors only. CodeNotFound for one
// that the log does not have, and CodeTooLate for a bundle of which bodies were dropped:
// the format has no entry that is not there, and any other bytes would be a false one.
func (a *auditor) Tile(ctx context.Context, by access.Actor, path string) ([]byte, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return nil, err
	}
	tile, ok := parseTile(path)
	size, err := a.ledger.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	from := tile.N << evidence.TileHeight
	if !ok || (from+int64(tile.W))<<(evidence.TileHeight*max(tile.L, 0)) > size {
		return nil, access.Refuse(access.CodeNotFound, "unknown_tile", "the log has no tile %q", access.Clip(path, 60))
	}
	if tile.L < 0 {
		return a.bundle(ctx, from, from+int64(tile.W))
	}
	return tlog.ReadTileData(tile, a.ledger.HashReader(ctx))
}

// parseTile reads a tile's path as it is in an address: without the height, and
// with "entries" for what package tlog calls data.
func parseTile(path string) (tlog.Tile, bool) {
	full := "tile/8/" + path
	if rest, ok := strings.CutPrefix(path, "entries/"); ok {
		full = "tile/8/data/" + rest
	} else if strings.HasPrefix(path, "data/") {
		return tlog.Tile{}, false // one name each
	}
	tile, err := tlog.ParseTilePath(full)
	// Levels and numbers beyond these belong to no log, and would overflow.
	return tile, err == nil && tile.H == evidence.TileHeight && tile.L <= 5 && tile.N <= math.MaxInt32
}

// bundle returns events, each after its length in two bytes.
func (a *auditor) bundle(ctx context.Context, from, to int64) ([]byte, error) {
	list, err := a.ledger.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, e := range list {
		if e.Dropped != nil {
			return nil, access.Refuse(access.CodeTooLate, "entries_dropped", "the body of event %d, among these, was %s; GET /api/v1/audit/entries has the others, and the hashes of those that are gone", e.Leaf, e.Dropped.Words())
		}
		leaf := e.Event.Leaf()
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(leaf))), leaf...) // #nosec G115 -- leaves are within MaxLeaf
	}
	return out, nil
}

// maxEntries bounds how many events are returned at once.
const maxEntries = evidence.TileWidth

// LogEntries returns the events of the leaves in [from, to), those whose bodies were
// dropped with their hash and what remains of them; auditors only. Fewer are returned where
// one is missing from the ledger. Errors are CodeInvalid for what is no range of the log,
// or more than 256.
func (a *auditor) LogEntries(ctx context.Context, by access.Actor, from, to int64) ([]evidence.StoredLeaf, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return nil, err
	}
	tree, err := a.ledger.Tree(ctx)
	if err != nil {
		return nil, err
	}
	if from < 0 || to <= from || from >= tree.Size || to-from > maxEntries {
		return nil, access.InvalidField("range_unknown", "to", "the log has the places 0 to %d; name a range of at most %d of them, the end excluded", tree.Size-1, maxEntries)
	}
	to = min(to, tree.Size)
	read, err := leaves{a.ledger}.Leaves(ctx, from, to)
	out := make([]evidence.StoredLeaf, 0, len(read))
	for i, l := range read {
		stored, err := l.Stored(from + int64(i))
		if err != nil {
			return nil, err
		}
		out = append(out, stored)
	}
	return out, err
}

// Removal returns the signed statement of what was dropped that the event of a number
// tells of, as it is stored; auditors only. CodeNotFound where there is none.
func (a *auditor) Removal(ctx context.Context, by access.Actor, event int64) ([]byte, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return nil, err
	}
	return a.ledger.Removal(ctx, event)
}
