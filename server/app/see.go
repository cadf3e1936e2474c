package app

import (
	"context"
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

type envelope = evidence.Envelope

// Request is one request as p may see it; CodeNotFound for everybody else's.
func (d *App) Request(ctx context.Context, p access.Person, id string) (access.Request, error) {
	missing := issue(access.CodeNotFound, "unknown_request", "there is no request %q", access.Clip(id, 40))
	if !access.IsRequestID(id) {
		return access.Request{}, missing
	}
	r, err := d.Ledger.Request(ctx, id)
	if access.CodeOf(err) == access.CodeNotFound || err == nil && !d.maySee(p, r) {
		return access.Request{}, missing
	}
	if err != nil {
		return access.Request{}, err
	}
	return r, nil
}

// maySee: the requester, those who may decide it, operators.
func (d *App) maySee(p access.Person, r access.Request) bool {
	return p.ID == r.Requester.ID || d.isOperator(p) || d.mayDecide(p, r)
}

func (d *App) isOperator(p access.Person) bool { return p.InAnyGroup(d.Operators...) }

func (d *App) mayDecide(p access.Person, r access.Request) bool {
	return r.Plan.Rule.MayDecide(r.Requester, p) == nil
}

// Permissions says what a person may do with a request now; pages show just that.
type Permissions struct {
	Decide, Cancel, Release, Revoke, Extend, PickUp bool
}

// Permissions answers for one request that the person sees.
func (d *App) Permissions(p access.Person, r access.Request) Permissions {
	mine, live := p.ID == r.Requester.ID, r.State == access.StateActive
	return Permissions{
		Decide:  r.State == access.StatePending && d.mayDecide(p, r) && !decided(p, r) && d.now().Before(r.Plan.PendingUntil),
		Cancel:  mine && (r.State == access.StatePending || r.State == access.StateScheduled),
		Release: mine && live,
		Revoke:  !mine && (r.State == access.StateGranting || live) && (d.isOperator(p) || d.mayDecide(p, r)),
		Extend:  mine && live && r.Plan.Extend != nil && r.Extensions < r.Plan.Extend.Times,
		PickUp:  mine && live,
	}
}

// RequiredMaxAge is what a page tells people before they act: how lately they must
// have logged in, or 0 if they have.
func (d *App) RequiredMaxAge(p access.Person, within access.Duration) access.Duration {
	if p.RequireRecentLogin(within, d.now()) != nil {
		return within
	}
	return 0
}

func decided(p access.Person, r access.Request) bool {
	for _, dec := range r.Decisions {
		if dec.Approver.SameHuman(p) {
			return true
		}
	}
	return false
}

// Query narrows a list of requests.
type Query struct {
	States   []access.State
	Mine     bool
	ToDecide bool // pending ones that this person may decide and has not
	Target   string
	Cursor   string
	Limit    int
}

// scanLimit bounds how many requests one page looks through for those that
// this person may see.
const scanLimit = 2000

// Requests lists the requests that p may see, newest first.
func (d *App) Requests(ctx context.Context, p access.Person, q Query) ([]access.Request, string, error) {
	f := ledger.RequestFilter{States: q.States, Target: q.Target, Cursor: q.Cursor, Limit: q.Limit}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	if q.Mine {
		f.Requester = p.ID
	}
	if q.ToDecide {
		f.States = []access.State{access.StatePending}
	}
	want := f.Limit
	out := []access.Request{}
	for looked := 0; looked < scanLimit; {
		// What is still wanted is asked for, so that the cursor ends where the
		// page does, whatever is left out of it.
		f.Limit = want - len(out)
		items, next, err := d.Ledger.Requests(ctx, f)
		if err != nil {
			return nil, "", err
		}
		looked += max(len(items), 1)
		for _, r := range items {
			if q.ToDecide && !d.Permissions(p, r).Decide || !d.maySee(p, r) {
				continue
			}
			out = append(out, r)
		}
		f.Cursor = next
		if next == "" || len(out) >= want {
			break
		}
	}
	if len(out) == 0 && q.Target != "" && q.Cursor == "" {
		return out, "", d.checkTarget(p, q.Target)
	}
	return out, f.Cursor, nil
}

// checkTarget explains an empty list: a target that no contract names is a
// typing error. One that only old requests name is found by those.
func (d *App) checkTarget(p access.Person, name string) error {
	for _, c := range d.Contracts.Current().Contracts {
		if slices.Contains(c.Targets, name) {
			return nil
		}
	}
	var known []string
	for _, o := range d.Contracts.Current().Offers(p, d.now()) {
		known = append(known, o.Targets...)
	}
	return access.Invalid(access.Issue{Code: "unknown_target", Field: "target",
		Message: fmt.Sprintf("there is no target %q%s", access.Clip(name, 60), didYouMean(name, known))})
}

// Events are what happened after a number, as far as p may see it, and the
// number to go on from.
func (d *App) Events(ctx context.Context, p access.Person, after int64) ([]access.Event, int64, error) {
	all, err := d.Ledger.Events(ctx, ledger.EventFilter{After: after})
	if err != nil {
		return nil, after, err
	}
	var out []access.Event
	visible := map[string]bool{}
	for _, e := range all {
		after = e.Seq
		if e.RequestID == "" {
			if e.Actor == p.ID || d.isOperator(p) {
				out = append(out, e)
			}
			continue
		}
		show, known := visible[e.RequestID]
		if !known {
			_, err := d.Request(ctx, p, e.RequestID)
			show = err == nil
			visible[e.RequestID] = show
		}
		if show {
			out = append(out, e)
		}
	}
	return out, after, nil
}

// LastEvent is the number of the latest event, from which a new reader follows.
func (d *App) LastEvent(ctx context.Context) (int64, error) { return d.Ledger.LastSeq(ctx) }
