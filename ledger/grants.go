package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramp.dev/ramp/access"
)

// GrantStatus is what the ledger knows of a grant.
type GrantStatus string

const (
	GrantIntended GrantStatus = "intended" // it may exist on the target
	GrantOpen     GrantStatus = "open"
	GrantClosed   GrantStatus = "closed" // read back as gone
)

// GrantRecord is a grant as the ledger knows it.
type GrantRecord struct {
	access.Grant
	// Damaged: somebody else than Ramp has written what cannot be read, or what cannot
	// be, into the row. What was unreadable is zero here. Such a grant is closed, which
	// needs its name only, and never opened, extended or restored.
	Damaged    bool        `json:"damaged,omitempty"`
	Status     GrantStatus `json:"status"`
	IntendedAt time.Time   `json:"intendedAt"`
	OpenedAt   *time.Time  `json:"openedAt,omitempty"`
	ClosedAt   *time.Time  `json:"closedAt,omitempty"`
	Reopened   int         `json:"reopened,omitempty"` // how often ReopenGrant has undone a closing
}

// IntendGrant records a grant before the target is touched, so that a crash
// leaves something to clean up and never something unknown (docs/threats.md, case 24). Errors are
// CodeConflict for a grant that was closed or ruled out, or whose request is ending or
// over: what has ended does not open again, no matter who asks; and for one that is recorded
// with an earlier end: a workflow that is reset starts its clock again, and only
// MarkExtended moves an end (docs/threats.md, case 38). For a request that nobody submitted it is
// CodeNotFound.
func (l *Ledger) IntendGrant(ctx context.Context, g access.Grant, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		state, err := q.lockRequest(ctx, g.RequestID)
		if err != nil {
			return err
		}
		if state == access.StateEnding || state.Final() {
			return access.Errorf(access.CodeConflict, "request %s is %s; nothing more is opened for it", g.RequestID, state)
		}
		if err := q.refuseEndOrdered(ctx, g.RequestID); err != nil {
			return err
		}
		if err := q.refuseRuledOut(ctx, g); err != nil {
			return err
		}
		row, err := scanGrant(q.row(ctx, selectGrants+` WHERE name = ?`, g.Name))
		switch {
		case err == nil && row.Damaged:
			return row.damaged()
		case err == nil && row.Status == GrantClosed:
			return access.Errorf(access.CodeConflict, "grant %s was closed", g.Name)
		case err == nil && (row.RequestID != g.RequestID || row.Target != g.Target):
			return access.Errorf(access.CodeConflict, "grant %s is another's", g.Name)
		case err == nil && g.ExpiresAt.After(row.ExpiresAt):
			return access.Errorf(access.CodeConflict, "grant %s ends at %s and is not opened for longer", g.Name, row.ExpiresAt.Format(time.RFC3339))
		case err == nil:
			return nil
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO grants (name, request_id, target, principal, entitlement, expires_at, status, intended_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, g.Name, g.RequestID, g.Target, g.Principal, encodeJSON(g.Entitlement),
			micros(g.ExpiresAt), string(GrantIntended), micros(at)); err != nil {
			return err
		}
		if state.CanReach(access.StateGranting) {
			if _, err := q.exec(ctx, `UPDATE requests SET state = ?, expires_at = ? WHERE id = ?`,
				string(access.StateGranting), micros(g.ExpiresAt), g.RequestID); err != nil {
				return err
			}
		}
		return q.append(ctx, grantEvent(g, access.EventGrantIntended, at))
	})
}

// MarkOpened records that the target has the grant, with the transitions of its
// request that follow from that. For a grant that is open or closed already it
// changes nothing.
func (l *Ledger) MarkOpened(ctx context.Context, name string, at time.Time, steps ...access.Transition) error {
	return l.changeGrant(ctx, name, func(q querier, row GrantRecord, r *requestHead) error {
		if row.Damaged {
			return row.damaged()
		}
		if row.Status != GrantIntended {
			return nil
		}
		if _, err := q.exec(ctx, `UPDATE grants SET status = ?, opened_at = ? WHERE name = ?`,
			string(GrantOpen), micros(at), name); err != nil {
			return err
		}
		if err := q.append(ctx, grantEvent(row.Grant, access.EventGrantOpened, at)); err != nil {
			return err
		}
		for _, a := range steps {
			if err := q.advanceOwn(ctx, r, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// MarkExtended records the grant's new end. Errors are CodeConflict for a closed
// grant, and for one whose request is ending or over, or whose end somebody has
// ordered: an extension that comes while access is being closed is too late.
func (l *Ledger) MarkExtended(ctx context.Context, name string, expiresAt time.Time) error {
	return l.changeGrant(ctx, name, func(q querier, row GrantRecord, r *requestHead) error {
		switch {
		case row.Damaged:
			return row.damaged()
		case row.Status == GrantClosed:
			return access.Errorf(access.CodeConflict, "grant %s was closed", name)
		case r.state == access.StateEnding || r.state.Final():
			return access.Errorf(access.CodeConflict, "request %s is %s; grant %s is not extended", row.RequestID, r.state, name)
		}
		if err := q.refuseEndOrdered(ctx, row.RequestID); err != nil {
			return err
		}
		_, err := q.exec(ctx, `UPDATE grants SET expires_at = ? WHERE name = ?`, micros(expiresAt), name)
		return err
	})
}

// MarkClosed records that the grant was read back as gone, with the transitions of
// its request that follow from that, and how it was used where one of them says so. A
// transition to a final state is left out while another grant of the request is not closed.
// Again, it changes nothing of the grant.
func (l *Ledger) MarkClosed(ctx context.Context, name string, at time.Time, steps ...access.Transition) error {
	if l.reader().alreadyClosed(ctx, name, steps) {
		return nil
	}
	return l.changeGrant(ctx, name, func(q querier, row GrantRecord, r *requestHead) error {
		if row.Status != GrantClosed || row.Damaged {
			if _, err := q.exec(ctx, `UPDATE grants SET status = ?, closed_at = ? WHERE name = ?`,
				string(GrantClosed), micros(at), name); err != nil {
				return err
			}
			e := grantEvent(row.Grant, access.EventGrantClosed, at)
			e.Key = access.KeyClosed(name, row.Reopened)
			for _, s := range steps {
				if s.Usage != nil {
					s.Usage.Into(e.Detail)
				}
			}
			if err := q.append(ctx, e); err != nil {
				return err
			}
		} else {
			q.unlogged.again = true
		}
		for _, s := range steps {
			if s.To.Final() {
				open, err := q.exists(ctx, `SELECT 1 FROM grants WHERE request_id = ? AND status <> 'closed' LIMIT 1`, row.RequestID)
				if err != nil || open {
					return err
				}
			}
			if err := q.advanceOwn(ctx, r, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeGrant changes a grant while nobody else changes it or its request. Requests
// are locked before grants everywhere, so that no two transactions wait for each
// other.
func (l *Ledger) changeGrant(ctx context.Context, name string, change func(querier, GrantRecord, *requestHead) error) error {
	return l.tx(ctx, func(q querier) error {
		r, err := q.lockRequestOf(ctx, name)
		if err != nil {
			return err
		}
		row, err := first(ctx, q, scanGrant, unknownGrant(name), selectGrants+` WHERE name = ?`+q.dialect.forUpdate(), name)
		if err != nil {
			return err
		}
		return change(q, row, &r)
	})
}

func grantEvent(g access.Grant, kind access.EventKind, at time.Time) access.Event {
	return access.Event{At: at, RequestID: g.RequestID, Kind: kind, Actor: access.ActorRamp, Key: access.KeyGrant(kind, g.Name),
		Detail: map[string]string{"grant": g.Name, "target": g.Target}}
}

// GrantFilter narrows grants. Zero fields do not narrow.
type GrantFilter struct {
	RequestID string
	Target    string
	NotClosed bool
	Names     []string // one of these; at most maxNames
}

// maxNames bounds what one query may name; databases limit parameters.
const maxNames = 500

// Grants lists grants, the earliest expiry first.
func (l *Ledger) Grants(ctx context.Context, f GrantFilter) ([]GrantRecord, error) {
	if len(f.Names) > maxNames {
		return nil, access.Errorf(access.CodeInvalid, "ledger: %d names are too many for one query; %d are allowed", len(f.Names), maxNames)
	}
	var where conditions
	where.equal("request_id", f.RequestID)
	where.equal("target", f.Target)
	if f.NotClosed {
		where.and("status <> 'closed'")
	}
	if len(f.Names) > 0 {
		marks, args := inList(f.Names)
		where.and("name IN "+marks, args...)
	}
	return collect(ctx, l.reader(), scanGrant, selectGrants+where.String()+` ORDER BY expires_at, name`, where.args...)
}

const selectGrants = `SELECT name, request_id, target, principal, entitlement, expires_at, status, intended_at, opened_at, closed_at, reopened FROM grants`

// scanGrant reads a grant. One row that cannot be read must not keep closers and
// reconcilers from all others of its target, so it is returned as damaged, and never
// as an error.
func scanGrant(row scanner) (GrantRecord, error) {
	var g GrantRecord
	var name, request, target, principal, entitlement, status text
	var expires, intended, opened, closed, reopened number
	if err := row.Scan(&name, &request, &target, &principal, &entitlement, &expires, &status, &intended, &opened, &closed, &reopened); err != nil {
		return g, err
	}
	g.Name, g.RequestID, g.Target, g.Principal, g.Status = string(name), string(request), string(target), string(principal), GrantStatus(status)
	if decodeJSON(string(entitlement), &g.Entitlement) != nil {
		g.Damaged, g.Entitlement = true, nil
	}
	g.Reopened = int(reopened.Int64)
	g.Damaged = g.Damaged || expires.damaged || intended.damaged || opened.damaged || closed.damaged
	if expires.Valid {
		g.ExpiresAt = timeOf(expires.Int64) // where it is damaged, its time is over
	}
	g.IntendedAt = timeOf(intended.Int64)
	g.OpenedAt, g.ClosedAt = timePtr(opened.NullInt64), timePtr(closed.NullInt64)
	g.Damaged = g.Damaged || g.impossible()
	return g, nil
}

// impossible reports whether a grant has the times of another status than its own:
// closed, and never closed; or not open, and opened.
func (g GrantRecord) impossible() bool {
	switch g.Status {
	case GrantIntended:
		return g.OpenedAt != nil || g.ClosedAt != nil
	case GrantOpen:
		return g.OpenedAt == nil || g.ClosedAt != nil
	case GrantClosed:
		return g.ClosedAt == nil
	}
	return true
}

// damaged is CodeEvidence.
func (g GrantRecord) damaged() error {
	return access.Errorf(access.CodeEvidence, "the ledger's row of grant %s is damaged", access.Clip(g.Name, 60))
}
