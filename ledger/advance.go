package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Transition is one step of a request. Zero and nil fields change nothing.
type Transition struct {
	RequestID  string
	To         access.State
	Outcome    access.Outcome
	At         time.Time
	ActiveAt   *time.Time
	ExpiresAt  *time.Time
	Stages     []access.StageStatus
	Decisions  []access.Decision
	Extensions *int
	Overdue    *bool
	Problem    *string
	Events     []access.Event
	Statements []Statement
}

// Advance takes a request one step further and appends the step's events. Steps
// are told at least once and sometimes late: one whose state does not lie ahead
// leaves state, outcome and times as they are, and an event told twice is one.
func (l *Ledger) Advance(ctx context.Context, a Transition) error {
	return l.tx(ctx, func(q querier) error { return l.advance(ctx, q, a) })
}

func (l *Ledger) advance(ctx context.Context, q querier, a Transition) error {
	state, err := l.lockRequest(ctx, q, a.RequestID)
	if err != nil {
		return err
	}
	sets, args := []string{}, []any{}
	set := func(column string, v any) { sets, args = append(sets, column+" = ?"), append(args, v) }
	if a.To != "" && state.CanReach(a.To) {
		set("state", string(a.To))
		if a.Outcome != "" {
			set("outcome", string(a.Outcome))
		}
		if a.To == access.StateEnded {
			set("ended_at", micros(a.At))
		}
	}
	if a.ActiveAt != nil {
		set("active_at", microsOf(a.ActiveAt))
	}
	if a.ExpiresAt != nil {
		set("expires_at", microsOf(a.ExpiresAt))
	}
	if a.Stages != nil {
		set("stages", encodeJSON(a.Stages))
	}
	if a.Decisions != nil {
		set("decisions", encodeJSON(a.Decisions))
	}
	if a.Extensions != nil {
		set("extensions", *a.Extensions)
	}
	if a.Overdue != nil {
		set("overdue", boolInt(*a.Overdue))
	}
	if a.Problem != nil {
		set("problem", *a.Problem)
	}
	if len(sets) > 0 {
		if _, err := q.exec(ctx, `UPDATE requests SET `+strings.Join(sets, ", ")+` WHERE id = ?`,
			append(args, a.RequestID)...); err != nil {
			return err
		}
	}
	for i := range a.Statements {
		a.Statements[i].RequestID = a.RequestID
	}
	if err := q.addStatements(ctx, a.Statements...); err != nil {
		return err
	}
	for i := range a.Events {
		a.Events[i].RequestID = a.RequestID
	}
	return l.append(ctx, q, a.Events...)
}

// lockRequest reads a request's state and keeps others from changing it until the
// transaction ends. SQLite has one writer, so there reading is enough.
func (l *Ledger) lockRequest(ctx context.Context, q querier, id string) (access.State, error) {
	query := `SELECT state FROM requests WHERE id = ?`
	if l.batchWriter == nil {
		query += ` FOR UPDATE`
	}
	var state access.State
	err := q.row(ctx, query, id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", unknownRequest(id)
	}
	return state, err
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
