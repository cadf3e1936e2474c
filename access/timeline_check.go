package access

import (
	"slices"
	"time"
)

// TimelineCheck says whether events that are shown are those that the signed log
// holds.
type TimelineCheck struct {
	Size     int64      `json:"size"`               // events in the log when it was read
	Signed   int64      `json:"signed"`             // those that the last signed checkpoint covers
	SignedAt *time.Time `json:"signedAt,omitempty"` // when this server signed or first read that; UTC
	Altered  []int64    `json:"altered,omitempty"`  // numbers of events that are not what was recorded
	Problem  string     `json:"problem,omitempty"`  // why nothing could be verified; a sentence
}

// IsAltered reports whether an event is not what was recorded. The zero of c alters
// nothing.
func (c *TimelineCheck) IsAltered(e Event) bool { return c != nil && slices.Contains(c.Altered, e.Seq) }
