package api

import (
	"time"

	"ramp.dev/ramp/access"
)

// End says why, and since when, a request's access is being closed.
type End struct {
	Outcome access.Outcome `json:"outcome"`
	At      time.Time      `json:"at"`
	By      string         `json:"by,omitempty"` // who asked for it; nobody did where access expired or failed
	Via     access.Via     `json:"via,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Problem string         `json:"problem,omitempty"`
}

// Transition returns what records the request as ending.
func (e End) Transition(requestID string) access.Transition {
	t := access.Ending(requestID, e.Outcome, e.At)
	t.Problem, t.Events[0].Message = &e.Problem, e.Problem
	if e.By != "" {
		t.Events[0].Actor = e.By
	}
	if e.By != "" || e.Reason != "" || e.Via != "" {
		t.Events[0].Message, t.Events[0].Detail = e.Reason, e.Via.Detail(t.Events[0].Detail)
	}
	return t
}
