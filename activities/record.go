package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/reconcile"
)

// RecordTransition records a transition of a request in the ledger, and raises an
// alarm for one that is overdue. Idempotent.
func (c *Control) RecordTransition(ctx context.Context, in access.Transition) error {
	if in.Overdue != nil && *in.Overdue && c.Alarms != nil {
		problem := "closing takes too long; Ramp keeps trying"
		if in.Problem != nil {
			problem = *in.Problem
		}
		c.Alarms.Raise(ctx, reconcile.Alarm{At: in.At, RequestID: in.RequestID, Message: problem})
	}
	return api.ToTemporal(c.Ledger.Advance(ctx, in))
}
