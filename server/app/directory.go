package app

import (
	"context"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// DirectorySyncConfig is what a DirectorySync works with.
type DirectorySyncConfig struct {
	Ledger    RequestLister
	Directory access.Directory
	Gateway   SyncGateway
	Log       logrus.FieldLogger
	Now       func() time.Time // nil: the real clock
}

// RequestLister lists requests, as the ledger does.
type RequestLister interface {
	Requests(ctx context.Context, f ledger.RequestFilter) (items []access.Request, nextCursor string, err error)
}

// SyncGateway tells workflows what a change of the directory means for them.
type SyncGateway interface {
	endGateway
	Recount(ctx context.Context, id string) error
}

// DirectorySync keeps live requests in step with the directory: those of people
// who have left are ended, and approvals that no longer count are counted away.
// It compares what is with what should be, so that nothing is lost when a server
// dies between hearing of a change and acting on it, and any number of servers
// may do so at once.
type DirectorySync struct {
	DirectorySyncConfig
	wake chan struct{}
	told map[string]time.Time // by what and request, when it was told last
}

// NewDirectorySync makes one that has told nothing yet.
func NewDirectorySync(c DirectorySyncConfig) *DirectorySync {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &DirectorySync{DirectorySyncConfig: c, wake: make(chan struct{}, 1), told: map[string]time.Time{}}
}

func (d *DirectorySync) now() time.Time { return d.Now().UTC() }

const (
	syncEvery = 10 * time.Second // beside every change, for those that another server heard of
	tellAgain = 5 * time.Minute  // a message that was taken and has not shown its effect is sent again
)

// Wake makes Run look at once: people or groups have changed.
func (d *DirectorySync) Wake() {
	select {
	case d.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Run looks at every change, and now and then, until ctx ends.
func (d *DirectorySync) Run(ctx context.Context) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		if err := d.Once(ctx); err != nil && ctx.Err() == nil {
			d.Log.WithError(err).Error("live requests are not in step with the directory; it is tried again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// Once looks at all live requests once. It is not safe for concurrent use.
func (d *DirectorySync) Once(ctx context.Context) error {
	f := ledger.RequestFilter{Limit: 200, States: []access.State{access.StatePending, access.StateApproved, access.StateScheduled,
		access.StateGranting, access.StateActive}}
	seen := map[string]bool{}
	for {
		list, next, err := d.Ledger.Requests(ctx, f)
		if err != nil {
			return err
		}
		snapshot, err := d.Directory.DirectorySnapshot(ctx, people(list)...)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := d.syncRequest(ctx, r, snapshot, seen); err != nil {
				return err
			}
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	for key := range d.told {
		if !seen[key] {
			delete(d.told, key)
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
func (d *DirectorySync) syncRequest(ctx context.Context, r access.Request, snapshot access.DirectorySnapshot, seen map[string]bool) error {
	tell := func(what string, send func() error) error {
		key := what + " " + r.ID
		seen[key] = true
		if d.now().Sub(d.told[key]) < tellAgain {
			return nil
		}
		err := send()
		if access.CodeOf(err) == access.CodeNotFound {
			return nil // over already, or not started yet: then it is told at the next look
		}
		if err == nil {
			d.told[key] = d.now()
		}
		return err
	}
	if _, err := snapshot.Restrict(r.Requester); hasLeft(err) {
		return tell("stop", func() error {
			return d.Gateway.End(ctx, r.ID, workflows.EndRequest{Kind: workflows.EndOffboard, By: access.ActorDirectory, Via: access.ViaDirectory,
				Reason: r.Requester.HumanID() + " has left.", At: d.now()})
		})
	}
	if r.State != access.StatePending || len(r.Decisions) == 0 {
		return nil
	}
	_, now := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, snapshot.FilterDecisions(r.Decisions))
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
