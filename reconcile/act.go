package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// remedy applies the remedies, the earliest end first, and answers what was found
// to be true when it was looked at again.
func (r *Reconciler) remedy(ctx context.Context, runs map[string]RunStatus, findings []Finding) []Finding {
	out := make([]*Finding, len(findings))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range findings {
		if r.DryRun {
			out[i] = &findings[i]
			continue
		}
		group.Go(func() error {
			f := findings[i]
			still, err := r.apply(ctx, runs[f.RequestID], &f)
			if !still && err == nil {
				return nil // it was put right meanwhile
			}
			f.Done = err == nil
			if err != nil {
				f.Error = err.Error()
			}
			out[i] = &f
			r.logFinding(ctx, f)
			return nil
		})
	}
	_ = group.Wait() // none fails
	kept := []Finding{}
	for _, f := range out {
		if f != nil {
			kept = append(kept, *f)
		}
	}
	return kept
}

// apply reports false if there was nothing to put right any more.
func (r *Reconciler) apply(ctx context.Context, run RunStatus, f *Finding) (still bool, err error) {
	switch f.Remedy {
	case CloseGrant:
		return r.close(ctx, run, f)
	case Restore:
		return r.restore(ctx, f)
	case RecordOnly:
		return r.recordVanished(ctx, f)
	default:
		return r.Ledger.Conclude(ctx, f.RequestID, outcome(*f, r.now()), r.now(), f.Why)
	}
}

// close ends what a finding is about.
func (r *Reconciler) close(ctx context.Context, run RunStatus, f *Finding) (still bool, err error) {
	g := access.Grant{Name: f.Grant, RequestID: f.RequestID, Target: f.Target}
	if f.Kind == Orphan || f.Kind == Returned {
		p, err := r.Broker.Inspect(ctx, g)
		if err == nil && p.Gone() {
			return false, nil
		}
	} else {
		row, open, err := r.row(ctx, f.Grant)
		if err != nil || !open {
			return false, err
		}
		g = row.Grant
	}
	// Nobody but Ramp's ledger and this function ends it: then it is said first,
	// so that nothing more is opened for the request meanwhile.
	ours := f.Kind == Live || f.Kind == Lost || (f.Kind == Overdue && (r.Runs == nil || run == RunClosed || run == RunMissing))
	if ours {
		if err := r.ending(ctx, f, ""); err != nil {
			return true, err
		}
	}
	if err := r.RevokeAndVerify(ctx, g); err != nil {
		return true, r.late(ctx, f, err)
	}
	if f.Kind == Forged {
		r.requestEnd(ctx, f, "not what was approved, and closed")
	}
	if err := r.Ledger.AppendEvent(ctx, r.event(*f, access.EventGrantSwept, f.Why)); err != nil {
		return true, err
	}
	if ours {
		_, err = r.Ledger.Conclude(ctx, f.RequestID, outcome(*f, r.now()), r.now(), f.Why+" The reconciler ended it.")
	}
	return true, ignoreNotFound(err)
}

// late tells that something cannot be closed. Past its bound that is an alarm,
// and the request is shown as overdue; it is never taken for ended.
func (r *Reconciler) late(ctx context.Context, f *Finding, cause error) error {
	if !f.late {
		return cause
	}
	message := fmt.Sprintf("%s is not proven closed: %s; Ramp keeps trying", f.Grant, access.Clip(cause.Error(), 200))
	if err := r.ending(ctx, f, message); err != nil {
		r.log().WithError(err).WithField("request", f.RequestID).Error("overdue, and not recorded")
	}
	if r.Alarms != nil {
		r.Alarms.Raise(ctx, Alarm{At: r.now(), RequestID: f.RequestID, Target: f.Target, Grant: f.Grant, Message: message})
	}
	return cause
}

// ending writes down that a request is ending, and that it is overdue if there
// is a problem. Events have the keys that the workflow's own have: whoever tells
// them, they are told once.
func (r *Reconciler) ending(ctx context.Context, f *Finding, problem string) error {
	step := access.Transition{RequestID: f.RequestID, To: access.StateEnding, Outcome: outcome(*f, r.now()), At: r.now()}
	e := r.event(*f, access.EventAccessEnding, f.Why)
	e.Key, e.Detail["outcome"] = access.KeyEnding, string(step.Outcome)
	step.Events = []access.Event{e}
	if problem != "" {
		yes := true
		step.Overdue, step.Problem = &yes, &problem
		overdue := r.event(*f, access.EventAccessOverdue, problem)
		overdue.Key = access.KeyOverdue
		step.Events = append(step.Events, overdue)
	}
	return ignoreNotFound(r.Ledger.Advance(ctx, step))
}

// restore makes a grant what it should be. One that cannot be is closed, and its
// workflow is asked to end the request.
func (r *Reconciler) restore(ctx context.Context, f *Finding) (still bool, err error) {
	row, open, err := r.row(ctx, f.Grant)
	if err != nil || !open {
		return false, err
	}
	if !row.ExpiresAt.Equal(*f.ExpiresAt) {
		// It was extended meanwhile: the ledger is always told first, so what it
		// says now is at least as late as what the target said.
		if f.Differences, err = r.Broker.Drift(ctx, row.Grant); err != nil || len(f.Differences) == 0 {
			return false, err
		}
	}
	if err := r.Ledger.AppendEvent(ctx, r.event(*f, access.EventGrantDrifted, strings.Join(f.Differences, "; "))); err != nil {
		return true, err
	}
	for restored := row; ; {
		// To restore a row that somebody wrote would be to open what nobody approved.
		if err = r.verifyGrant(ctx, restored.Grant); err == nil {
			err = r.Broker.Restore(ctx, restored.Grant)
		}
		if code := access.CodeOf(err); code == access.CodeUnavailable || code == access.CodeThrottled {
			return true, err
		}
		if err != nil {
			break
		}
		if row, open, err = r.row(ctx, f.Grant); err != nil {
			return true, err
		}
		if !open {
			// A revoke may have passed between looking and writing.
			return true, r.RevokeAndVerify(ctx, row.Grant)
		}
		if row.ExpiresAt.Equal(restored.ExpiresAt) {
			return true, nil
		}
		restored = row
	}
	f.Remedy, f.Why = CloseGrant, f.Why+" It could not be put right: "+access.Clip(err.Error(), 200)
	if err := r.RevokeAndVerify(ctx, row.Grant); err != nil {
		return true, err
	}
	r.requestEnd(ctx, f, "changed on the target by somebody else, and closed")
	return true, r.Ledger.AppendEvent(ctx, r.event(*f, access.EventGrantSwept, f.Why))
}

// requestEnd asks the workflow of what was closed to end its request.
func (r *Reconciler) requestEnd(ctx context.Context, f *Finding, why string) {
	if r.Runs == nil {
		return
	}
	if err := r.Runs.RequestEnd(ctx, f.RequestID, why); err != nil {
		r.log().WithError(err).WithField("request", f.RequestID).Warn("closed; its workflow does not know yet")
	}
}

// recordVanished records, once, what somebody took away.
func (r *Reconciler) recordVanished(ctx context.Context, f *Finding) (still bool, err error) {
	row, open, err := r.row(ctx, f.Grant)
	if err != nil || !open {
		return false, err
	}
	p, err := r.Broker.Inspect(ctx, row.Grant)
	if err != nil || p.Open {
		return false, err
	}
	e := r.event(*f, access.EventGrantDrifted, f.Why)
	e.Key = "vanished " + f.Grant
	return true, r.Ledger.AppendEvent(ctx, e)
}

// row is a grant's row as it is now, and whether it is not closed.
func (r *Reconciler) row(ctx context.Context, name string) (ledger.GrantRecord, bool, error) {
	rows, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Names: []string{name}})
	if err != nil || len(rows) == 0 {
		return ledger.GrantRecord{}, false, err
	}
	return rows[0], rows[0].Status != ledger.GrantClosed, nil
}

// event is about a finding. Two reconcilers that find the same in one minute
// tell it once.
func (r *Reconciler) event(f Finding, kind access.EventKind, message string) access.Event {
	return access.Event{At: r.now(), RequestID: f.RequestID, Kind: kind, Actor: access.ActorReconciler, Message: message,
		Detail: map[string]string{"grant": f.Grant, "target": f.Target, "finding": string(f.Kind)},
		Key:    fmt.Sprintf("%s %s %s %d", kind, f.Kind, f.Grant, r.now().Truncate(time.Minute).Unix())}
}

// logFinding writes to the log. What was closed in time by nobody else is worth a
// look; what could not be closed needs one.
func (r *Reconciler) logFinding(_ context.Context, f Finding) {
	log := r.log().WithFields(map[string]any{"finding": f.Kind, "remedy": f.Remedy, "request": f.RequestID, "grant": f.Grant, "target": f.Target})
	if f.Error != "" {
		log.WithField("cause", f.Error).Error("found, and not put right: " + f.Why)
		return
	}
	log.Warn("found: " + f.Why)
}

// outcome is why access ended that no workflow ended: at its time, or before.
func outcome(f Finding, now time.Time) access.Outcome {
	switch {
	case f.State == access.StateGranting:
		return access.OutcomeFailed
	case f.ExpiresAt == nil || now.Before(*f.ExpiresAt):
		return access.OutcomeRevoked
	}
	return access.OutcomeExpired
}

// ignoreNotFound: a request that the ledger does not know has nothing to be
// written to.
func ignoreNotFound(err error) error {
	if access.CodeOf(err) == access.CodeNotFound {
		return nil
	}
	return err
}
