package ledger

import (
	"context"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
)

// EventSearch narrows a search through everything that was recorded. Zero fields
// do not narrow.
type EventSearch struct {
	Actor   string
	Kind    access.EventKind
	Request string
	Since   time.Time // this time or later
	Until   time.Time // before this time
	Cursor  string    // where the last page ended
	Limit   int       // 1 to 1000; 0 is 100
}

// SearchEvents lists events, the newest first, and returns where the next page
// begins ("" at the end).
func (l *Ledger) SearchEvents(ctx context.Context, f EventSearch) (items []Entry, next string, err error) {
	var where conditions
	where.equal("actor", f.Actor)
	where.equal("kind", string(f.Kind))
	where.equal("request_id", f.Request)
	if !f.Since.IsZero() {
		where.and("at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		where.and("at < ?", micros(f.Until))
	}
	if f.Cursor != "" {
		before, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", malformedCursor()
		}
		where.and("seq < ?", before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	items, err = collect(ctx, l.reader(), scanEntry, selectEvents+where.String()+` ORDER BY seq DESC LIMIT ?`, append(where.args, limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		next = strconv.FormatInt(items[limit-1].Seq, 10)
	}
	return items, next, nil
}

func malformedCursor() error {
	return access.Invalid(access.Issue{Code: "cursor_malformed", Field: "cursor", Message: "this is not a cursor that a list returned"})
}
