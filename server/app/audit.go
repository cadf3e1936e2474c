package app

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// isAuditor: the auditors' groups alone. Operators run Ramp, and are among those
// whom auditors watch.
func (d *App) isAuditor(p access.Person) bool { return p.InAnyGroup(d.Auditors...) }

func (d *App) mayAudit(ctx context.Context, p access.Person) error {
	if d.isAuditor(p) {
		return nil
	}
	return d.recordRefusal(ctx, p, "", "audit", issue(access.CodeForbidden, "not_auditor", "only auditors read the audit log"))
}

// Audit searches everything that was recorded, the latest first; auditors only.
func (d *App) Audit(ctx context.Context, p access.Person, f ledger.EventSearch) ([]ledger.Entry, string, error) {
	if err := d.mayAudit(ctx, p); err != nil {
		return nil, "", err
	}
	return d.Ledger.SearchEvents(ctx, f)
}

// lastCheckpoint is the latest checkpoint that this server signed.
type lastCheckpoint struct {
	mu     sync.Mutex
	at     evidence.Checkpoint
	signed string
}

// Checkpoint answers the log as it stands, signed; auditors only.
func (d *App) Checkpoint(ctx context.Context, p access.Person) (string, error) {
	if err := d.mayAudit(ctx, p); err != nil {
		return "", err
	}
	_, signed, err := d.checkpoint(ctx)
	return signed, err
}

// checkpoint signs the log as it stands, unless it no longer holds what this
// server signed before: a log that was cut off or written anew gets no further
// signature while the server that remembers runs.
func (d *App) checkpoint(ctx context.Context) (evidence.Checkpoint, string, error) {
	d.lastCheckpoint.mu.Lock()
	defer d.lastCheckpoint.mu.Unlock()
	tree, err := d.Ledger.Tree(ctx)
	if err != nil {
		return evidence.Checkpoint{}, "", err
	}
	now, last := evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, d.lastCheckpoint.at
	if now == last {
		return now, d.lastCheckpoint.signed, nil
	}
	if last.Size > 0 {
		root, err := tlog.TreeHash(min(last.Size, now.Size), d.Ledger.HashReader(ctx))
		if err != nil {
			return now, "", err
		}
		if root != last.Root || last.Origin != now.Origin {
			d.Log.WithField("size", now.Size).WithField("signed", last.Size).Error("the log no longer holds what was signed before; nothing more is signed")
			return now, "", access.Errorf(access.CodeEvidence, "the log no longer holds what this server signed before")
		}
	}
	signed, err := d.Signer.SignCheckpoint(now)
	if err != nil {
		return now, "", err
	}
	d.lastCheckpoint.at, d.lastCheckpoint.signed = now, signed
	return now, signed, nil
}

// Tile answers one tile of the log, by its path (c2sp.org/tlog-tiles): hashes,
// or under "entries" the events themselves; auditors only.
func (d *App) Tile(ctx context.Context, p access.Person, path string) ([]byte, error) {
	if err := d.mayAudit(ctx, p); err != nil {
		return nil, err
	}
	none := issue(access.CodeNotFound, "unknown_tile", "the log has no tile %q", access.Clip(path, 60))
	full := "tile/8/" + path
	if rest, ok := strings.CutPrefix(path, "entries/"); ok {
		full = "tile/8/data/" + rest
	} else if strings.HasPrefix(path, "data/") {
		return nil, none // one name each
	}
	tile, err := tlog.ParseTilePath(full)
	// Levels and numbers beyond these belong to no log, and would overflow.
	if err != nil || tile.H != evidence.TileHeight || tile.L > 5 || tile.N > math.MaxInt32 {
		return nil, none
	}
	tree, err := d.Ledger.Tree(ctx)
	if err != nil {
		return nil, err
	}
	from := tile.N << evidence.TileHeight
	if (from+int64(tile.W))<<(evidence.TileHeight*max(tile.L, 0)) > tree.Size {
		return nil, none
	}
	if tile.L < 0 {
		return d.bundle(ctx, from, from+int64(tile.W))
	}
	return tlog.ReadTileData(tile, d.Ledger.HashReader(ctx))
}

// bundle is events, each after its length in two bytes.
func (d *App) bundle(ctx context.Context, from, to int64) ([]byte, error) {
	list, err := d.Ledger.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, e := range list {
		leaf := e.Event.Leaf()
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(leaf))), leaf...) // #nosec G115 -- leaves are within MaxLeaf
	}
	return out, nil
}
