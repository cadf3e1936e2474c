package app

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// roles are the groups that have a part in every request.
type roles struct {
	operators, auditors []string
	rota                *rota
}

// isOperator reports whether p sees every request and may revoke any.
func (r roles) isOperator(p access.Person) bool { return p.InAnyGroup(r.operators...) }

// isAuditor reports whether p reads the audit log. Operators do not: they run
// Ramp, and are among those whom auditors watch.
func (r roles) isAuditor(p access.Person) bool { return p.InAnyGroup(r.auditors...) }

// maySee reports whether a request exists for p: for its requester, for the human of an
// agent that is its requester, for those who may decide or review it, for who wrote the
// contracts that it proposes, and for operators.
func (r roles) maySee(ctx context.Context, p access.Person, req access.Request) bool {
	return r.may(ctx, p, req, seesIt)
}

func seesIt(r roles, p access.Person, req access.Request) bool {
	return p.ID == req.Requester.ID || p.HumanOf(req.Requester) || r.isOperator(p) || mayDecide(p, req, everEscalated) || mayDecideExtensions(p, req, everEscalated) || req.Plan.MayReview(p) == nil ||
		slices.ContainsFunc(req.Plan.Rule.Authors, p.SameHuman)
}

// may reports whether p may do something with a request. Only who may not do it as a
// requester, an operator or a member of a group is looked up in the rota: it may hang, and
// keeps nobody from ending access (docs/threats.md, case 92).
func (r roles) may(ctx context.Context, p access.Person, req access.Request, what func(roles, access.Person, access.Request) bool) bool {
	return what(r, p, req) || what(r, r.rota.lately(ctx, p, req), req)
}

// everEscalated is a wait after which everybody is asked who ever will be.
const everEscalated = 100 * 365 * 24 * time.Hour

// mayDecide reports whether p may decide a request that has waited for so long, if only to
// deny it.
func mayDecide(p access.Person, req access.Request, waited time.Duration) bool {
	return req.Plan.Rule.MayDecide(access.Deny, req.Requester, p, waited) == nil
}

// mayDecideExtensions reports whether p may decide an extension of a request that has
// waited for so long.
func mayDecideExtensions(p access.Person, req access.Request, waited time.Duration) bool {
	return req.Plan.AsksForExtensions() && req.Plan.Extend.Rule.MayDecide(access.Deny, req.Requester, p, waited) == nil
}

// hasDecided reports whether the human behind p has decided already, under
// whichever account.
func hasDecided(p access.Person, req access.Request) bool {
	return decidedBy(p, req.Decisions)
}

// decidedBy reports whether one of the decisions is the human's behind p.
func decidedBy(p access.Person, decisions []access.Decision) bool {
	return slices.ContainsFunc(decisions, func(d access.Decision) bool { return d.Approver.SameHuman(p) })
}
