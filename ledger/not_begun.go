package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// EndingFor lists the requests that are ending and were recorded so before a time, the
// earliest first, at most so many.
func (l *Ledger) EndingFor(ctx context.Context, before time.Time, most int) ([]string, error) {
	return collect(ctx, l.reader(), scanText, `SELECT requests.id FROM requests
		JOIN events ON events.request_id = requests.id AND events.idempotency_key = ? AND events.idempotency_key <> ''
		WHERE requests.state = 'ending' AND events.at < ? ORDER BY events.seq LIMIT ?`, access.KeyEnding, micros(before), most)
}

// RuleOut records that a grant was never begun, of a request that is ending. From then on
// IntendGrant refuses it: whoever opens a grant records it before, so that one of the two
// is first. Errors are CodeTooLate for a request that is not ending, and CodeConflict for
// a grant that was begun, by its row or by the log. Again, it changes nothing.
func (l *Ledger) RuleOut(ctx context.Context, requestID, grant, target string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		state, err := q.lockRequest(ctx, requestID)
		if err != nil {
			return err
		}
		if state != access.StateEnding {
			return access.Errorf(access.CodeTooLate, "request %s is %s, not ending", requestID, state)
		}
		begun, err := q.exists(ctx, `SELECT 1 FROM grants WHERE name = ?`, grant)
		for _, kind := range []access.EventKind{access.EventGrantIntended, access.EventGrantOpened, access.EventGrantClosed} {
			if err == nil && !begun {
				begun, err = q.hasGrantEvent(ctx, requestID, kind, grant)
			}
		}
		switch {
		case err != nil:
			return err
		case begun:
			return access.Errorf(access.CodeConflict, "grant %s was begun", access.Clip(grant, 60))
		}
		return q.append(ctx, access.NotBegunEvent(requestID, grant, target, at))
	})
}

// refuseRuledOut returns CodeConflict for a grant that was recorded as never begun.
func (q querier) refuseRuledOut(ctx context.Context, g access.Grant) error {
	out, err := q.hasGrantEvent(ctx, g.RequestID, access.EventGrantNotBegun, g.Name)
	if err == nil && out {
		err = access.Errorf(access.CodeConflict, "grant %s was recorded as never begun; it is not opened any more", g.Name)
	}
	return err
}

// hasGrantEvent reports whether the log has an event that happens once to a grant.
func (q querier) hasGrantEvent(ctx context.Context, requestID string, kind access.EventKind, grant string) (bool, error) {
	return q.exists(ctx, `SELECT 1 FROM events WHERE request_id = ? AND idempotency_key <> '' AND idempotency_key = ?`, requestID, eventKey(access.KeyGrant(kind, grant)))
}
