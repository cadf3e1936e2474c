package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramp.dev/ramp/access"
)

// Holders counts which grants of one target hold an object that they have to
// share, such as an account assignment of AWS Identity Center. It implements
// integrations.Holders, which says how it is used. It is safe for concurrent use,
// also by several processes.
type Holders struct {
	ledger *Ledger
	target string
}

// Holders returns those of one target, by its configured name.
func (l *Ledger) Holders(target string) Holders { return Holders{l, target} }

// States of a grant's hold on an object.
const (
	holding  = "holding"
	removing = "removing" // it was the last, and the object is being removed
	released = "released"
)

// Hold records that a grant holds an object, before the target is touched.
// Holding it again changes nothing. Errors are also CodeConflict if the grant has
// released the object, since it does not come back, and CodeUnavailable if the
// object is being removed at this moment.
func (h Holders) Hold(ctx context.Context, object, grant string) error {
	return h.hold(ctx, object, grant, `0`)
}

// Made records that an object which a grant holds is on the target: what a removal reads
// back as gone from then on is gone, once the target shows its newest state. It holds the
// object as Hold does, with the same errors.
func (h Holders) Made(ctx context.Context, object, grant string) error {
	return h.hold(ctx, object, grant, h.ledger.dialect.milliseconds())
}

func (h Holders) hold(ctx context.Context, object, grant, made string) error {
	return h.change(ctx, object, grant, func(q querier, own string) error {
		switch own {
		case holding:
			_, err := q.exec(ctx, `UPDATE holders SET made_at = `+made+` WHERE target = ? AND object = ? AND grant_name = ? AND made_at <> `+made, h.target, object, grant)
			return err
		case removing, released:
			return access.Errorf(access.CodeConflict, "grant %s has released %s", grant, object)
		}
		var other string
		err := q.row(ctx, `SELECT grant_name FROM holders WHERE target = ? AND object = ? AND state = ? LIMIT 1`, h.target, object, removing).Scan(&other)
		if err == nil {
			return access.Errorf(access.CodeUnavailable, "%s is being removed for grant %s; try again", object, other)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO holders (target, object, grant_name, state, made_at) VALUES (?, ?, ?, ?, `+made+`)`, h.target, object, grant, holding)
		return err
	})
}

// Release ends a grant's hold. When it returns last, nobody else holds the object
// and nobody can until Removed: the caller removes the object and calls Removed.
// Calling Release again, for example after a crash, returns last again until
// Removed is called.
func (h Holders) Release(ctx context.Context, object, grant string) (last bool, err error) {
	err = h.change(ctx, object, grant, func(q querier, own string) error {
		last = false
		if own == "" {
			return nil
		}
		var others int
		if err := q.row(ctx, `SELECT count(*) FROM holders WHERE target = ? AND object = ? AND grant_name <> ? AND state = ?`,
			h.target, object, grant, holding).Scan(&others); err != nil {
			return err
		}
		last = others == 0
		next := released
		if last {
			next = removing
		}
		_, err := q.exec(ctx, `UPDATE holders SET state = ?, handed = ?, left_at = `+q.dialect.milliseconds()+` WHERE target = ? AND object = ? AND grant_name = ?`,
			next, min(others, 1), h.target, object, grant)
		return err
	})
	return last, err
}

// Removed records that the object was removed after Release returned last.
func (h Holders) Removed(ctx context.Context, object, grant string) error {
	return h.change(ctx, object, grant, func(q querier, own string) error {
		if own != removing {
			return nil
		}
		_, err := q.exec(ctx, `UPDATE holders SET state = ? WHERE target = ? AND object = ? AND grant_name = ?`, released, h.target, object, grant)
		return err
	})
}

// Settled returns the objects with which a grant is done, on a target that may show an old
// state for so long: it has left them to others who held them, or it has removed them, and
// that they are gone was read back by then, and is so long ago that nothing old is shown any
// more. What is there of them is not the grant's. It reports of each whether the grant was the
// one that removed it.
func (h Holders) Settled(ctx context.Context, grant string, within time.Duration) (map[string]bool, error) {
	ms := within.Milliseconds()
	all, err := collect(ctx, h.ledger.reader(), scanHolder, `SELECT object, CASE handed WHEN 0 THEN '`+removing+`' ELSE '' END FROM holders h
		WHERE target = ? AND grant_name = ? AND state = ? AND made_at > 0 AND (handed = 1 OR left_at + ? <= `+h.ledger.dialect.milliseconds()+` AND
			left_at >= ? + (SELECT max(o.made_at) FROM holders o WHERE o.target = h.target AND o.object = h.object AND o.made_at <= h.left_at))`,
		h.target, grant, released, ms, ms)
	out := map[string]bool{}
	for _, o := range all {
		out[o.object] = o.state == removing
	}
	return out, err
}

// Objects returns the objects that a grant holds or ever held, and whether it
// still holds each; one that is being removed is still held.
func (h Holders) Objects(ctx context.Context, grant string) (map[string]bool, error) {
	held, err := collect(ctx, h.ledger.reader(), scanHolder, `SELECT object, state FROM holders WHERE target = ? AND grant_name = ?`, h.target, grant)
	out := map[string]bool{}
	for _, o := range held {
		out[o.object] = o.state != released
	}
	return out, err
}

// Held returns the objects that begin with prefix and that grants hold now, those that
// are being removed too, and for each the names of these grants.
func (h Holders) Held(ctx context.Context, prefix string) (map[string][]string, error) {
	held, err := collect(ctx, h.ledger.reader(), scanHolder,
		// The state is written out, as the partial index has it: a parameter might be anything.
		`SELECT object, grant_name FROM holders WHERE target = ? AND state <> 'released' AND substr(object, 1, ?) = ? ORDER BY object, grant_name`,
		h.target, len(prefix), prefix)
	out := map[string][]string{}
	for _, o := range held {
		out[o.object] = append(out[o.object], o.state)
	}
	return out, err
}

type heldObject struct{ object, state string }

func scanHolder(row scanner) (o heldObject, err error) {
	err = row.Scan(&o.object, &o.state)
	return o, err
}

// change runs one change of an object's holders after the other. do is given the
// state of the grant's own hold, "" if there is none.
func (h Holders) change(ctx context.Context, object, grant string, do func(q querier, own string) error) error {
	return h.ledger.tx(ctx, func(q querier) error {
		if err := q.lock(ctx, lockHolders, h.target+" "+object); err != nil {
			return err
		}
		var own string
		err := q.row(ctx, `SELECT state FROM holders WHERE target = ? AND object = ? AND grant_name = ?`, h.target, object, grant).Scan(&own)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return do(q, own)
	})
}
