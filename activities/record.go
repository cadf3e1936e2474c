package activities

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/reconcile"
)

// RecordTransition records a transition of a request in the ledger, and raises an
// alarm for one that is overdue. Idempotent. Everybody with write access to Temporal's
// namespace can ask for it: it takes only what workflows record, and of that only
// what the ledger does not contradict. What is refused is an event of the request
// and an alarm (docs/threats.md, case 58).
func (c *Control) RecordTransition(ctx context.Context, in access.Transition) error {
	err := checkRecordable(in)
	if err == nil {
		if in.Overdue != nil && *in.Overdue {
			problem := "closing takes too long; Ramp keeps trying"
			if in.Problem != nil {
				problem = *in.Problem
			}
			c.raise(ctx, reconcile.Alarm{At: in.At, RequestID: in.RequestID, Message: problem})
		}
		err = c.Ledger.Advance(ctx, in)
	}
	if access.CodeOf(err) == access.CodeConflict || access.CodeOf(err) == access.CodeEvidence {
		c.recordContradiction(ctx, in, err)
	}
	return api.ToTemporal(err)
}

// recorded are the events that workflows record with a transition, each to the state
// that it comes with.
var recorded = []access.EventKind{access.EventRequestScheduled, access.EventRequestDenied, access.EventRequestCancelled, access.EventRequestLapsed,
	access.EventRequestFailed, access.EventAccessActive, access.EventAccessExtended, access.EventAccessEnding, access.EventAccessOverdue, access.EventAccessEnded}

// recordedKeys are the keys of those events, each of which happens once: what is
// recorded with another could be repeated without end.
var recordedKeys = []string{access.KeyScheduled, access.KeyActive, access.KeyEnding, access.KeyOverdue, access.KeyEnded,
	access.KeyFinal(access.StateDenied), access.KeyFinal(access.StateCancelled), access.KeyFinal(access.StateLapsed), access.KeyFinal(access.StateFailed)}

// isExtension reports whether a key is that of an extension, of which there are few.
func isExtension(key string) bool {
	for n := 1; n <= maxExtensions; n++ {
		if key == access.KeyExtended(n) {
			return true
		}
	}
	return false
}

// maxExtensions is far more than any contract allows.
const maxExtensions = 100

// checkRecordable refuses what no workflow records: decisions, and that they
// suffice, are recorded by the activity that verifies them, and a grant by the one
// that opens it. Errors are CodeEvidence.
func checkRecordable(t access.Transition) error {
	refuse := func(what string) error {
		return access.Errorf(access.CodeEvidence, "a workflow does not record %s", what)
	}
	if t.Decisions != nil || t.Stages != nil {
		return refuse("decisions")
	}
	if t.To == access.StateApproved || t.To == access.StateGranting || t.To == access.StatePending {
		return refuse("a request as " + string(t.To))
	}
	if t.ActiveAt != nil && t.To != access.StateActive {
		return refuse("since when access is there, by itself")
	}
	late := t.Overdue != nil && *t.Overdue
	if t.Problem != nil && *t.Problem != "" && !late && t.To != access.StateEnding && !t.To.Final() {
		return refuse("a problem by itself")
	}
	for _, e := range t.Events {
		if state := e.Kind.State(); !slices.Contains(recorded, e.Kind) || state != "" && state != t.To {
			return refuse("the event " + access.Clip(string(e.Kind), 60) + " by itself")
		}
		if !slices.Contains(recordedKeys, e.Key) && !isExtension(e.Key) {
			return refuse("an event with the key " + access.Clip(e.Key, 60))
		}
	}
	return nil
}

// recordContradiction makes the attempt visible, once for each thing that somebody
// tried to have recorded. An error of the ledger is dropped: the refusal is already
// on its way to the caller.
func (c *Control) recordContradiction(ctx context.Context, in access.Transition, cause error) {
	now, message := clock.Now().UTC(), access.Clip(cause.Error(), 300)
	act := access.ActRecord.Of(string(in.To))
	_ = c.Ledger.Advance(ctx, access.Transition{RequestID: in.RequestID, At: now, Events: []access.Event{{
		At: now, Kind: access.EventActRefused, Actor: access.ActorTemporal, Message: message, Key: access.KeyRefused(act, message),
		Detail: map[string]string{"act": string(act), "code": string(access.CodeOf(cause))}}}})
	c.raise(ctx, reconcile.Alarm{At: now, RequestID: in.RequestID, Message: "refused to record: " + message})
}

func (c *Control) raise(ctx context.Context, a reconcile.Alarm) {
	if c.Alarms != nil {
		c.Alarms.Raise(ctx, a)
	}
}
