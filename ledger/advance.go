package ledger

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Advance records one transition of a request and appends its events.
// Delivery is at least once and may be out of order: a transition to a state that
// cannot be reached from the current one leaves state and outcome as they are, and
// an event that is delivered twice is recorded once. Errors are CodeNotFound for a
// request that the ledger does not know, and CodeConflict for a transition that the
// ledger itself contradicts (docs/threats.md, case 58), of which nothing is recorded.
func (l *Ledger) Advance(ctx context.Context, t access.Transition) error {
	return l.tx(ctx, func(q querier) error { return q.advance(ctx, t) })
}

func (q querier) advance(ctx context.Context, t access.Transition) error {
	r, err := q.lockRow(ctx, t.RequestID)
	if err != nil {
		return err
	}
	return q.advanceLocked(ctx, &r, t)
}

// advanceLocked is advance of a request that is locked, and changes r as the row.
func (q querier) advanceLocked(ctx context.Context, r *requestHead, t access.Transition) error {
	t.RequestID = r.id
	if err := q.checkTransition(ctx, r.state, t); err != nil {
		return err
	}
	sets, args := r.apply(t)
	if len(sets) > 0 {
		if _, err := q.exec(ctx, `UPDATE requests SET `+strings.Join(sets, ", ")+` WHERE id = ?`, append(args, t.RequestID)...); err != nil {
			return err
		}
	}
	statements, events := slices.Clone(t.Statements), slices.Clone(t.Events)
	for i := range statements {
		statements[i].RequestID = t.RequestID
	}
	for i := range events {
		events[i].RequestID = t.RequestID
	}
	if err := q.addStatements(ctx, statements...); err != nil {
		return err
	}
	return q.append(ctx, events...)
}

// apply changes r by a transition, and returns what that sets of the request's row, with
// its arguments.
func (r *requestHead) apply(t access.Transition) (sets []string, args []any) {
	set := func(column string, v any) { sets, args = append(sets, column+" = ?"), append(args, v) }
	if t.To != "" && r.state.CanReach(t.To) {
		set("state", string(t.To))
		r.state = t.To
		if t.Outcome != "" {
			set("outcome", string(t.Outcome))
		}
		if t.To == access.StateEnded {
			set("ended_at", micros(t.At))
		}
	}
	if t.ActiveAt != nil {
		// Once, and when the ledger's own grants were open: quotas count from then.
		sets = append(sets, "active_at = coalesce(active_at, (SELECT max(opened_at) FROM grants WHERE request_id = requests.id), ?)")
		args = append(args, microsOf(t.ActiveAt))
	}
	if t.ExpiresAt != nil {
		set("expires_at", microsOf(t.ExpiresAt))
	}
	if t.StartAt != nil {
		set("start_at", microsOf(t.StartAt))
	}
	if t.Stages != nil {
		set("stages", encodeJSON(t.Stages))
	}
	if t.Decisions != nil {
		set("decisions", encodeJSON(t.Decisions))
	}
	if t.Extensions != nil {
		sets = append(sets, "extensions = CASE WHEN extensions < ? THEN ? ELSE extensions END")
		args = append(args, *t.Extensions, *t.Extensions)
	}
	if t.Overdue != nil && int64(boolInt(*t.Overdue)) != r.overdue {
		r.overdue = int64(boolInt(*t.Overdue))
		set("overdue", r.overdue)
	}
	if t.Problem != nil && *t.Problem != r.problem {
		r.problem = *t.Problem
		set("problem", r.problem)
	}
	return sets, args
}

// advanceOwn is advance of the request that is locked, or of another one.
func (q querier) advanceOwn(ctx context.Context, r *requestHead, t access.Transition) error {
	if t.RequestID != r.id {
		return q.advance(ctx, t)
	}
	return q.advanceLocked(ctx, r, t)
}

// lockRequest returns a request's state, and nobody else changes it until the
// transaction ends.
func (q querier) lockRequest(ctx context.Context, id string) (access.State, error) {
	r, err := q.lockRow(ctx, id)
	return r.state, err
}

// requestHead is the part of a request's row that transitions need. The row is locked,
// except where alreadyClosed reads it.
type requestHead struct {
	id, problem string
	state       access.State
	overdue     int64
}

const selectLocked = `SELECT id, state, problem, overdue FROM requests`

func (q querier) lockRow(ctx context.Context, id string) (requestHead, error) {
	r, err := q.lockWhere(ctx, `id = ?`, id)
	if err == nil && r.id == "" {
		err = unknownRequest(id)
	}
	return r, err
}

// lockWhere locks the one request that a condition names; without one, it returns none.
func (q querier) lockWhere(ctx context.Context, condition string, args ...any) (requestHead, error) {
	query := selectLocked + ` WHERE ` + condition + q.dialect.forUpdate()
	if p, ok := q.handle.(*transaction); ok && !p.begun {
		r, err := p.lockFirst(ctx, q.dialect.rebind(query), args...)
		return r, wrapError(err)
	}
	return first(ctx, q, scanLocked, nil, query, args...)
}

func scanLocked(row scanner) (r requestHead, err error) {
	var problem text
	var overdue number
	if err := row.Scan(&r.id, &r.state, &problem, &overdue); err != nil {
		return r, err
	}
	r.problem, r.overdue = string(problem), overdue.Int64
	if overdue.damaged {
		r.overdue = -1 // whatever it is to be, it is written
	}
	return r, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
