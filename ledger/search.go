package ledger

import (
	"context"
	"fmt"
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

// SearchEvents lists events, the latest first by the time that they have, and of one time
// by their numbers, and returns where the next page begins ("" at the end).
func (l *Ledger) SearchEvents(ctx context.Context, f EventSearch) (items []Entry, next string, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	query, args, err := f.query(l.dialect, limit+1)
	if err != nil {
		return nil, "", err
	}
	items, err = collect(ctx, l.reader(), scanEntry, query, args...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = fmt.Sprintf("%d.%d", micros(last.At), last.Seq)
	}
	return items, next, nil
}

func (f EventSearch) query(d dialect, limit int) (query string, args []any, err error) {
	var where conditions
	where.equal("request_id", f.Request)
	where.equal("actor", f.Actor)
	where.equal("kind", string(f.Kind))
	if !f.Since.IsZero() {
		where.and("at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		where.and("at < ?", micros(f.Until))
	}
	if f.Cursor != "" {
		var at, seq int64
		if _, err := fmt.Sscanf(f.Cursor, "%d.%d", &at, &seq); err != nil || fmt.Sprintf("%d.%d", at, seq) != f.Cursor {
			return "", nil, malformedCursor()
		}
		where.and("(at, seq) < (?, ?)", at, seq)
	}
	// A request has few events. Of a person, or a program, there may be most: then each pair of
	// one and a kind has a place of its own in the index.
	index := "events_time"
	switch {
	case f.Request != "":
		index = "events_request"
	case f.Actor != "" && f.Kind != "":
		index = "events_actor_kind"
	case f.Actor != "":
		index = "events_actor"
	case f.Kind != "":
		index = "events_kind_time"
	}
	return selectEvents + d.indexedBy(index) + where.String() + ` ORDER BY at DESC, seq DESC LIMIT ?`, append(where.args, limit), nil
}

// indexedBy follows a table's name and says which index serves the query. SQLite, which
// keeps no figures of what is in the tables, would choose by the query's form alone;
// Postgres has figures, and chooses itself.
func (d dialect) indexedBy(index string) string {
	if d == sqlite {
		return " INDEXED BY " + index
	}
	return ""
}

func malformedCursor() error {
	return access.Invalid(access.Issue{Code: "cursor_malformed", Field: "cursor", Message: "this is not a cursor that a list returned"})
}
