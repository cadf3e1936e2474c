package ledger

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// hasReview is a request with the signed statement of its review. The column review is
// for showing: who writes to the database fills it at will (docs/threats.md, case 43).
const hasReview = `EXISTS (SELECT 1 FROM statements s WHERE s.request_id = requests.id AND s.key = '` + access.KeyReviewed + `')`

// brokeGlass is a request that broke the glass. The log says so, in the event of the
// transaction that recorded the request: by a column, whoever writes to the database could
// take a use off every list.
const brokeGlass = `requests.id IN (SELECT request_id FROM events WHERE kind = '` + string(access.EventGlassBroken) + `')`

// unreviewed are uses of break glass that nobody has reviewed: the statement, or its
// event in the log, is missing. What never opened needs no review; that it opened is in
// the log, too.
const unreviewed = brokeGlass + ` AND NOT (` + hasReview + ` AND EXISTS (SELECT 1 FROM events e WHERE e.request_id = requests.id AND e.kind = '` +
	string(access.EventGlassReviewed) + `')) AND (active_at IS NOT NULL OR state NOT IN ('denied', 'cancelled', 'lapsed', 'failed')
	OR EXISTS (SELECT 1 FROM events e WHERE e.request_id = requests.id AND e.kind = '` + string(access.EventGrantOpened) + `'))`

// glassUse is a use of break glass, and which account it is of by its event.
type glassUse struct{ request, actor string }

func scanGlassUse(row scanner) (u glassUse, err error) {
	err = row.Scan(&u.request, &u.actor)
	return u, err
}

// unreviewedOf returns a human's uses of break glass that nobody has reviewed: those that
// are theirs by the request's row, and those by the event, of which the row may say
// something else by now, or be gone.
func (q querier) unreviewedOf(ctx context.Context, p access.Person) ([]string, error) {
	keys, err := q.keysOf(ctx, p)
	if err != nil {
		return nil, err
	}
	where := ofKeys(keys, p)
	where.and(unreviewed)
	left, err := collect(ctx, q, scanText, `SELECT id FROM requests`+where.String()+` ORDER BY created_at`, where.args...)
	if err != nil {
		return nil, err
	}
	logged, err := collect(ctx, q, scanGlassUse, `SELECT e.request_id, e.actor FROM events e LEFT JOIN requests ON requests.id = e.request_id
		WHERE e.kind = ? AND (requests.id IS NULL OR `+unreviewed+`) ORDER BY e.seq`, string(access.EventGlassBroken))
	for _, u := range logged {
		if slices.Contains(keys, access.FoldID(u.actor)) && !slices.Contains(left, u.request) {
			left = append(left, u.request)
		}
	}
	return left, err
}

// checkReviewed refuses to break glass again before the last use was reviewed: of two
// at one instant, the second sees the first.
func (q querier) checkReviewed(ctx context.Context, r access.Request) error {
	if r.Plan.BreakGlass == nil {
		return nil
	}
	// One lock for all: two accounts of one human must see each other.
	if err := q.lock(ctx, lockRequesters, "break glass"); err != nil {
		return err
	}
	left, err := q.unreviewedOf(ctx, r.Requester)
	if err != nil || len(left) == 0 {
		return err
	}
	return access.Refuse(access.CodeForbidden, "review_missing", "your use of break glass in request %s was not reviewed yet; until somebody has, you may not break glass again", left[0])
}

// glassBroken is the event that tells everybody, in the transaction that records the
// request.
func glassBroken(r access.Request) access.Event {
	return access.Event{At: r.CreatedAt, RequestID: r.ID, Kind: access.EventGlassBroken, Actor: r.Requester.ID, Key: access.KeyGlass, Message: r.Plan.Reason,
		Detail: r.Plan.Via.Detail(map[string]string{"contract": r.Contract, "duration": r.Plan.Duration.String(),
			"reviewers": strings.Join(r.Plan.BreakGlass.Reviewers, ", "), "reviewBy": access.FormatTime(r.Plan.BreakGlass.ReviewBy)})}
}

// Review records the review of a use of break glass, with its signed statement. The
// first one stands: a second is CodeConflict.
func (l *Ledger) Review(ctx context.Context, r access.Review, signed []byte) error {
	return l.tx(ctx, func(q querier) error {
		if _, err := q.lockRequest(ctx, r.RequestID); err != nil { // of two at one instant, the second sees the first's statement
			return err
		}
		n, err := q.exec(ctx, `UPDATE requests SET review = ? WHERE id = ? AND `+brokeGlass+` AND NOT `+hasReview, encodeJSON(r), r.RequestID)
		if err != nil {
			return err
		}
		if n == 0 {
			return access.Refuse(access.CodeConflict, "reviewed_already", "this was reviewed already, or there is nothing to review")
		}
		if err := q.addStatements(ctx, access.Statement{RequestID: r.RequestID, Key: access.KeyReviewed, Envelope: signed}); err != nil {
			return err
		}
		said := "not justified"
		if r.Justified {
			said = "justified"
		}
		return q.append(ctx, access.Event{At: r.At, RequestID: r.RequestID, Kind: access.EventGlassReviewed, Actor: r.By.ID, Key: access.KeyReviewed,
			Message: r.Comment, Detail: r.Via.Detail(map[string]string{"verdict": said})})
	})
}
