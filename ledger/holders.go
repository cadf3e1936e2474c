package ledger

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"

	"ramp.dev/ramp/access"
)

// Holders counts who holds what grants of one target have to share: a
// membership, an assignment. It is what integrations.Holders asks for, and says
// there how it is used. Safe for concurrent use, also by several processes.
type Holders struct {
	ledger *Ledger
	target string
}

// Holders counts those of one target, by its configured name.
func (l *Ledger) Holders(target string) Holders { return Holders{l, target} }

// How it stands between a grant and an object.
const (
	holds   = "holds"
	leaving = "leaving" // the last, and the object is being removed
	gone    = "gone"
)

// Hold writes down that a grant holds an object, before the target is touched.
// Holding it again changes nothing. Errors are also CodeConflict: the grant has
// left it, and does not come back; and CodeUnavailable: it is being removed at
// this moment, ask again.
func (h Holders) Hold(ctx context.Context, object, grant string) error {
	return h.change(ctx, object, grant, func(q querier, own string) error {
		switch own {
		case holds:
			return nil
		case leaving, gone:
			return access.Errorf(access.CodeConflict, "grant %s has left %s", grant, object)
		}
		var other string
		err := q.row(ctx, `SELECT grant_name FROM holders WHERE target = ? AND object = ? AND state = ? LIMIT 1`, h.target, object, leaving).Scan(&other)
		if err == nil {
			return access.Errorf(access.CodeUnavailable, "%s is being removed for grant %s; ask again", object, other)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO holders (target, object, grant_name, state) VALUES (?, ?, ?, ?)`, h.target, object, grant, holds)
		return err
	})
}

// Release ends a grant's hold. When it answers last, nobody else holds the
// object and nobody can until Gone: the caller removes it and says so. One that
// crashes in between is told last again, and so is one that comes back later.
func (h Holders) Release(ctx context.Context, object, grant string) (last bool, err error) {
	err = h.change(ctx, object, grant, func(q querier, own string) error {
		last = false
		if own == "" {
			return nil
		}
		var others int
		if err := q.row(ctx, `SELECT count(*) FROM holders WHERE target = ? AND object = ? AND grant_name <> ? AND state = ?`,
			h.target, object, grant, holds).Scan(&others); err != nil {
			return err
		}
		last = others == 0
		next := gone
		if last {
			next = leaving
		}
		return h.set(ctx, q, object, grant, next)
	})
	return last, err
}

// Removed writes down that the object was removed after Release said last.
func (h Holders) Removed(ctx context.Context, object, grant string) error {
	return h.change(ctx, object, grant, func(q querier, own string) error {
		if own != leaving {
			return nil
		}
		return h.set(ctx, q, object, grant, gone)
	})
}

// Objects are those that a grant holds or ever held, and whether it still does;
// one that is being removed is still held.
func (h Holders) Objects(ctx context.Context, grant string) (map[string]bool, error) {
	rows, err := h.ledger.reader().rows(ctx, `SELECT object, state FROM holders WHERE target = ? AND grant_name = ?`, h.target, grant)
	if err != nil {
		return nil, wrapError(err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var object, state string
		if err := rows.Scan(&object, &state); err != nil {
			return nil, wrapError(err)
		}
		out[object] = state != gone
	}
	return out, wrapError(rows.Err())
}

// change runs one change of an object's holders after the other.
func (h Holders) change(ctx context.Context, object, grant string, do func(q querier, own string) error) error {
	return h.ledger.tx(ctx, func(q querier) error {
		if h.ledger.dialect == goose.DialectPostgres { // SQLite has one writer anyway
			if _, err := q.exec(ctx, `SELECT pg_advisory_xact_lock(?, hashtext(?))`, holdersLock, h.target+" "+object); err != nil {
				return err
			}
		}
		var own string
		err := q.row(ctx, `SELECT state FROM holders WHERE target = ? AND object = ? AND grant_name = ?`, h.target, object, grant).Scan(&own)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return do(q, own)
	})
}

// holdersLock keeps these locks apart from others in the same database.
const holdersLock = 0x686f6c64

func (h Holders) set(ctx context.Context, q querier, object, grant, state string) error {
	_, err := q.exec(ctx, `UPDATE holders SET state = ? WHERE target = ? AND object = ? AND grant_name = ?`, state, h.target, object, grant)
	return err
}
