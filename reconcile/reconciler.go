package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/ledger"
)

// Ledger is what a Reconciler needs of the ledger.
type Ledger interface {
	Grants(context.Context, ledger.GrantFilter) ([]ledger.GrantRecord, error)
	Unfinished(context.Context) ([]ledger.Unfinished, error)
	EndOrders(context.Context) (map[string]access.EndOrder, error)
	Advance(context.Context, access.Transition) error
	Conclude(ctx context.Context, id string, outcome access.Outcome, at time.Time, why string) (bool, error)
	AppendEvent(context.Context, access.Event) error
	Contradicted(ctx context.Context, target string) ([]string, error)
	Reopen(ctx context.Context, id string, at time.Time, why string) (bool, error)
	Misstated(context.Context) ([]ledger.Misstated, error)
	RestoreState(ctx context.Context, id string, e access.Event) (bool, error)
}

// Runs asks Temporal about the workflows of requests.
type Runs interface {
	// ListRunning returns the requests whose workflows are listed as running; those
	// of one target at least, if it is named. The list is eventually consistent, so it
	// only decides which workflows need to be described.
	ListRunning(ctx context.Context, target string) (map[string]bool, error)
	// Describe returns the status of one workflow. It is consistent.
	Describe(ctx context.Context, requestID string) (RunStatus, error)
	// RequestEnd asks one workflow to end its request.
	RequestEnd(ctx context.Context, requestID, reason string) error
}

// Alarm is something that a person must hear of.
type Alarm struct {
	At        time.Time
	RequestID string
	Target    string
	Grant     string
	Message   string
}

// Alarms carries alarms to people. Raise does not block for long, and may be
// called again with the same alarm.
type Alarms interface{ Raise(context.Context, Alarm) }

// Reconciler takes a snapshot, finds what is wrong in it, and puts it right. It
// is safe beside workflows, beside `ramp sweep` and beside itself: every remedy is
// idempotent, and what it is applied to is read again just before.
type Reconciler struct {
	Broker *integrations.Broker
	Ledger Ledger
	// RevokeAndVerify revokes a grant, reads back that it is gone, and marks its row.
	RevokeAndVerify func(context.Context, access.Grant) error
	// VerifyGrant verifies that what the ledger says of an open grant was approved;
	// its error is CodeEvidence if it was not, and CodeConflict if somebody has ended
	// or denied it since. nil skips the verification.
	VerifyGrant func(context.Context, access.Grant) error
	Runs        Runs // nil: there is no Temporal to ask
	// Redeliver sends a request's recorded decisions to its workflow again, which takes
	// those that it does not have; nil sends none.
	Redeliver  func(ctx context.Context, requestID string) error
	Alarms     Alarms
	Log        logrus.FieldLogger
	Now        func() time.Time // nil: the real clock
	DryRun     bool             // finds, and changes nothing
	RevokeLive bool             // revokes live access, too
}

// Report is the result of one look at a target, or at the requests.
type Report struct {
	Target   string    `json:"target,omitempty"`
	Grants   int       `json:"grants"` // not closed, in the ledger
	Found    int       `json:"found"`  // on the target
	Findings []Finding `json:"findings"`
	// Unlisted says why a part of the target could not be looked at; what it did show was
	// compared all the same.
	Unlisted string `json:"unlisted,omitempty"`
}

// Unresolved returns how many findings were not put right; a part of the target that could not
// be looked at is one.
func (r Report) Unresolved() int {
	n := 0
	if r.Unlisted != "" {
		n++
	}
	for _, f := range r.Findings {
		if !f.Done {
			n++
		}
	}
	return n
}

const (
	concurrency    = 8  // calls at once on one target
	maxComparisons = 50 // grants compared in detail in one look
)

func (r *Reconciler) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return clock.Now().UTC()
}

// ReconcileTarget compares one target with the ledger and the workflows, and puts
// right what is wrong. A remedy that fails is reported in its finding; an error
// means that no snapshot could be taken.
func (r *Reconciler) ReconcileTarget(ctx context.Context, target string) (Report, error) {
	s, err := r.observe(ctx, target)
	if unlisted := (*integrations.Unlisted)(nil); err != nil && !errors.As(err, &unlisted) {
		return Report{Target: target}, err
	}
	findings := Diff(s)
	findings = append(findings, r.compare(ctx, s, HealthyGrants(s, findings))...)
	report := Report{Target: target, Found: len(s.Found), Findings: r.remedy(ctx, s.Runs, findings)}
	if err != nil {
		report.Unlisted = access.Clip(err.Error(), 300)
		r.log().WithError(err).WithField("target", target).Error("a part of a target could not be looked at; the rest was")
	}
	for _, row := range s.Rows {
		if row.Status != ledger.GrantClosed && row.Target == target {
			report.Grants++
		}
	}
	// Last: what it notes is for the record, and puts nothing right.
	if !r.DryRun {
		if err := r.Broker.WatchUsage(ctx, target); err != nil {
			r.log().WithError(err).WithField("target", target).Warn("cannot note what is in use on a target; how its access is used is not known for this time")
		}
	}
	return report, nil
}

// ReconcileRequests ends the requests that have nothing open and that no workflow
// will end. What a request still has open is ended by the reconciling of targets. Those
// of which the ledger's table says another state than its log get the log's again.
func (r *Reconciler) ReconcileRequests(ctx context.Context) (Report, error) {
	misstated, err := r.Ledger.Misstated(ctx)
	if err != nil {
		return Report{}, err
	}
	restored := r.remedy(ctx, nil, misstatements(misstated))
	all, err := r.Ledger.Unfinished(ctx)
	if err != nil {
		return Report{}, err
	}
	var runs map[string]RunStatus
	if r.Runs != nil {
		runs, err = r.queryRuns(ctx, "", func(listed map[string]bool) (ids []string) {
			for _, u := range all {
				if !listed[u.ID] {
					ids = append(ids, u.ID)
				}
			}
			return ids
		})
		if err != nil {
			return Report{}, err
		}
	}
	r.redeliver(ctx, all)
	return Report{Findings: append(restored, r.remedy(ctx, runs, StuckRequests(r.now(), concludeAfter, all, runs))...)}, nil
}

// redeliver sends recorded decisions to the workflows of requests that are undecided,
// or not opened yet. A decision is recorded before its workflow has taken it for good:
// where Temporal or the worker dies in between, only the ledger has it.
func (r *Reconciler) redeliver(ctx context.Context, all []ledger.Unfinished) {
	if r.Redeliver == nil || r.DryRun {
		return
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, u := range all {
		if u.Decided && (u.State == access.StatePending || u.State == access.StateApproved) {
			group.Go(func() error {
				if err := r.Redeliver(ctx, u.ID); err != nil {
					r.log().WithError(err).WithField("request", u.ID).Warn("recorded decisions could not be sent to their workflow again")
				}
				return nil
			})
		}
	}
	_ = group.Wait() // none fails
}

// concludeAfter is how long after its end a request whose grants are all closed
// may take to be ended by its own workflow, where no Temporal can be asked.
const concludeAfter = time.Minute

func (r *Reconciler) log() logrus.FieldLogger {
	if r.Log != nil {
		return r.Log
	}
	return logrus.StandardLogger()
}
