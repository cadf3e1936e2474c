package reconcile

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// observe takes a snapshot: it lists the target first, reads the ledger after it,
// and asks Temporal last. With an error that is integrations.Unlisted, the snapshot is whole
// but for a part of the target.
func (r *Reconciler) observe(ctx context.Context, target string) (Snapshot, error) {
	s := Snapshot{Target: target, ListedAt: r.now(), RevokeLive: r.RevokeLive}
	var err error
	if s.Bounds, err = r.Broker.Bounds(target); err != nil {
		return s, err
	}
	s.Found, err = r.Broker.List(ctx, target)
	unlisted := (*integrations.Unlisted)(nil)
	if err != nil && !errors.As(err, &unlisted) {
		return s, err
	}
	hidden := err
	if s.Rows, err = r.rows(ctx, target, s.Found); err != nil {
		return s, err
	}
	if s.Over, err = r.contradicted(ctx, target); err != nil {
		return s, err
	}
	if s.Ends, err = r.Ledger.EndOrders(ctx); err != nil {
		return s, err
	}
	s.Now = r.now()
	if r.Runs != nil {
		s.Runs, err = r.queryRuns(ctx, target, func(listed map[string]bool) []string { return needDescribe(s.Rows, target, listed) })
	}
	if err == nil {
		err = hidden
	}
	return s, err
}

// contradicted returns the requests that are over in the ledger and have a grant on
// the target that is not closed.
func (r *Reconciler) contradicted(ctx context.Context, target string) (map[string]bool, error) {
	ids, err := r.Ledger.Contradicted(ctx, target)
	over := map[string]bool{}
	for _, id := range ids {
		over[id] = true
	}
	return over, err
}

// rows returns the grants of the target that are not closed in the ledger, and
// those of everything that the target lists.
func (r *Reconciler) rows(ctx context.Context, target string, found []integrations.ListedGrant) ([]ledger.GrantRecord, error) {
	rows, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Target: target, NotClosed: true})
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, row := range rows {
		have[row.Name] = true
	}
	var missing []string
	for _, f := range found {
		if !have[f.Name] {
			have[f.Name] = true
			missing = append(missing, f.Name)
		}
	}
	for len(missing) > 0 {
		n := min(len(missing), 500)
		more, err := r.Ledger.Grants(ctx, ledger.GrantFilter{Names: missing[:n]})
		if err != nil {
			return nil, err
		}
		rows, missing = append(rows, more...), missing[n:]
	}
	return rows, nil
}

// queryRuns describes the workflows that Temporal does not list as running, and
// that needed selects. One that cannot be described stays RunUnknown, from which
// nothing follows.
func (r *Reconciler) queryRuns(ctx context.Context, target string, needed func(listed map[string]bool) []string) (map[string]RunStatus, error) {
	listed, err := r.Runs.ListRunning(ctx, target)
	if err != nil {
		r.log().WithError(err).Warn("cannot list workflows; each is described by itself")
	}
	ids := needed(listed)
	statuses := make([]RunStatus, len(ids))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, id := range ids {
		group.Go(func() error {
			run, err := r.Runs.Describe(ctx, id)
			if err != nil {
				r.log().WithError(err).WithField("request", id).Warn("cannot describe a workflow")
				return nil
			}
			statuses[i] = run
			return nil
		})
	}
	_ = group.Wait() // none fails
	runs := map[string]RunStatus{}
	for i, id := range ids {
		runs[id] = statuses[i]
	}
	return runs, ctx.Err()
}
