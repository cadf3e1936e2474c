package ledger

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// Unfinished is a request that is not over, as the reconciler looks at it.
type Unfinished struct {
	ID        string
	State     access.State
	Started   bool       // its workflow is known to have existed
	Decided   bool       // a decision is recorded
	ExpiresAt *time.Time // of its access, once there was any
	Grants    int        // grants it has in the ledger
	NotClosed int        // those of them that are not closed
}

// Unfinished lists the requests that are not over, oldest first.
func (l *Ledger) Unfinished(ctx context.Context) ([]Unfinished, error) {
	states, args := unfinishedStates()
	return collect(ctx, l.reader(), scanUnfinished, `SELECT id, state, workflow_started, CASE WHEN decisions = '[]' THEN 0 ELSE 1 END, expires_at,
		(SELECT count(*) FROM grants WHERE request_id = requests.id),
		(SELECT count(*) FROM grants WHERE request_id = requests.id AND status <> 'closed')
		FROM requests WHERE state IN `+states+` ORDER BY created_at, id`, args...)
}

// scanUnfinished reads a row. One that somebody else has made unreadable keeps the
// reconciler from no other.
func scanUnfinished(row scanner) (u Unfinished, err error) {
	var id, state text
	var started, decided, expires number
	err = row.Scan(&id, &state, &started, &decided, &expires, &u.Grants, &u.NotClosed)
	u.ID, u.State = string(id), access.State(state)
	u.Started, u.Decided, u.ExpiresAt = started.damaged || started.Int64 != 0, decided.Int64 != 0, timePtr(expires.NullInt64)
	return u, err
}

// unfinishedStates returns every state that is not final, for IN.
func unfinishedStates() (marks string, args []any) {
	return inList(slices.DeleteFunc(access.States(), access.State.Final))
}

// Conclude ends a request that nothing else will end: as ended, if it may have
// had access; as cancelled, if it never had any and somebody ordered its end; and as
// failed otherwise. It changes nothing and returns
// false when the request is over already, or when the ledger has a grant of it
// that is not closed. An outcome that the request has already stays. The event
// is recorded once, no matter who ends the request.
func (l *Ledger) Conclude(ctx context.Context, id string, outcome access.Outcome, at time.Time, why string) (changed bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		changed = false
		state, err := q.lockRequest(ctx, id)
		if err != nil || state.Final() {
			return err
		}
		var notClosed int
		if err := q.row(ctx, `SELECT count(*) FROM grants WHERE request_id = ? AND status <> 'closed'`, id).Scan(&notClosed); err != nil || notClosed > 0 {
			return err
		}
		changed = true
		if !state.MayHaveAccess() {
			final, kind := access.StateFailed, access.EventRequestFailed
			if ordered, err := q.endOrdered(ctx, id); err != nil {
				return err
			} else if ordered {
				final, kind = access.StateCancelled, access.EventRequestCancelled
			}
			if _, err := q.exec(ctx, `UPDATE requests SET state = ?, problem = ? WHERE id = ?`, string(final), why, id); err != nil {
				return err
			}
			return q.append(ctx, access.Event{At: at, RequestID: id, Kind: kind, Actor: access.ActorReconciler,
				Message: why, Key: access.KeyFinal(final)})
		}
		if _, err := q.exec(ctx, `UPDATE requests SET state = ?, outcome = CASE WHEN outcome = '' THEN ? ELSE outcome END,
			ended_at = ?, overdue = 0, problem = ? WHERE id = ?`,
			string(access.StateEnded), string(outcome), micros(at), why, id); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, RequestID: id, Kind: access.EventAccessEnded, Actor: access.ActorReconciler,
			Message: why, Key: access.KeyEnded})
	})
	return changed, err
}

// OpenCounts is how much is open at this moment.
type OpenCounts struct {
	GrantsByTarget  map[string]int // grants not closed, by target
	OverdueRequests int            // requests that are ending for too long
}

// CountOpen counts what is open, for metrics.
func (l *Ledger) CountOpen(ctx context.Context) (OpenCounts, error) {
	s := OpenCounts{GrantsByTarget: map[string]int{}}
	states, args := unfinishedStates()
	if err := l.reader().row(ctx, `SELECT count(*) FROM requests WHERE overdue = 1 AND state IN `+states, args...).Scan(&s.OverdueRequests); err != nil {
		return s, wrapError(err)
	}
	byTarget, err := collect(ctx, l.reader(), scanCount, `SELECT target, count(*) FROM grants WHERE status <> 'closed' GROUP BY target`)
	for _, c := range byTarget {
		s.GrantsByTarget[c.target] = c.grants
	}
	return s, err
}

type targetCount struct {
	target string
	grants int
}

func scanCount(row scanner) (c targetCount, err error) {
	err = row.Scan(&c.target, &c.grants)
	return c, err
}
