package api

import (
	"time"

	"ramp.dev/ramp/access"
)

// ActiveTransition is the step of a request whose access is live. The workflow records it,
// or the activity that opened the only grant.
func ActiveTransition(requestID string, at, expires time.Time) RecordInput {
	return RecordInput{RequestID: requestID, To: access.StateActive, At: at, ActiveAt: &at, ExpiresAt: &expires,
		Events: []access.Event{{RequestID: requestID, At: at, Kind: access.EventAccessActive, Actor: "ramp", Key: "active",
			Detail: map[string]string{"expiresAt": expires.Format(time.RFC3339)}}}}
}
