package app

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// Directory says what is known of people now.
type Directory interface {
	DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error)
}

const (
	followEvery = 10 * time.Second // beside every change, for those that another server heard of
	tellAgain   = 5 * time.Minute  // a message that was taken and has not shown its effect is sent again
)

// Wake makes Follow look at once: people or groups have changed.
func (d *App) Wake() {
	select {
	case d.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// SyncDirectory keeps live requests in step with the directory until ctx ends: those
// of people who have left are stopped, and approvals that no longer count are
// counted away. It compares what is with what should be, so that nothing is
// lost when a server dies between hearing of a change and acting on it, and any
// number of servers may do so at once.
func (d *App) SyncDirectory(ctx context.Context) {
	if d.Directory == nil {
		return
	}
	follow := d.DirectorySync()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if err := follow(ctx); err != nil && ctx.Err() == nil {
			d.Log.WithError(err).Error("requests do not follow the directory; it is tried again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// DirectorySync looks once each time it is called, and remembers what it has told.
func (d *App) DirectorySync() func(context.Context) error {
	told := map[string]time.Time{}
	return func(ctx context.Context) error { return d.follow(ctx, told) }
}

func (d *App) follow(ctx context.Context, told map[string]time.Time) error {
	f := ledger.RequestFilter{Limit: 200, States: []access.State{access.StatePending, access.StateApproved, access.StateScheduled,
		access.StateGranting, access.StateActive}}
	seen := map[string]bool{}
	for {
		list, next, err := d.Ledger.Requests(ctx, f)
		if err != nil {
			return err
		}
		roll, err := d.Directory.DirectorySnapshot(ctx, people(list)...)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := d.syncRequest(ctx, r, roll, told, seen); err != nil {
				return err
			}
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	for key := range told {
		if !seen[key] {
			delete(told, key)
		}
	}
	return nil
}

func people(list []access.Request) []string {
	var ids []string
	for _, r := range list {
		ids = append(ids, r.Requester.Identities()...)
		for _, dec := range r.Decisions {
			ids = append(ids, dec.Approver.Identities()...)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// syncRequest tells one request what has changed for it, once.
func (d *App) syncRequest(ctx context.Context, r access.Request, roll access.DirectorySnapshot, told map[string]time.Time, seen map[string]bool) error {
	tell := func(what string, send func() error) error {
		key := what + " " + r.ID
		seen[key] = true
		if d.now().Sub(told[key]) < tellAgain {
			return nil
		}
		err := send()
		if access.CodeOf(err) == access.CodeNotFound {
			return nil // over already, or not started yet: then it is told at the next look
		}
		if err == nil {
			told[key] = d.now()
		}
		return err
	}
	if _, err := roll.Restrict(r.Requester); hasLeft(err) {
		return tell("stop", func() error {
			return d.Gateway.Stop(ctx, r.ID, workflows.EndRequest{Kind: workflows.EndOffboard, By: "directory",
				Reason: r.Requester.HumanID() + " has left.", At: d.now()})
		})
	}
	if r.State != access.StatePending || len(r.Decisions) == 0 {
		return nil
	}
	_, now := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, roll.FilterDecisions(r.Decisions))
	same := slices.EqualFunc(now, r.Stages, func(a, b access.StageStatus) bool { return slices.Equal(a.Approved, b.Approved) })
	if same {
		return nil
	}
	return tell("recount", func() error { return d.Gateway.Recount(ctx, r.ID) })
}

// hasLeft reports whether the directory said that a person has left. One whom it
// does not know may be yet to come.
func hasLeft(err error) bool {
	issues := access.IssuesOf(err)
	return len(issues) == 1 && issues[0].Code == "person_inactive"
}
