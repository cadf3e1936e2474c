package app

import (
	"context"

	"ramp.dev/ramp/access"
)

// Permissions are what a person may do with a request now; pages offer just
// that. Each act checks again for itself.
type Permissions struct {
	Decide, Cancel, Release, Revoke, Extend, PickUp bool
	DenyOnly                                        bool // with Decide: the person wrote what is decided, and approves nothing of it
	DecideExtension                                 bool // that is asked for
	Review                                          bool // of a use of break glass
	Operate                                         bool // the person is an operator
}

// Permissions returns what p may do with a request that p sees. Who is on call is asked
// only where it would let p do more.
func (q *requests) Permissions(ctx context.Context, p access.Person, r access.Request) Permissions {
	can := q.permissions(p, r)
	if !q.onCallMatters(can, p, r) {
		return can
	}
	return q.permissions(q.roles.rota.lately(ctx, p, r), r)
}

// onCallMatters reports whether p might do more than they can, were they on call.
func (q *requests) onCallMatters(can Permissions, p access.Person, r access.Request) bool {
	live := r.State == access.StateActive
	return r.State == access.StatePending && !can.Decide && !hasDecided(p, r) ||
		p.ID != r.Requester.ID && (r.State == access.StateGranting || live) && !can.Revoke ||
		live && r.Asked.Open(q.now()) && !can.DecideExtension && !decidedBy(p, r.Asked.Decisions)
}

// permissions returns what p may do by what is known of them.
func (q *requests) permissions(p access.Person, r access.Request) Permissions {
	mine, live, operator := p.ID == r.Requester.ID, r.State == access.StateActive, q.roles.isOperator(p)
	approved := r.Narrowed()
	waited := q.now().Sub(r.Plan.CreatedAt)
	return Permissions{
		DenyOnly:        r.Plan.Rule.MayDecide(access.Approve, r.Requester, p, waited) != nil && mayDecide(p, r, waited),
		Decide:          r.State == access.StatePending && mayDecide(p, r, waited) && r.Plan.Rule.CheckAsked(p, waited, r.Stages) == nil && !hasDecided(p, r) && q.now().Before(r.Plan.PendingUntil),
		Cancel:          mine && (r.State == access.StatePending || r.State == access.StateScheduled),
		Release:         mine && live,
		Revoke:          !mine && (r.State == access.StateGranting || live) && (operator || p.HumanOf(r.Requester) || mayDecide(p, r, waited) || r.Plan.MayReview(p) == nil),
		Review:          r.ReviewDue() && r.Plan.MayReview(p) == nil,
		Extend:          mine && live && approved.Extend != nil && r.Extensions < approved.Extend.Times && !r.Asked.Open(q.now()),
		DecideExtension: live && q.mayDecideAsked(p, r),
		PickUp:          mine && live,
		Operate:         operator,
	}
}

// mayDecideAsked reports whether p may decide the extension that is asked for, and has
// not.
func (q *requests) mayDecideAsked(p access.Person, r access.Request) bool {
	if !r.Asked.Open(q.now()) {
		return false
	}
	waited := q.now().Sub(r.Asked.Order.At)
	return mayDecideExtensions(p, r, waited) && r.Plan.Extend.Rule.CheckAsked(p, waited, r.Asked.Stages) == nil && !decidedBy(p, r.Asked.Decisions)
}

// SeesAll reports whether p sees every request; pages open on them.
func (q *requests) SeesAll(p access.Person) bool { return q.roles.isOperator(p) }

// ReadsLog reports whether p reads the audit log.
func (q *requests) ReadsLog(p access.Person) bool { return q.roles.isAuditor(p) }

// RequiredMaxAge returns how recently p must have logged in (max_age) where p
// has not; 0 where the login is recent enough or none is required. Pages say it
// before people act.
func (q *requests) RequiredMaxAge(p access.Person, maxAge access.Duration) access.Duration {
	if p.RequireRecentLogin(maxAge, q.now()) != nil {
		return maxAge
	}
	return 0
}
