package access

import "time"

// History is what Ramp's own record says of one human's requests under one
// contract, as of one moment.
type History struct {
	// Uses are the newest first, of the last HistoryReaches: all that opened or have not
	// ended, and of the others HistoryKeeps at the most.
	Uses []Use `json:"uses"`
	// Count is how many requests there are in all, also those that Uses leaves out.
	Count int `json:"count,omitempty"`
	// OpenInAll is how many requests of anybody under the contract have not ended.
	OpenInAll int `json:"openInAll"`
	// Unreviewed are the human's uses of break glass, under any contract, that nobody
	// has reviewed.
	Unreviewed []string `json:"unreviewed,omitempty"`
}

// How far back a history reaches, how many requests that came to nothing it keeps, and
// how many others it may have: a longer one is refused, since what is left out would
// count as nothing.
const (
	HistoryReaches = 90 * 24 * time.Hour
	HistoryKeeps   = 200
	HistoryMost    = 2000
)

// Use is one request of a history.
type Use struct {
	RequestID string         `json:"requestId"`
	At        time.Time      `json:"at"` // UTC, when it was made
	State     State          `json:"state"`
	Outcome   Outcome        `json:"outcome,omitempty"`
	Automatic bool           `json:"automatic,omitempty"` // the contract itself approved it
	Opened    bool           `json:"opened,omitempty"`
	EndedAt   *time.Time     `json:"endedAt,omitempty"` // UTC, when access was gone; nil: it is not, or there was none
	Params    map[string]any `json:"params,omitempty"`
	// Length is how long access was open, up to the next second; of a request that has not ended, the longest
	// that it may become, extensions included.
	Length Duration `json:"length,omitempty"`
}

// UseOf returns a request as a history has it.
func UseOf(r Request) Use {
	u := Use{RequestID: r.ID, At: r.CreatedAt, State: r.State, Outcome: r.Outcome, Automatic: r.Plan.Rule.Auto,
		Opened: r.ActiveAt != nil, EndedAt: r.EndedAt, Params: r.Plan.Params}
	switch {
	case r.State.Final() && r.ActiveAt != nil && r.EndedAt != nil:
		u.Length = wholeSeconds(r.EndedAt.Sub(*r.ActiveAt))
	case !r.State.Final():
		u.Length = r.Plan.Duration
		if r.Plan.Extend != nil {
			u.Length = max(u.Length, r.Plan.Extend.UpTo)
		}
	}
	return u
}

// Touches reports whether any of the use lies after a time.
func (u Use) Touches(after time.Time) bool {
	switch {
	case !u.State.Final():
		return true
	case u.EndedAt != nil:
		return u.EndedAt.After(after)
	}
	return u.At.After(after)
}

// wholeSeconds rounds up to what a Duration in a signed evaluation may be: the reader
// of a pack refuses parts of a second.
func wholeSeconds(d time.Duration) Duration {
	return Duration((max(d, 0) + time.Second - 1).Truncate(time.Second))
}
