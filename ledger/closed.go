package ledger

import (
	"context"

	"ramp.dev/ramp/access"
)

// alreadyClosed reports whether a grant is recorded as closed, and all that some steps of its
// request would record is recorded. When many end at once a closer ends them first, and
// their workflows come to record the same: reading that costs less than a transaction
// that changes nothing. It reports false where reading fails.
func (q querier) alreadyClosed(ctx context.Context, name string, steps []access.Transition) bool {
	if len(steps) == 0 {
		return false
	}
	for _, s := range steps {
		if !recordsEndingOnly(s) {
			return false
		}
	}
	row, err := scanGrant(q.row(ctx, selectGrants+` WHERE name = ?`, name))
	if err != nil || row.Damaged || row.Status != GrantClosed {
		return false
	}
	r, err := scanLocked(q.row(ctx, selectLocked+` WHERE id = ?`, row.RequestID))
	if err != nil {
		return false
	}
	var keys []string
	for _, s := range steps {
		if s.RequestID != r.id || r.state.CanReach(s.To) || s.Overdue != nil && int64(boolInt(*s.Overdue)) != r.overdue || s.Problem != nil && *s.Problem != r.problem {
			return false
		}
		for _, e := range s.Events {
			if e.Key == "" {
				return false
			}
			keys = append(keys, e.Normalized().Key)
		}
	}
	marks, args := inList(keys)
	known, err := collect(ctx, q, scanText, `SELECT idempotency_key FROM events WHERE request_id = ? AND idempotency_key <> '' AND idempotency_key IN `+marks, append([]any{r.id}, args...)...)
	return err == nil && len(keys) > 0 && len(known) == len(keys)
}

// recordsEndingOnly reports whether a transition records that a request is ending or has
// ended, and nothing else.
func recordsEndingOnly(t access.Transition) bool {
	return (t.To == access.StateEnding || t.To == access.StateEnded) && t.ActiveAt == nil && t.ExpiresAt == nil && t.Stages == nil && t.Decisions == nil &&
		t.Extensions == nil && t.StartAt == nil && len(t.Statements) == 0
}
