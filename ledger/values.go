package ledger

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// micros stores a time; microseconds are what both databases and clocks keep.
func micros(t time.Time) int64 { return t.UnixMicro() }

func microsOf(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: true}
}

func timeOf(v int64) time.Time { return time.UnixMicro(v).UTC() }

func timePtr(v sql.NullInt64) *time.Time {
	if !v.Valid {
		return nil
	}
	t := timeOf(v.Int64)
	return &t
}

// encodeJSON stores a value as JSON. The values are Ramp's own types, which
// always marshal.
func encodeJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("ledger: " + err.Error())
	}
	return string(b)
}

// decodeJSON reads what encodeJSON wrote, this version's or a later one's. Errors are
// CodeEvidence: the row was changed by something else than Ramp.
func decodeJSON(text string, into any) error {
	if err := strictjson.UnmarshalOpen([]byte(text), into); err != nil {
		return access.Errorf(access.CodeEvidence, "a document in the ledger is damaged: %w", err)
	}
	return nil
}

// number reads an integer or NULL, and notes what is neither: SQLite keeps any text in
// a column of numbers.
type number struct {
	sql.NullInt64
	damaged bool
}

// Scan never returns an error.
func (n *number) Scan(v any) error {
	if n.NullInt64.Scan(v) != nil {
		*n = number{damaged: true}
	}
	return nil
}

// text reads a text, whatever is in its place; nothing else than Ramp's own documents
// are read out of it.
type text string

// Scan never returns an error.
func (t *text) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*t = ""
	case []byte:
		*t = text(v)
	default:
		*t = text(fmt.Sprint(v))
	}
	return nil
}
