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
	Grants(context.Context, ledger.GrantFilter) ([]ledger.GrantRow, error)
	Unfinished(context.Context) ([]ledger.Unfinished, error)
	Advance(context.Context, ledger.Advance) error
	Conclude(ctx context.Context, id string, outcome access.Outcome, at time.Time, why string) (bool, error)
	Record(context.Context, access.Event) error
}

// Runs says which requests' workflows run.
type Runs interface {
	// Seem lists the requests whose workflows seem to run; of one target, if it
	// is named. It may be late: it only says whom to ask about.
	Seem(ctx context.Context, target string) (map[string]bool, error)
	// Run is the truth about one.
	Run(ctx context.Context, requestID string) (Run, error)
	// Stop asks one to end its request.
	Stop(ctx context.Context, requestID, reason string) error
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
	// Close revokes a grant, reads back that it is gone, and marks its row.
	Close func(context.Context, access.Grant) error
	// Proven verifies that what the ledger says of an open grant was approved;
	// CodeEvidence if it was not. nil: the ledger is believed.
	Proven func(context.Context, access.Grant) error
	Runs   Runs // nil: there is no Temporal to ask
	Alarms Alarms
	Log    logrus.FieldLogger
	Now    func() time.Time // nil: the real clock
	Dry    bool             // look and judge only
	Stop   bool             // end live access, too
}

// Report is what one look at a target, or at the requests, came to.
type Report struct {
	Target   string    `json:"target,omitempty"`
	Grants   int       `json:"grants"` // not closed, in the ledger
	Found    int       `json:"found"`  // on the target
	Findings []Finding `json:"findings"`
}

// Left is how many findings were not put right.
func (r Report) Left() int {
	n := 0
	for _, f := range r.Findings {
		if !f.Done {
			n++
		}
	}
	return n
}

const (
	together  = 8  // calls at once on one target
	inDetail  = 50 // grants compared in detail in one look
	lookEvery = 30 * time.Second
)

func (r *Reconciler) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return clock.Now().UTC()
}

// Target looks at one target and puts right what is wrong. A remedy that fails
// is told in its finding; an error means that nothing could be seen.
func (r *Reconciler) Target(ctx context.Context, target string) (Report, error) {
	v, err := r.look(ctx, target)
	if err != nil {
		return Report{Target: target}, err
	}
	findings := Judge(v)
	findings = append(findings, r.compare(ctx, v, Healthy(v, findings))...)
	report := Report{Target: target, Found: len(v.Found), Findings: r.act(ctx, v.Runs, findings)}
	for _, row := range v.Rows {
		if row.Status != ledger.GrantClosed && row.Target == target {
			report.Grants++
		}
	}
	return report, nil
}

// look sees the target first, the ledger after it, and the workflows last.
func (r *Reconciler) look(ctx context.Context, target string) (View, error) {
	v := View{Target: target, ListedAt: r.now(), Stop: r.Stop}
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
		v.Runs, err = r.ask(ctx, target, func(seem map[string]bool) []string { return suspects(v.Rows, target, seem) })
	}
	return v, err
}

// rows are those of the target that are not closed, and those of all that was
// found.
func (r *Reconciler) rows(ctx context.Context, target string, found []integrations.Found) ([]ledger.GrantRow, error) {
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

// ask asks about the workflows that do not seem to run. One of which nothing
// is learnt stays unknown, from which nothing follows.
func (r *Reconciler) ask(ctx context.Context, target string, whom func(seem map[string]bool) []string) (map[string]Run, error) {
	seem, err := r.Runs.Seem(ctx, target)
	if err != nil {
		r.log().WithError(err).Warn("cannot list workflows; each is asked about by itself")
	}
	ids := whom(seem)
	answers := make([]Run, len(ids))
	var group errgroup.Group
	group.SetLimit(together)
	for i, id := range ids {
		group.Go(func() error {
			run, err := r.Runs.Run(ctx, id)
			if err != nil {
				r.log().WithError(err).WithField("request", id).Warn("cannot ask about a workflow")
				return nil
			}
			answers[i] = run
			return nil
		})
	}
	_ = group.Wait() // none fails
	runs := map[string]Run{}
	for i, id := range ids {
		runs[id] = answers[i]
	}
	return runs, ctx.Err()
}

// compare looks at healthy grants in detail, some of them at each look: a
// target answers a few calls for each, and has others to serve.
func (r *Reconciler) compare(ctx context.Context, v View, healthy []ledger.GrantRow) []Finding {
	rounds := (len(healthy) + inDetail - 1) / inDetail
	if rounds > 1 {
		from := int(v.Now.Unix()/int64(lookEvery/time.Second)) % rounds * inDetail
		healthy = healthy[from:min(from+inDetail, len(healthy))]
	}
	out := make([]Finding, len(healthy))
	var group errgroup.Group
	group.SetLimit(together)
	for i, row := range healthy {
		group.Go(func() error {
			f := Finding{Target: v.Target, Grant: row.Name, RequestID: row.RequestID, ExpiresAt: timeOrNil(row.ExpiresAt)}
			err := r.proven(ctx, row.Grant)
			if access.CodeOf(err) == access.CodeEvidence {
				f.Kind, f.Remedy, f.Why = Forged, Close, "The ledger was changed: "+access.Clip(err.Error(), 200)+"."
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
				f.Kind, f.Remedy, f.Why = Changed, Narrow, "Somebody changed it on the target."
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

func (r *Reconciler) proven(ctx context.Context, g access.Grant) error {
	if r.Proven == nil {
		return nil
	}
	return r.Proven(ctx, g)
}

// Requests ends the requests that nothing else will, with nothing open.
// Targets come first: what is open of a request is theirs.
func (r *Reconciler) Requests(ctx context.Context) (Report, error) {
	all, err := r.Ledger.Unfinished(ctx)
	if err != nil {
		return Report{}, err
	}
	var runs map[string]Run
	if r.Runs != nil {
		runs, err = r.ask(ctx, "", func(seem map[string]bool) (ids []string) {
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
	return Report{Findings: r.act(ctx, runs, Requests(r.now(), concludeAfter, all, runs))}, nil
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
