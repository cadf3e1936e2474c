package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// ReviewedRequest is a request as a review reads it: what was signed of it, which nothing
// has verified, and its events, without what people wrote. Details that cannot be read are
// nil.
type ReviewedRequest struct {
	ID         string
	AskedAt    time.Time      // UTC, by the log
	Plan       []byte         // its envelope
	Statements [][]byte       // envelopes of its decisions and of its review
	Events     []access.Event // in the order of the log
	Removal    int64          // the number of the event that tells that it was dropped by policy; 0: it was not
	Missing    bool           // the log tells of the request, and the ledger does not have it
	Unreadable bool           // of one of its events the details are not what Ramp writes
}

// ReviewPage returns the next requests by the log, not by the rows that anybody who writes
// to the database can move to another time or take away: those whose first event has a
// number above after, at most so many, and the number of the last. Fewer are the end.
func (l *Ledger) ReviewPage(ctx context.Context, after int64, most int) (out []ReviewedRequest, last int64, err error) {
	q := l.reader()
	first, err := collect(ctx, q, scanFirstEvent, `SELECT seq, request_id, at FROM events WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?`,
		string(access.EventRequestCreated), after, most)
	if err != nil || len(first) == 0 {
		return nil, after, err
	}
	ids, place := make([]string, len(first)), map[string]int{}
	out = make([]ReviewedRequest, len(first))
	for i, f := range first {
		ids[i], place[f.request] = f.request, i
		out[i] = ReviewedRequest{ID: f.request, AskedAt: f.at, Missing: true}
	}
	marks, args := inList(ids)
	plans, err := collect(ctx, q, scanReviewPlan, `SELECT id, plan_envelope, removal FROM requests WHERE id IN `+marks, args...)
	if err != nil {
		return nil, after, err
	}
	for _, p := range plans {
		of := &out[place[p.ID]]
		of.Plan, of.Removal, of.Missing = p.Plan, p.Removal, false
	}
	said, err := collect(ctx, q, scanOwned, `SELECT request_id, envelope FROM statements WHERE request_id IN `+marks+
		` AND (key LIKE 'decision-%' OR key = ?) ORDER BY id`, append(args, access.KeyReviewed)...)
	if err != nil {
		return nil, after, err
	}
	for _, s := range said {
		of := &out[place[s.request]]
		of.Statements = append(of.Statements, s.envelope)
	}
	// Which kinds are read is not said here but by what is left out: for a list of kinds SQLite
	// takes the index of kinds, and reads the whole log for each page.
	events, err := collect(ctx, q, scanReviewEvent, `SELECT seq, at, request_id, kind, actor, detail, idempotency_key FROM events WHERE request_id IN `+marks+
		` AND kind NOT IN `+refusalKinds+` ORDER BY seq`, args...)
	for _, e := range events {
		of := &out[place[e.RequestID]]
		of.Events, of.Unreadable = append(of.Events, e), of.Unreadable || e.Detail == nil
	}
	return out, first[len(first)-1].seq, err
}

func scanReviewPlan(row scanner) (r ReviewedRequest, err error) {
	var plan text
	var removal number
	err = row.Scan(&r.ID, &plan, &removal)
	r.Plan, r.Removal = []byte(plan), removal.Int64
	return r, err
}

type firstEvent struct {
	seq     int64
	request string
	at      time.Time
}

func scanFirstEvent(row scanner) (f firstEvent, err error) {
	var at int64
	err = row.Scan(&f.seq, &f.request, &at)
	f.at = timeOf(at)
	return f, err
}

func scanReviewEvent(row scanner) (e access.Event, err error) {
	var at int64
	var detail text
	if err := row.Scan(&e.Seq, &at, &e.RequestID, &e.Kind, &e.Actor, &detail, &e.Key); err != nil {
		return e, err
	}
	e.At = timeOf(at)
	if detail == "{}" {
		e.Detail = map[string]string{}
	} else if decodeJSON(string(detail), &e.Detail) != nil {
		e.Detail = nil // one row that somebody damaged keeps no review from being made
	}
	return e, nil
}

// Refusals calls visit with the events of acts that were refused from one time on, before
// another, in the order of the log, without those whose bodies were dropped by policy. An
// error of visit ends it and is returned.
func (l *Ledger) Refusals(ctx context.Context, from, until time.Time, visit func(access.Event) error) error {
	after, err := l.SeqBefore(ctx, from)
	if err != nil {
		return err
	}
	for {
		page, err := collect(ctx, l.reader(), scanReviewEvent, `SELECT seq, at, request_id, kind, actor, detail, idempotency_key FROM events
			WHERE kind IN `+refusalKinds+` AND removal = 0 AND seq > ? ORDER BY seq LIMIT 1000`, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if e.At.Before(from) || !e.At.Before(until) {
				continue
			}
			if err := visit(e); err != nil {
				return err
			}
		}
		last := page[len(page)-1]
		if after = last.Seq; last.At.After(until.Add(clockSlack)) {
			return nil
		}
	}
}

// clockSlack is how far the times of two events may be in another order than their
// numbers: each server has its own clock.
const clockSlack = time.Hour

// SeqBefore returns the number of an event before which no event has a time of at or
// later, as far as clocks agree within an hour; 0 where there is none.
func (l *Ledger) SeqBefore(ctx context.Context, at time.Time) (int64, error) {
	q := l.reader()
	last, err := l.LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	want, low, high := micros(at.Add(-clockSlack)), int64(0), last
	for low < high {
		middle := low + (high-low+1)/2
		found, err := collect(ctx, q, scanInt, `SELECT at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1`, middle)
		if err != nil {
			return 0, err
		}
		if len(found) > 0 && found[0] < want {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low, nil
}
