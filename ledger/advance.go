package ledger

import (
	"context"
	"slices"
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

// Advance takes a request one step further and appends the step's events.
// Delivery is at least once and may be out of order: a step whose state cannot be
// reached from the current one leaves state and outcome as they are, and an event
// that is delivered twice is recorded once.
func (l *Ledger) Advance(ctx context.Context, a Transition) error {
	return l.tx(ctx, func(q querier) error { return q.advance(ctx, a) })
}

func (q querier) advance(ctx context.Context, a Transition) error {
	state, err := q.lockRequest(ctx, a.RequestID)
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
	statements, events := slices.Clone(a.Statements), slices.Clone(a.Events)
	for i := range statements {
		statements[i].RequestID = a.RequestID
	}
	for i := range events {
		events[i].RequestID = a.RequestID
	}
	if err := q.addStatements(ctx, statements...); err != nil {
		return err
	}
	return q.append(ctx, events...)
}

// lockRequest returns a request's state, and nobody else changes it until the
// transaction ends.
func (q querier) lockRequest(ctx context.Context, id string) (access.State, error) {
	state, err := first(ctx, q, scanText, unknownRequest(id), `SELECT state FROM requests WHERE id = ?`+q.dialect.forUpdate(), id)
	return access.State(state), err
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
