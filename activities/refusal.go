package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// recordRefusal records that evidence did not prove what was asked: a message
// sent straight to Temporal has passed no server that would have recorded it. The
// same refusal again has the same key, so that a flood of them is one event. An
// error of the ledger is dropped: the refusal is already on its way to the caller.
func recordRefusal(ctx context.Context, l interface {
	AppendEvent(context.Context, access.Event) error
}, requestID string, kind access.EventKind, act access.Act, cause error) {
	// A target that throttles refuses nobody: the same is tried again.
	if requestID == "" || !access.IsRefusal(cause) || access.CodeOf(cause) == access.CodeThrottled {
		return
	}
	message := access.Clip(cause.Error(), 300)
	_ = l.AppendEvent(ctx, access.Event{At: clock.Now().UTC(), RequestID: access.Clip(requestID, 40), Kind: kind, Actor: access.ActorRamp,
		Message: message, Detail: map[string]string{"act": string(act), "code": string(access.CodeOf(cause))}, Key: access.KeyRefused(act, message)})
}
