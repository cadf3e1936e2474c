package reconcile

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// compare compares healthy grants in detail with what was approved, and with what
// the target has. Each takes a few calls of the target, which has others to serve,
// so of many grants each look takes a part, in turn.
func (r *Reconciler) compare(ctx context.Context, s Snapshot, healthy []ledger.GrantRecord) []Finding {
	rounds := (len(healthy) + maxComparisons - 1) / maxComparisons
	if rounds > 1 {
		from := nextTurn(s.Target) % rounds * maxComparisons
		healthy = healthy[from:min(from+maxComparisons, len(healthy))]
	}
	out := make([]Finding, len(healthy))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, row := range healthy {
		group.Go(func() error {
			f := Finding{Target: s.Target, Grant: row.Name, RequestID: row.RequestID, ExpiresAt: timeOrNil(row.ExpiresAt)}
			err := r.verifyGrant(ctx, row)
			if access.CodeOf(err) == access.CodeEvidence {
				f.Kind, f.Remedy, f.Why = Forged, CloseGrant, "The ledger was changed: "+access.Clip(err.Error(), 200)+"."
				out[i] = f
				return nil
			}
			if access.CodeOf(err) == access.CodeConflict {
				// An order to end has its time; Diff sees when that is over.
				ordered, known := r.orderedMeanwhile(ctx, s, row.RequestID)
				if !ordered && known == nil {
					f.Kind, f.Remedy, f.Why, f.ordered = Stopped, CloseGrant, "It is open: "+access.Clip(err.Error(), 200)+".", access.OutcomeRevoked
					out[i] = f
				}
				if known != nil {
					r.log().WithError(known).WithField("grant", row.Name).Warn("cannot compare a grant")
				}
				return nil
			}
			// What is not recorded as open may be half made by the call that opens it.
			if err == nil && row.Status == ledger.GrantOpen {
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

// orderedMeanwhile reports whether somebody ordered the end of a request, also since
// the snapshot was taken, and its workflow still has time to act on the order.
func (r *Reconciler) orderedMeanwhile(ctx context.Context, s Snapshot, requestID string) (bool, error) {
	if _, ordered := s.Ends[requestID]; ordered {
		return true, nil
	}
	ends, err := r.Ledger.EndOrders(ctx)
	if err != nil {
		return false, err
	}
	order, ordered := ends[requestID]
	s.Now = r.now()
	return ordered && !s.stopIsDue(order), nil
}

// turns is how many looks this process has taken at each target. By the clock, an
// interval between looks could leave some grants out for ever.
var turns sync.Map

func nextTurn(target string) int {
	n, _ := turns.LoadOrStore(target, new(atomic.Int64))
	return int(n.(*atomic.Int64).Add(1))
}

func (r *Reconciler) verifyGrant(ctx context.Context, row ledger.GrantRecord) error {
	if row.Damaged {
		return access.Errorf(access.CodeEvidence, "the ledger's row of grant %s is damaged", access.Clip(row.Name, 60))
	}
	if r.VerifyGrant == nil {
		return nil
	}
	return r.VerifyGrant(ctx, row.Grant)
}
