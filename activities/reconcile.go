package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/reconcile"
)

// Reconciler runs package reconcile as standing jobs: one for each target, and
// one for the requests.
type Reconciler struct {
	With          reconcile.Reconciler
	ObserveReport func(reconcile.Report) // for metrics; may be nil
}

// Target compares one target with the ledger and the workflows again and again,
// and puts right what is wrong.
func (r *Reconciler) Target(target string, every time.Duration) StandingWork {
	return r.work(every, func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
		return with.ReconcileTarget(ctx, target)
	})
}

// Requests ends, again and again, the requests that no workflow will end.
func (r *Reconciler) Requests(every time.Duration) StandingWork {
	return r.work(every, func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
		return with.ReconcileRequests(ctx)
	})
}

func (r *Reconciler) work(every time.Duration, look func(context.Context, *reconcile.Reconciler) (reconcile.Report, error)) StandingWork {
	return func(ctx context.Context, report func(string)) error {
		with := r.With
		with.Now = temporalClock(ctx)
		return Every(every, func(ctx context.Context) (string, error) {
			found, err := look(ctx, &with)
			if err != nil {
				return "", err
			}
			if r.ObserveReport != nil {
				r.ObserveReport(found)
			}
			return summary(found, with.Now()), nil
		})(ctx, report)
	}
}

// temporalClock is the clock that workflows live by, as it was when the activity
// began and by this machine's passing of time since. A worker whose own clock is
// wrong by minutes must not end what is not over (docs/threats.md, case 34).
func temporalClock(ctx context.Context) func() time.Time {
	began, here := activity.GetInfo(ctx).StartedTime, time.Now()
	return func() time.Time { return began.Add(time.Since(here)) }
}

// maxFindings bounds what goes into a heartbeat.
const maxFindings = 20

// summary tells operators what one look came to.
func summary(r reconcile.Report, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d findings, %d of them unresolved; %d grants open in the ledger, %d on the target",
		at.UTC().Format(time.RFC3339), len(r.Findings), r.Unresolved(), r.Grants, r.Found)
	if r.Unlisted != "" {
		b.WriteString("\n- " + r.Unlisted)
	}
	for _, f := range r.Findings[:min(len(r.Findings), maxFindings)] {
		fmt.Fprintf(&b, "\n- %s: %s %s", f.Kind, f.RequestID, f.Grant)
		if f.Error != "" {
			b.WriteString(": " + access.Clip(f.Error, 120))
		}
	}
	return b.String()
}
