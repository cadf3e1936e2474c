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

// remedy applies the remedies, the earliest end first, and returns the findings
// that were still true when they were read again.
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
			stillWrong, err := r.apply(ctx, runs[f.RequestID], &f)
			if !stillWrong && err == nil {
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

// apply applies one remedy. It reports false if there was nothing to put right any
// more.
func (r *Reconciler) apply(ctx context.Context, run RunStatus, f *Finding) (stillWrong bool, err error) {
	switch f.Remedy {
	case CloseGrant:
		return r.close(ctx, run, f)
	case Restore:
		return r.restore(ctx, f)
	case RecordOnly:
		return r.recordVanished(ctx, f)
	case Correct:
		return r.correct(ctx, f)
	default:
		return r.Ledger.Conclude(ctx, f.RequestID, outcome(*f, r.now()), r.now(), f.Why)
	}
}

// close revokes the grant that a finding is about.
func (r *Reconciler) close(ctx context.Context, run RunStatus, f *Finding) (stillWrong bool, err error) {
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
	over := run == RunClosed || run == RunMissing
	// What pages call over is shown as ending while it is being closed: by its
	// workflow, or by the next look, which finds that there is none. Where neither
	// will, it stays as it is, and so is found again if it cannot be closed now.
	if f.Kind == Contradicted && (over || r.requestEnd(ctx, f, "over in the ledger, and not closed")) {
		if _, err := r.Ledger.Reopen(ctx, f.RequestID, r.now(), f.Why); ignoreNotFound(err) != nil {
			return true, err
		}
	}
	// Where no workflow ends the request, this does. It is recorded as ending
	// first, so that nothing more is opened for it meanwhile.
	noWorkflow := f.Kind == Live || f.Kind == Lost || f.Kind == Stopped || ((f.Kind == Overdue || f.Kind == Contradicted) && (r.Runs == nil || over))
	if noWorkflow {
		if err := r.recordEnding(ctx, f, ""); err != nil {
			return true, err
		}
	}
	if err := r.RevokeAndVerify(ctx, g); err != nil {
		return true, r.recordOverdue(ctx, f, err)
	}
	if f.Kind == Forged {
		r.requestEnd(ctx, f, "not what was approved, and closed")
	}
	if err := r.Ledger.AppendEvent(ctx, r.event(*f, access.EventGrantSwept, f.Why)); err != nil {
		return true, err
	}
	if noWorkflow {
		_, err = r.Ledger.Conclude(ctx, f.RequestID, outcome(*f, r.now()), r.now(), f.Why+" The reconciler ended it.")
	}
	return true, ignoreNotFound(err)
}

// recordOverdue records that a grant cannot be closed past its bound, and raises
// an alarm. The request is then overdue; it is never taken for ended.
func (r *Reconciler) recordOverdue(ctx context.Context, f *Finding, cause error) error {
	if !f.late {
		return cause
	}
	message := fmt.Sprintf("%s is not proven closed: %s; Ramp keeps trying", f.Grant, access.Clip(cause.Error(), 200))
	if err := r.recordEnding(ctx, f, message); err != nil {
		r.log().WithError(err).WithField("request", f.RequestID).Error("a request is overdue, and that could not be recorded")
	}
	if r.Alarms != nil {
		r.Alarms.Raise(ctx, Alarm{At: r.now(), RequestID: f.RequestID, Target: f.Target, Grant: f.Grant, Message: message})
	}
	return cause
}

// recordEnding records that a request is ending, and that it is overdue if there
// is a problem. The events have the same keys as the workflow's, so that each is
// recorded once, no matter who records it first.
func (r *Reconciler) recordEnding(ctx context.Context, f *Finding, problem string) error {
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

// restore makes a grant on the target what was approved. A grant that cannot be
// restored is closed, and its workflow is asked to end the request.
func (r *Reconciler) restore(ctx context.Context, f *Finding) (stillWrong bool, err error) {
	row, open, err := r.row(ctx, f.Grant)
	if err != nil || !open {
		return false, err
	}
	if !row.ExpiresAt.Equal(*f.ExpiresAt) {
		// It was extended meanwhile, or its end was ordered. The ledger is always written
		// first: after an extension its end is at least as late as the one that the target
		// listed.
		if f.Differences, err = r.Broker.Drift(ctx, row.Grant); err != nil || len(f.Differences) == 0 {
			return false, err
		}
	}
	// Whatever was compared may have been half closed. The orders are read after it.
	if ending, err := r.ending(ctx, row); err != nil || ending {
		return false, err
	}
	if err := r.Ledger.AppendEvent(ctx, r.event(*f, access.EventGrantDrifted, strings.Join(f.Differences, "; "))); err != nil {
		return true, err
	}
	for restored := row; ; {
		// Restoring a forged row would open what nobody approved.
		if err = r.verifyGrant(ctx, restored); err == nil {
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
			// It may have been revoked between the reading and the restoring.
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

// requestEnd asks the workflow of a grant that is closed to end its request, and
// reports whether it will.
func (r *Reconciler) requestEnd(ctx context.Context, f *Finding, why string) (told bool) {
	if r.Runs == nil {
		return false
	}
	if err := r.Runs.RequestEnd(ctx, f.RequestID, why); err != nil {
		r.log().WithError(err).WithField("request", f.RequestID).Warn("a grant is closed, and its workflow could not be asked to end the request")
		return false
	}
	return true
}

// recordVanished records, once, that somebody removed a grant on the target.
func (r *Reconciler) recordVanished(ctx context.Context, f *Finding) (stillWrong bool, err error) {
	row, open, err := r.row(ctx, f.Grant)
	if err != nil || !open {
		return false, err
	}
	p, err := r.Broker.Inspect(ctx, row.Grant)
	if err != nil || p.Open {
		return false, err
	}
	if ending, err := r.ending(ctx, row); err != nil || ending {
		return false, err
	}
	e := r.event(*f, access.EventGrantDrifted, f.Why)
	e.Key = "vanished " + f.Grant
	return true, r.Ledger.AppendEvent(ctx, e)
}

// ending reports whether the end of a grant has come since the snapshot was taken: its
// time is over, or an order brought it forward. What the target has of it is then its
// workflow's, which is closing it; if that does not, a later look finds so.
func (r *Reconciler) ending(ctx context.Context, row ledger.GrantRecord) (bool, error) {
	if !r.now().Before(row.ExpiresAt) {
		return true, nil
	}
	ends, err := r.Ledger.EndOrders(ctx)
	if err != nil {
		return false, err
	}
	if order, ordered := ends[row.RequestID]; ordered {
		// The order may be later than the reading of the row.
		if row, _, err = r.row(ctx, row.Name); err != nil {
			return false, err
		}
		return endedBy(order, row), nil
	}
	return false, nil
}

// row reads a grant's row again, and reports whether it is not closed.
func (r *Reconciler) row(ctx context.Context, name string) (ledger.GrantRecord, bool, error) {
	rows, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Names: []string{name}})
	if err != nil || len(rows) == 0 {
		return ledger.GrantRecord{}, false, err
	}
	return rows[0], rows[0].Status != ledger.GrantClosed, nil
}

// event makes an event of a finding. Its key names the minute, so that two
// reconcilers that find the same at once record it once.
func (r *Reconciler) event(f Finding, kind access.EventKind, message string) access.Event {
	return access.Event{At: r.now(), RequestID: f.RequestID, Kind: kind, Actor: access.ActorReconciler, Message: message,
		Detail: map[string]string{"grant": f.Grant, "target": f.Target, "finding": string(f.Kind)},
		Key:    fmt.Sprintf("%s %s %s %d", kind, f.Kind, f.Grant, r.now().Truncate(time.Minute).Unix())}
}

// logFinding logs a finding: as a warning if it was put right, since something else
// failed before, and as an error if it was not.
func (r *Reconciler) logFinding(_ context.Context, f Finding) {
	log := r.log().WithFields(map[string]any{"finding": f.Kind, "remedy": f.Remedy, "request": f.RequestID, "grant": f.Grant, "target": f.Target})
	if f.Error != "" {
		log.WithField("cause", f.Error).Error("a finding was not put right: " + f.Why)
		return
	}
	log.Warn("a finding was put right: " + f.Why)
}

// correct gives a request the state again that the log says, and raises an alarm. A
// row that is gone cannot be given back: that stays a finding.
func (r *Reconciler) correct(ctx context.Context, f *Finding) (stillWrong bool, err error) {
	e := r.event(*f, access.EventRecordAltered, f.Why)
	changed, err := r.Ledger.RestoreState(ctx, f.RequestID, e)
	switch {
	case access.CodeOf(err) == access.CodeNotFound:
		e.Key = access.KeyAltered(f.Why)
		if err := r.Ledger.AppendEvent(ctx, e); err != nil {
			return true, err
		}
		err = access.Errorf(access.CodeNotFound, "its row is gone from the ledger and cannot be restored")
	case err != nil || !changed:
		return false, err
	}
	if r.Alarms != nil {
		r.Alarms.Raise(ctx, Alarm{At: r.now(), RequestID: f.RequestID, Message: "somebody else than Ramp has written to the ledger: " + f.Why})
	}
	return true, err
}

// outcome returns why access ended that no workflow ended: at its time, or before.
func outcome(f Finding, now time.Time) access.Outcome {
	switch {
	case f.ordered != "":
		return f.ordered
	case f.State == access.StateGranting:
		return access.OutcomeFailed
	case f.ExpiresAt == nil || now.Before(*f.ExpiresAt):
		return access.OutcomeRevoked
	}
	return access.OutcomeExpired
}

// ignoreNotFound drops the error of a request that is not in the ledger: there is
// nothing to record it in.
func ignoreNotFound(err error) error {
	if access.CodeOf(err) == access.CodeNotFound {
		return nil
	}
	return err
}
