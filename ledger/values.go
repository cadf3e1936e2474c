package ledger

import (
	"database/sql"
	"encoding/json"
	"time"
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
