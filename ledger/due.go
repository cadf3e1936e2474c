package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// OpeningMayLast is how long after its end a grant that is not recorded as open is
// left alone: a call that opens it may still be under way, which closing must not
// overtake. It is more than the longest call of a target.
const OpeningMayLast = 30 * time.Second

// KeepsOrder is how long after its end a grant is left alone where one that its request
// opened after it is due as well and open: grants are closed in the reverse of their order.
// Whatever a row says, it holds up no other for longer.
const KeepsOrder = 5 * time.Second

// DueGrants lists grants of a target that are not closed, whose end is not after
// before, or, of one that is not recorded as open, that time and OpeningMayLast, and
// that no closer has in hand at now; the earliest end first, at most so many. Those
// that are left alone, for KeepsOrder too, are not listed: they would hide others that are
// due. Grants are in order by their names.
func (l *Ledger) DueGrants(ctx context.Context, target string, now, before time.Time, most int) ([]GrantRecord, error) {
	return collect(ctx, l.reader(), scanGrant, selectGrants+` WHERE target = ? AND status <> 'closed' AND expires_at <= ? AND (status <> 'intended' OR expires_at <= ?) AND `+inNoHand+`
		AND (expires_at <= ? OR NOT EXISTS (SELECT 1 FROM grants AS later
			WHERE later.request_id = grants.request_id AND later.name > grants.name AND later.status = 'open' AND later.expires_at <= ?))
		ORDER BY expires_at, name LIMIT ?`, append([]any{target, micros(before), micros(before.Add(-OpeningMayLast))},
		append(inNoHandArgs(now), micros(before.Add(-KeepsOrder)), micros(before), most)...)...)
}

// maxInHand bounds how long one closer keeps a grant from the others. What a row
// says beyond that, somebody else wrote.
const maxInHand = time.Minute

const inNoHand = `(closing_until <= ? OR closing_until > ?)`

func inNoHandArgs(now time.Time) []any { return []any{micros(now), micros(now.Add(maxInHand))} }

// BeginExpiry takes a grant in hand until a time, at most a minute from now, and
// records that its request is ending because its time is over: all at once, so that
// an extension comes before it or is refused. It returns false, and changes nothing,
// if the grant is closed, or ends after now, or is in another's hand. The outcome is
// the request's, which may be ending for another reason already; it is empty where
// the request is over.
func (l *Ledger) BeginExpiry(ctx context.Context, name string, now, until time.Time) (begun bool, outcome access.Outcome, err error) {
	err = l.tx(ctx, func(q querier) error {
		begun, outcome = false, ""
		r, err := q.lockRequestOf(ctx, name)
		if err != nil {
			return err
		}
		n, err := q.exec(ctx, `UPDATE grants SET closing_until = ? WHERE name = ? AND status <> 'closed' AND expires_at <= ? AND `+inNoHand,
			append([]any{micros(until), name, micros(now)}, inNoHandArgs(now)...)...)
		if err != nil || n == 0 {
			return err
		}
		begun = true
		switch {
		case r.state == access.StateEnding:
			var is string
			is, err = first(ctx, q, scanText, unknownRequest(r.id), `SELECT outcome FROM requests WHERE id = ?`, r.id)
			outcome = access.Outcome(is)
		case r.state.CanReach(access.StateEnding):
			outcome = access.OutcomeExpired
			err = q.advanceLocked(ctx, &r, access.Ending(r.id, outcome, now))
		}
		return err
	})
	return begun, outcome, err
}

// Postpone keeps closers from a grant until a time, after it could not be closed.
func (l *Ledger) Postpone(ctx context.Context, name string, until time.Time) error {
	return l.write(ctx, `UPDATE grants SET closing_until = ? WHERE name = ?`, micros(until), name)
}

// lockRequestOf returns the request of a grant; nobody else changes the request until
// the transaction ends.
func (q querier) lockRequestOf(ctx context.Context, grant string) (requestHead, error) {
	r, err := q.lockWhere(ctx, `id = (SELECT request_id FROM grants WHERE name = ?)`, grant)
	if err != nil || r.id != "" {
		return r, err
	}
	requestID, err := first(ctx, q, scanText, unknownGrant(grant), `SELECT request_id FROM grants WHERE name = ?`, grant)
	if err == nil {
		err = unknownRequest(requestID)
	}
	return r, err
}

// unknownGrant is CodeNotFound.
func unknownGrant(name string) error {
	return access.Errorf(access.CodeNotFound, "there is no grant %q", access.Clip(name, 60))
}
