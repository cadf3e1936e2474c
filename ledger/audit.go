package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// EventSearch narrows a search through everything that was recorded. Zero
// fields do not narrow.
type EventSearch struct {
	Actor   string
	Kind    access.EventKind
	Request string
	Since   time.Time // this time or later
	Until   time.Time // before this time
	Cursor  string    // where the last page ended
	Limit   int       // 1 to 1000; 0 is 100
}

// SearchEvents lists events, the latest first, and where the next page begins ("" at
// the end).
func (l *Ledger) SearchEvents(ctx context.Context, f EventSearch) (items []Entry, next string, err error) {
	where, args := []string{"leaf >= 0"}, []any{}
	and := func(cond string, a ...any) { where, args = append(where, cond), append(args, a...) }
	if f.Actor != "" {
		and("actor = ?", f.Actor)
	}
	if f.Kind != "" {
		and("kind = ?", string(f.Kind))
	}
	if f.Request != "" {
		and("request_id = ?", f.Request)
	}
	if !f.Since.IsZero() {
		and("at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		and("at < ?", micros(f.Until))
	}
	if f.Cursor != "" {
		before, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", access.Invalid(access.Issue{Code: "cursor_malformed", Field: "cursor", Message: "this is not a cursor that a list answered"})
		}
		and("seq < ?", before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	items, err = l.entries(ctx, l.reader(), strings.Join(where, " AND ")+fmt.Sprintf(` ORDER BY seq DESC LIMIT %d`, limit+1), args...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		next = strconv.FormatInt(items[limit-1].Seq, 10)
	}
	return items, next, nil
}
