package activities

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// CloseGrant revokes one grant and reads back that it is gone. It needs the name
// alone, asks for no signed statement, and every error of it is retried: whatever
// goes wrong, Ramp goes on trying to close. Idempotent.
func (t *Targets) CloseGrant(ctx context.Context, in api.CloseGrantInput) error {
	defer heartbeat(ctx)()
	return api.ToTemporalRetryable(t.closeAndRecord(ctx, in))
}

// recordWithin is how long closing waits for the ledger. A ledger that is down must
// not keep access open.
const recordWithin = 250 * time.Millisecond

// closeAndRecord closes a grant, and records before that its request is ending and
// after that it has ended. Once the request is recorded as ending, the ledger lets
// nothing be opened for it, so that nobody can between revoking and reading back.
func (t *Targets) closeAndRecord(ctx context.Context, in api.CloseGrantInput) error {
	g := access.Grant{Name: in.Grant, RequestID: in.RequestID, Target: in.Target, Principal: in.Principal, ExpiresAt: in.Due}
	ending, ended := recordableSteps(in)
	steps := append(ending[:len(ending):len(ending)], ended...)
	soon, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	if p, closed := t.closedByAnother(ctx, soon, g); closed {
		if err := t.recordAgain(ctx, g, p); err != nil {
			return err
		}
		return t.markClosed(ctx, g, steps)
	}
	if len(ending) > 0 && t.recordTransition(soon, ending[0]) == nil {
		steps = ended
	}
	return t.closeGrant(ctx, g, steps...)
}

// recordableSteps returns what is recorded with a closing: that the request is ending,
// and that it has ended.
func recordableSteps(in api.CloseGrantInput) (ending, ended []access.Transition) {
	if in.End != nil {
		begun := in.End.Transition(in.RequestID)
		in.Ending = &begun
		if in.OnlyGrant {
			over := access.Ended(in.RequestID, in.End.Outcome, in.End.At)
			in.Ended = &over
		}
	}
	return recordableStep(in.Ending, in.RequestID), recordableStep(in.Ended, in.RequestID)
}

// recordableStep returns what workflows record with a closing, for the request whose
// grant is closed: none of anything else, which is closed all the same.
func recordableStep(step *access.Transition, requestID string) []access.Transition {
	if step == nil || checkRecordable(*step) != nil {
		return nil
	}
	own := *step
	own.RequestID = requestID
	return []access.Transition{own}
}

// closedByAnother reports whether somebody else has closed a grant: the closer,
// mostly, when many end at once. Only the target proves it; what the ledger says, if
// it does so soon, makes it worth asking.
func (t *Targets) closedByAnother(ctx, soon context.Context, g access.Grant) (p access.ReadBack, closed bool) {
	row, err := t.grantRow(soon, g.RequestID, g.Name)
	if err != nil || row.Status != ledger.GrantClosed {
		return p, false
	}
	p, err = t.Broker.Inspect(ctx, g)
	return p, err == nil && p.Gone()
}

// recordAgain records, once, that a person has what a grant gave, and not by the grant, which
// was read back as gone before: whoever comes to close it once more leaves that alone, and
// nobody else would hear of it.
func (t *Targets) recordAgain(ctx context.Context, g access.Grant, p access.ReadBack) error {
	if !p.Again {
		return nil
	}
	err := t.Ledger.AppendEvent(ctx, access.Event{At: t.now(), RequestID: g.RequestID, Kind: access.EventGrantDrifted, Actor: access.ActorRamp,
		Key: "again " + g.Name, Detail: map[string]string{"grant": g.Name, "target": g.Target},
		Message: "The grant had ended and was read back as gone, and the person has the same again: somebody else has given it since, and Ramp leaves it."})
	if access.CodeOf(err) == access.CodeNotFound { // the ledger has no such request
		return nil
	}
	return err
}

// recordTransition records a transition. The access of a request
// that is not in the ledger is closed all the same; the reconciler reports it. So is
// that of one of which the ledger has something that contradicts the transition: an
// older ledger that was restored, or a grant that is not of the plan. The reconciler
// ends what is left.
func (t *Targets) recordTransition(ctx context.Context, transition access.Transition) error {
	err := t.Ledger.Advance(ctx, transition)
	if code := access.CodeOf(err); code == access.CodeNotFound || code == access.CodeConflict {
		return nil
	}
	return err
}

// RevokeAndVerify revokes a grant, reads back that it is gone, and marks it closed
// in the ledger. It records nothing of the request. The reconciler uses it too,
// with no Temporal at all. Of g it needs the names; its end only decides its place
// in the queue of the target.
func (t *Targets) RevokeAndVerify(ctx context.Context, g access.Grant) error {
	return t.closeGrant(ctx, g)
}

// closeGrant is RevokeAndVerify, and records what follows from it for the request.
// No matter who closes the same grant in this worker meanwhile, the target is asked once.
// That is the same target: anybody who writes to Temporal can have it closed on another one,
// and nobody waits for that, or takes it for this (docs/threats.md, case 156).
func (t *Targets) closeGrant(ctx context.Context, g access.Grant, steps ...access.Transition) error {
	led, err := t.closing.do(ctx, g.Target+" "+g.Name, func() error { return t.revokeAndVerify(ctx, g, steps) })
	if err != nil || led || len(steps) == 0 {
		return err
	}
	return t.markClosed(ctx, g, steps)
}

func (t *Targets) revokeAndVerify(ctx context.Context, g access.Grant, steps []access.Transition) error {
	started := t.now()
	usage := t.usage.before(ctx, t.Broker, g)
	// The target comes before the ledger: a ledger that is down must not keep
	// access open.
	if err := t.Broker.Revoke(ctx, g); err != nil {
		if t.Broker.Disabled(g.Target) != nil && t.neverBegun(ctx, g) {
			return t.markClosed(ctx, g, steps)
		}
		t.recordNotEnded(ctx, g, err)
		return err
	}
	failpoint.Here(failpoint.CloseRevoked)
	if err := t.awaitConsistency(ctx, g, started); err != nil {
		return err
	}
	p, err := t.Broker.Inspect(ctx, g)
	if err != nil {
		return err
	}
	if !p.Gone() {
		return access.Errorf(access.CodeUnavailable, "%s is still there after revoking (open: %t, sessions: %d)", g.Name, p.Open, p.Sessions)
	}
	if err := t.refuseElsewhere(ctx, g); err != nil {
		return err
	}
	if err := t.recordAgain(ctx, g, p); err != nil {
		return err
	}
	if after := t.Broker.Usage(ctx, g, true); after != nil {
		usage = after
	}
	recorded, err := t.closedReceipt(g, p, usage)
	if usage != nil {
		recorded = append(recorded, access.Transition{RequestID: g.RequestID, At: t.now(), Usage: usage})
	}
	if err == nil {
		err = t.markClosed(ctx, g, append(recorded, steps...))
	}
	if err != nil {
		return err
	}
	t.usage.forget(g.Name)
	t.observeLag(ctx, g)
	return nil
}

// refuseElsewhere returns an error of code conflict where a grant is open, by the plan that a
// server signed, on another target than the one on which nothing is left of it. Anybody who
// writes to Temporal can have it looked for there, and would have it count as ended
// (docs/threats.md, case 156). Where nobody signed a plan, there is nothing to go by.
func (t *Targets) refuseElsewhere(ctx context.Context, g access.Grant) error {
	id, _ := access.RequestIDFromGrantName(g.Name)
	b, err := t.Ledger.PlanEnvelope(ctx, id)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	signed, err := evidence.ReadEnvelope(b)
	if err != nil {
		return nil
	}
	plan, err := t.Keyring.VerifyPlan(signed)
	if err != nil || plan.RequestID != id {
		return nil
	}
	for _, planned := range plan.Grants {
		if planned.Name != g.Name || planned.Target == g.Target {
			continue
		}
		// Two targets may be one place under two names: what is closed already is not recorded again.
		if row, err := t.grantRow(ctx, id, g.Name); err == nil && row.Status == ledger.GrantClosed {
			return nil
		}
		return access.Errorf(access.CodeConflict, "%s is on %s by its plan; that nothing of it is on %s does not end it", g.Name, access.Clip(planned.Target, 60), access.Clip(g.Target, 60))
	}
	return nil
}

// markClosed marks a grant that was read back as gone, and records what follows for
// its request; that has ended now.
func (t *Targets) markClosed(ctx context.Context, g access.Grant, steps []access.Transition) error {
	now := t.now()
	for i, step := range steps {
		if !step.To.Final() {
			continue
		}
		steps[i].At, steps[i].Events = now, slices.Clone(step.Events)
		for n := range steps[i].Events {
			steps[i].Events[n].At = now
		}
	}
	err := t.Ledger.MarkClosed(ctx, g.Name, now, steps...)
	if access.CodeOf(err) == access.CodeConflict { // something of its request contradicts a step; closed it is
		err = t.Ledger.MarkClosed(ctx, g.Name, now, slices.DeleteFunc(slices.Clone(steps), func(s access.Transition) bool { return s.To != "" })...)
	}
	if access.CodeOf(err) != access.CodeNotFound {
		return err
	}
	// Opening was refused before the grant was written to the ledger; its request has
	// ended all the same. That nothing is left is not kept: where somebody has the grant
	// closed before it is opened, that would prove a later closing (docs/threats.md, case 164).
	for i := range steps {
		if steps[i].To == "" {
			continue
		}
		if err := t.recordTransition(ctx, steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// observeLag observes how long after its end a grant is gone that was not ended
// early. Errors are dropped: they lose one observation.
func (t *Targets) observeLag(ctx context.Context, g access.Grant) {
	if t.ObserveLag == nil {
		return
	}
	row, err := t.grantRow(ctx, g.RequestID, g.Name)
	if err != nil || row.ClosedAt == nil || row.ClosedAt.Before(row.ExpiresAt) {
		return
	}
	t.ObserveLag(g.Target, row.ClosedAt.Sub(row.ExpiresAt))
}

// awaitConsistency waits until a read is consistent. Within a target's consistency
// window after a grant, "not found" may mean "not yet", and the grant may still
// appear; so it is revoked once more when the window is over.
func (t *Targets) awaitConsistency(ctx context.Context, g access.Grant, started time.Time) error {
	bounds, err := t.Broker.Bounds(g.Target)
	if err != nil || bounds.Consistency == 0 {
		return err
	}
	since := started
	if row, err := t.grantRow(ctx, g.RequestID, g.Name); err == nil && row.OpenedAt != nil {
		since = *row.OpenedAt
	}
	wait := since.Add(bounds.Consistency).Sub(t.now())
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	return t.Broker.Revoke(ctx, g)
}
