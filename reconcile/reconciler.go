package reconcile

import (
	"context"
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
	Advance(context.Context, access.Transition) error
	Conclude(ctx context.Context, id string, outcome access.Outcome, at time.Time, why string) (bool, error)
	AppendEvent(context.Context, access.Event) error
}

// Runs says which requests' workflows run.
type Runs interface {
	// ListRunning lists the requests whose workflows seem to run; of one target, if it
	// is named. It may be late: it only says whom to ask about.
	ListRunning(ctx context.Context, target string) (map[string]bool, error)
	// Describe is the truth about one.
	Describe(ctx context.Context, requestID string) (RunStatus, error)
	// RequestEnd asks one to end its request.
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
// told the same alarm again.
type Alarms interface{ Raise(context.Context, Alarm) }

// Reconciler looks, judges and acts. It is safe beside workflows, beside `ramp
// sweep` and beside itself: every act is idempotent, and what it acts on is
// looked at again just before.
type Reconciler struct {
	Broker *integrations.Broker
	Ledger Ledger
	// RevokeAndVerify revokes a grant, reads back that it is gone, and marks its row.
	RevokeAndVerify func(context.Context, access.Grant) error
	// VerifyGrant verifies that what the ledger says of an open grant was approved;
	// CodeEvidence if it was not. nil: the ledger is believed.
	VerifyGrant func(context.Context, access.Grant) error
	Runs        Runs // nil: there is no Temporal to ask
	Alarms      Alarms
	Log         logrus.FieldLogger
	Now         func() time.Time // nil: the real clock
	DryRun      bool             // look and judge only
	RevokeLive  bool             // end live access, too
}

// Report is what one look at a target, or at the requests, came to.
type Report struct {
	Target   string    `json:"target,omitempty"`
	Grants   int       `json:"grants"` // not closed, in the ledger
	Found    int       `json:"found"`  // on the target
	Findings []Finding `json:"findings"`
}

// Unresolved is how many findings were not put right.
func (r Report) Unresolved() int {
	n := 0
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
	lookEvery      = 30 * time.Second
)

func (r *Reconciler) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return clock.Now().UTC()
}

// ReconcileTarget looks at one target and puts right what is wrong. A remedy that fails
// is told in its finding; an error means that nothing could be seen.
func (r *Reconciler) ReconcileTarget(ctx context.Context, target string) (Report, error) {
	v, err := r.observe(ctx, target)
	if err != nil {
		return Report{Target: target}, err
	}
	findings := Diff(v)
	findings = append(findings, r.compare(ctx, v, HealthyGrants(v, findings))...)
	report := Report{Target: target, Found: len(v.Found), Findings: r.remedy(ctx, v.Runs, findings)}
	for _, row := range v.Rows {
		if row.Status != ledger.GrantClosed && row.Target == target {
			report.Grants++
		}
	}
	return report, nil
}

// observe sees the target first, the ledger after it, and the workflows last.
func (r *Reconciler) observe(ctx context.Context, target string) (Snapshot, error) {
	v := Snapshot{Target: target, ListedAt: r.now(), RevokeLive: r.RevokeLive}
	var err error
	if v.Bounds, err = r.Broker.Bounds(target); err != nil {
		return v, err
	}
	if v.Found, err = r.Broker.List(ctx, target); err != nil {
		return v, err
	}
	if v.Rows, err = r.rows(ctx, target, v.Found); err != nil {
		return v, err
	}
	v.Now = r.now()
	if r.Runs != nil {
		v.Runs, err = r.queryRuns(ctx, target, func(seem map[string]bool) []string { return needDescribe(v.Rows, target, seem) })
	}
	return v, err
}

// rows are those of the target that are not closed, and those of all that was
// found.
func (r *Reconciler) rows(ctx context.Context, target string, found []integrations.ListedGrant) ([]ledger.GrantRecord, error) {
	rows, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Target: target, NotClosed: true})
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, row := range rows {
		have[row.Name] = true
	}
	var others []string
	for _, f := range found {
		if !have[f.Name] {
			have[f.Name] = true
			others = append(others, f.Name)
		}
	}
	for len(others) > 0 {
		n := min(len(others), 500)
		more, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Names: others[:n]})
		if err != nil {
			return nil, err
		}
		rows, others = append(rows, more...), others[n:]
	}
	return rows, nil
}

// queryRuns asks about the workflows that do not seem to run. One of which nothing
// is learnt stays unknown, from which nothing follows.
func (r *Reconciler) queryRuns(ctx context.Context, target string, whom func(seem map[string]bool) []string) (map[string]RunStatus, error) {
	seem, err := r.Runs.ListRunning(ctx, target)
	if err != nil {
		r.log().WithError(err).Warn("cannot list workflows; each is asked about by itself")
	}
	ids := whom(seem)
	answers := make([]RunStatus, len(ids))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, id := range ids {
		group.Go(func() error {
			run, err := r.Runs.Describe(ctx, id)
			if err != nil {
				r.log().WithError(err).WithField("request", id).Warn("cannot ask about a workflow")
				return nil
			}
			answers[i] = run
			return nil
		})
	}
	_ = group.Wait() // none fails
	runs := map[string]RunStatus{}
	for i, id := range ids {
		runs[id] = answers[i]
	}
	return runs, ctx.Err()
}

// compare looks at healthy grants in detail, some of them at each look: a
// target answers a few calls for each, and has others to serve.
func (r *Reconciler) compare(ctx context.Context, v Snapshot, healthy []ledger.GrantRecord) []Finding {
	rounds := (len(healthy) + maxComparisons - 1) / maxComparisons
	if rounds > 1 {
		from := int(v.Now.Unix()/int64(lookEvery/time.Second)) % rounds * maxComparisons
		healthy = healthy[from:min(from+maxComparisons, len(healthy))]
	}
	out := make([]Finding, len(healthy))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, row := range healthy {
		group.Go(func() error {
			f := Finding{Target: v.Target, Grant: row.Name, RequestID: row.RequestID, ExpiresAt: timeOrNil(row.ExpiresAt)}
			err := r.verifyGrant(ctx, row.Grant)
			if access.CodeOf(err) == access.CodeEvidence {
				f.Kind, f.Remedy, f.Why = Forged, CloseGrant, "The ledger was changed: "+access.Clip(err.Error(), 200)+"."
				out[i] = f
				return nil
			}
			if err == nil {
				f.Differences, err = r.Broker.Drift(ctx, row.Grant)
			}
			if err != nil {
				r.log().WithError(err).WithField("grant", row.Name).Warn("cannot compare a grant")
				return nil
			}
			if len(f.Differences) > 0 {
				f.Kind, f.Remedy, f.Why = Changed, Restore, "Somebody changed it on the target."
				out[i] = f
			}
			return nil
		})
	}
	_ = group.Wait() // none fails
	changed := out[:0]
	for _, f := range out {
		if f.Grant != "" {
			changed = append(changed, f)
		}
	}
	return changed
}

func (r *Reconciler) verifyGrant(ctx context.Context, g access.Grant) error {
	if r.VerifyGrant == nil {
		return nil
	}
	return r.VerifyGrant(ctx, g)
}

// ReconcileRequests ends the requests that nothing else will, with nothing open.
// Targets come first: what is open of a request is theirs.
func (r *Reconciler) ReconcileRequests(ctx context.Context) (Report, error) {
	all, err := r.Ledger.Unfinished(ctx)
	if err != nil {
		return Report{}, err
	}
	var runs map[string]RunStatus
	if r.Runs != nil {
		runs, err = r.queryRuns(ctx, "", func(seem map[string]bool) (ids []string) {
			for _, u := range all {
				if !seem[u.ID] {
					ids = append(ids, u.ID)
				}
			}
			return ids
		})
		if err != nil {
			return Report{}, err
		}
	}
	return Report{Findings: r.remedy(ctx, runs, StuckRequests(r.now(), concludeAfter, all, runs))}, nil
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
