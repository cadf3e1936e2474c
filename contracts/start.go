package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// maxStartAhead bounds how far ahead access may be planned.
const maxStartAhead = 30 * 24 * time.Hour

// start is when access is to begin. No field of a contract bounds it.
type start struct{}

func (*start) section() string { return "" }

func (*start) read(q *query) {
	at := q.Request.StartAt
	switch {
	case at == nil:
	case q.Request.InNextWindow:
		q.refuse("start_twice", "startAt", "a start is given, and the next window is asked for; leave one of them out")
	case at.Before(q.Now):
		q.refuse("start_in_past", "startAt", "the start is in the past")
	case at.Unix() > q.Now.Add(maxStartAhead).Unix():
		q.refuse("start_too_far", "startAt", "access can be planned at most 30 days ahead")
	default:
		q.draft.StartAt = new(at.UTC().Truncate(time.Second))
	}
}

func (*start) explain(p access.Plan) []Line {
	if p.StartAt == nil {
		return nil
	}
	return []Line{{"start", p.StartAt.Format(time.RFC3339)}}
}
