package ledger

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// checkTransition refuses a transition that what the ledger has of the request
// contradicts. Everybody with write access to Temporal's namespace can ask for any to be
// recorded: pages would say that access is gone while it is open, and people would
// not be asked what they have yet to decide (docs/threats.md, case 58). The request
// is locked, so that no grant of it is made meanwhile. One that comes too late, in
// a state from which its own cannot be reached, changes none and is not looked at.
func (q querier) checkTransition(ctx context.Context, from access.State, t access.Transition) error {
	if t.Extensions != nil {
		ordered, err := first(ctx, q, scanInt, nil, `SELECT count(*) FROM statements WHERE request_id = ? AND key LIKE 'extension %'`, t.RequestID)
		if err != nil {
			return err
		}
		if int64(*t.Extensions) > ordered {
			return access.Errorf(access.CodeConflict, "request %s: %d extensions were ordered, not %d", t.RequestID, ordered, *t.Extensions)
		}
	}
	reached := t.To != "" && from.CanReach(t.To)
	if !reached && t.ExpiresAt == nil {
		return nil
	}
	held, err := q.heldGrants(ctx, t.RequestID)
	if err != nil {
		return err
	}
	if t.ExpiresAt != nil && held.latest.Before(t.ExpiresAt.Truncate(time.Microsecond)) {
		return access.Errorf(access.CodeConflict, "request %s: no grant of it lasts until %s", t.RequestID, access.FormatTime(*t.ExpiresAt))
	}
	if !reached {
		return nil
	}
	if why := held.contradiction(from, t.To); why != "" {
		return access.Errorf(access.CodeConflict, "request %s is %s and not recorded as %s: %s", t.RequestID, from, t.To, why)
	}
	if t.To == access.StateDenied {
		return q.checkDenied(ctx, t)
	}
	return nil
}

// heldGrants is what the ledger has of a request's grants.
type heldGrants struct {
	all, notClosed, open int
	latest               time.Time // the latest end of any of them, closed ones too
}

func (q querier) heldGrants(ctx context.Context, requestID string) (h heldGrants, err error) {
	var latest number
	err = q.row(ctx, `SELECT count(*), coalesce(sum(CASE WHEN status <> 'closed' THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN status = 'open' THEN 1 ELSE 0 END), 0), max(expires_at) FROM grants WHERE request_id = ?`,
		requestID).Scan(&h.all, &h.notClosed, &h.open, &latest)
	if latest.Valid {
		h.latest = timeOf(latest.Int64)
	}
	return h, err
}

// contradiction says in words why a request with these grants is not what a
// transition would make of it; "" if nothing speaks against that.
func (h heldGrants) contradiction(from, to access.State) string {
	approvedOnly := to == access.StateScheduled || to == access.StateEnding || to == access.StateEnded
	switch {
	case to.Final() && h.notClosed > 0:
		return "it has grants that are not closed"
	case to == access.StateActive && h.open == 0:
		return "none of its grants is open"
	case to == access.StateGranting && h.notClosed == 0:
		return "it has no grant"
	case from == access.StatePending && approvedOnly && h.all == 0:
		return "nobody has approved it, and it has no grant"
	}
	return ""
}

// checkDenied refuses to record a request as denied that nobody has denied.
// Decisions are recorded by the activity that verifies them, before.
func (q querier) checkDenied(ctx context.Context, t access.Transition) error {
	isDenial := func(d access.Decision) bool { return d.Verdict == access.Deny }
	if slices.ContainsFunc(t.Decisions, isDenial) {
		return nil
	}
	var recorded []access.Decision
	column, err := first(ctx, q, scanText, unknownRequest(t.RequestID), `SELECT decisions FROM requests WHERE id = ?`, t.RequestID)
	if err != nil || decodeJSON(column, &recorded) == nil && slices.ContainsFunc(recorded, isDenial) {
		return err
	}
	statements, err := collect(ctx, q, scanText, `SELECT envelope FROM statements WHERE request_id = ? AND key LIKE '`+decisionOfDenial+`'`, t.RequestID)
	denied := slices.ContainsFunc(statements, func(envelope string) bool {
		d, readable := readDecision(envelope)
		return !readable || d.Verdict == access.Deny // the worker that counted it has verified it
	})
	if err == nil && !denied {
		err = access.Errorf(access.CodeConflict, "request %s is not recorded as denied: nobody has denied it", t.RequestID)
	}
	return err
}

// Reopen makes a request that is over in the ledger one that is ending, if a grant
// of it is not closed: somebody wrote to the ledger, or restored an older one, which says
// that access is gone that may be there. It reports whether it changed
// anything. The event is recorded once for each grant that is not closed.
func (l *Ledger) Reopen(ctx context.Context, id string, at time.Time, why string) (changed bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		changed = false
		state, err := q.lockRequest(ctx, id)
		if err != nil || !state.Final() {
			return err
		}
		held, err := q.heldGrants(ctx, id)
		if err != nil || held.notClosed == 0 {
			return err
		}
		changed = true
		if _, err := q.exec(ctx, `UPDATE requests SET state = ?, ended_at = NULL, problem = ? WHERE id = ?`,
			string(access.StateEnding), why, id); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, RequestID: id, Kind: access.EventAccessReopened, Actor: access.ActorReconciler, Message: why,
			Detail: map[string]string{"was": string(state)}})
	})
	return changed, err
}

// Contradicted lists the requests that are over in the ledger and have grants on a
// target that are not closed.
func (l *Ledger) Contradicted(ctx context.Context, target string) ([]string, error) {
	final, args := finalStates()
	return collect(ctx, l.reader(), scanText, `SELECT DISTINCT request_id FROM grants WHERE target = ? AND status <> 'closed'
		AND request_id IN (SELECT id FROM requests WHERE id = grants.request_id AND state IN `+final+`)`, append([]any{target}, args...)...)
}

// finalStates returns every state that is final, for IN.
func finalStates() (marks string, args []any) {
	return inList(slices.DeleteFunc(access.States(), func(s access.State) bool { return !s.Final() }))
}
