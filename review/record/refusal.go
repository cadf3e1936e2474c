package record

import (
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// refusalOf is an event of an act that was refused.
func refusalOf(e access.Event) review.Refusal {
	out := review.Refusal{By: e.Actor, Human: e.Detail[access.DetailHuman], Act: e.Detail["act"], Code: e.Detail["code"], Contract: e.Detail["contract"], Request: e.RequestID, At: e.At, Times: 1, Event: e.Seq}
	if n, err := strconv.Atoi(e.Detail[access.DetailCount]); err == nil && n > 0 {
		out.Times = n
	}
	return out
}

// timeIn returns the time that an event says access lasts until; or another, where it says
// none.
func timeIn(e access.Event, or time.Time) time.Time {
	at, err := time.Parse(time.RFC3339, e.Detail["expiresAt"])
	if err != nil {
		return or
	}
	return at.UTC()
}
