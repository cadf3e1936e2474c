package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/reconcile"
)

// Reconciler lets the schedule's workflow use package reconcile.
type Reconciler struct {
	With          reconcile.Reconciler
	ObserveReport func(reconcile.Report) // for metrics; may be nil
}

// Target looks at one target once and puts right what is wrong. What fails is
// tried again by the next look. Idempotent.
func (r *Reconciler) Target(ctx context.Context, in api.ReconcileInput) (api.ReconcileResult, error) {
	return r.look(ctx, func(with *reconcile.Reconciler) (reconcile.Report, error) {
		return with.ReconcileTarget(ctx, in.Target)
	})
}

// Requests ends the requests that no workflow will. Idempotent.
func (r *Reconciler) Requests(ctx context.Context) (api.ReconcileResult, error) {
	return r.look(ctx, func(with *reconcile.Reconciler) (reconcile.Report, error) { return with.ReconcileRequests(ctx) })
}

func (r *Reconciler) look(ctx context.Context, do func(*reconcile.Reconciler) (reconcile.Report, error)) (api.ReconcileResult, error) {
	defer heartbeat(ctx)()
	with := r.With
	with.Now = temporalClock(ctx)
	report, err := do(&with)
	if err != nil {
		return api.ReconcileResult{}, api.ToTemporal(err)
	}
	if r.ObserveReport != nil {
		r.ObserveReport(report)
	}
	return summary(report), nil
}

// temporalClock is the clock that workflows live by. A worker whose own clock is
// wrong by minutes must not end what is not over (CASES 34).
func temporalClock(ctx context.Context) func() time.Time {
	began, here := activity.GetInfo(ctx).StartedTime, time.Now()
	return func() time.Time { return began.Add(time.Since(here)) }
}

// maxFindings bounds what goes into a workflow's history.
const maxFindings = 20

func summary(r reconcile.Report) api.ReconcileResult {
	out := api.ReconcileResult{Grants: r.Grants, Found: r.Found, Total: len(r.Findings), Unresolved: r.Unresolved()}
	for _, f := range r.Findings[:min(len(r.Findings), maxFindings)] {
		line := fmt.Sprintf("%s: %s %s", f.Kind, f.RequestID, f.Grant)
		if f.Error != "" {
			line += ": " + access.Clip(f.Error, 120)
		}
		out.Findings = append(out.Findings, line)
	}
	return out
}
