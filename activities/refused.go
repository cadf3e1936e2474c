package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/clock"
)

// recordRefusal leaves a record of what evidence did not prove: a message sent straight
// to Temporal has passed no server that would have recorded it. The same refusal
// again is the same record, so that a flood of them is one line. The refusal
// itself is already on its way to the caller; a ledger that is down adds nothing.
func recordRefusal(ctx context.Context, l interface {
	AppendEvent(context.Context, access.Event) error
}, plan evidence.Envelope, kind access.EventKind, act string, cause error) {
	p, err := evidence.ReadPlan(plan)
	if err != nil {
		return
	}
	code := access.CodeOf(cause)
	switch code {
	case access.CodeUnavailable, access.CodeInternal, access.CodeThrottled:
		return // a fault, not a refusal
	}
	message := access.Clip(cause.Error(), 300)
	_ = l.AppendEvent(ctx, access.Event{At: clock.Now().UTC(), RequestID: access.Clip(p.RequestID, 40), Kind: kind, Actor: "ramp",
		Message: message, Detail: map[string]string{"act": act, "code": string(code)}, Key: "refused " + act + " " + message})
}
