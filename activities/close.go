package activities

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/internal/failpoint"
)

// CloseGrant revokes one grant and proves that it is gone. It needs the name alone,
// asks for no evidence, and every error of it is retried: there is no state of
// the world in which Ramp stops trying to close. Idempotent.
func (t *Targets) CloseGrant(ctx context.Context, in api.CloseGrantInput) error {
	defer heartbeat(ctx)()
	return api.ToTemporalRetryable(t.closeAndRecord(ctx, in))
}

// recordWithin is how long closing waits for the ledger to take note. A ledger
// that is down must not keep access open.
const recordWithin = 250 * time.Millisecond

// closeAndRecord closes, and records before and after what that means for the request.
// From the first on the ledger lets nothing be opened for it any more, so that
// nobody can between revoking and reading back.
func (t *Targets) closeAndRecord(ctx context.Context, in api.CloseGrantInput) error {
	soon, cancel := context.WithTimeout(ctx, recordWithin)
	told := t.recordTransition(soon, in.Ending)
	cancel()
	g := access.Grant{Name: in.Grant, RequestID: in.RequestID, Target: in.Target, Principal: in.Principal, ExpiresAt: in.Due}
	if err := t.RevokeAndVerify(ctx, g); err != nil {
		return err
	}
	if told != nil {
		if err := t.recordTransition(ctx, in.Ending); err != nil {
			return err
		}
	}
	if in.Ended == nil {
		return nil
	}
	ended := *in.Ended
	ended.At, ended.Events = t.now(), slices.Clone(ended.Events)
	for i := range ended.Events {
		ended.Events[i].At = ended.At
	}
	return t.recordTransition(ctx, &ended)
}

// recordTransition records a step, if there is one. A request that the ledger does not know
// is closed all the same; the reconciler reports it.
func (t *Targets) recordTransition(ctx context.Context, step *access.Transition) error {
	if step == nil {
		return nil
	}
	err := t.Ledger.Advance(ctx, *step)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil
	}
	return err
}

// RevokeAndVerify is Close outside of an activity, and records nothing of the request: for
// the reconciler, which may act with no Temporal at all. It takes no more of g
// than names; its end is only its place in the queue.
func (t *Targets) RevokeAndVerify(ctx context.Context, g access.Grant) error {
	started := t.now()
	// The target comes before the ledger: a ledger that is down must not keep
	// access open.
	if err := t.Broker.Revoke(ctx, g); err != nil {
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
	if err = t.storeClosedReceipt(ctx, g, p); err == nil {
		err = t.Ledger.MarkClosed(ctx, g.Name, t.now())
	}
	if access.CodeOf(err) == access.CodeNotFound {
		return nil // refused before it was ever intended
	}
	if err == nil {
		t.observeLag(ctx, g)
	}
	return err
}

// observeLag tells how long after its end a grant that was not ended early is
// gone. Reading it costs little beside closing it, and a failure loses a figure.
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

// awaitConsistency waits until a read can be believed. Within a target's consistency
// window after a grant, "not found" may mean "not yet", and the grant may still
// surface; so it is revoked once more when the window is over.
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

// heartbeat tells Temporal that the activity is alive, so that a worker that dies
// in the middle is noticed within the heartbeat timeout rather than the whole.
func heartbeat(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { close(done) }
}
