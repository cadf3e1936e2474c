package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/workflows"
)

// scenario is one course that a request may take.
type scenario struct {
	name   string
	change func(*access.Plan)                // nil: one stage, one grant, two seconds
	signer *evidence.Signer                  // nil: the server's
	in     earlier                           // the shape it begins in; zero: today's
	steps  func(ctx context.Context, r *run) // nil: nobody does anything
	want   workflows.AccessRequestResult
}

func ended(o access.Outcome) workflows.AccessRequestResult {
	return workflows.AccessRequestResult{State: access.StateEnded, Outcome: o}
}

func over(s access.State) workflows.AccessRequestResult {
	return workflows.AccessRequestResult{State: s}
}

func lasts(d time.Duration) func(*access.Plan) {
	return func(p *access.Plan) { p.Duration = access.Duration(d) }
}

// scenarios returns all of them: at least one for each way to end.
func scenarios() []scenario {
	return []scenario{
		{name: "expired", want: ended(access.OutcomeExpired), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
		}},
		{name: "released", want: ended(access.OutcomeReleased), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.picksUp(ctx)
			r.stops(ctx, access.EndRelease, alice)
		}},
		{name: "released-while-opening", want: ended(access.OutcomeReleased), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			letGo := r.target.Block(faketarget.OpGrant)
			defer letGo()
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateGranting)
			r.stops(ctx, access.EndRelease, alice)
			r.staysFor(ctx, access.StateGranting, 2*time.Second)
		}},
		{name: "revoked", want: ended(access.OutcomeRevoked), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.stops(ctx, access.EndRevoke, carol)
		}},
		{name: "revoked-by-cancellation", want: ended(access.OutcomeRevoked), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.cancels(ctx)
		}},
		{name: "offboarded", want: ended(access.OutcomeOffboarded), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.stops(ctx, access.EndOffboard, carol)
		}},
		{name: "continued-as-new", want: ended(access.OutcomeReleased), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.floods(ctx)
			r.stops(ctx, access.EndRelease, alice)
		}},
		{name: "denied-while-active", want: ended(access.OutcomeRevoked), change: lasts(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.decides(ctx, person("erin", "approvers"), access.Deny)
		}},
		{name: "failed-half-way", want: ended(access.OutcomeFailed), change: func(p *access.Plan) {
			g := p.Grants[0]
			g.Name, g.Entitlement, g.Scope = access.GrantName(p.RequestID, 1), access.Entitlement{"what": "the second"}, faketarget.Scope("the second")
			p.Grants = append(p.Grants, g)
		}, steps: func(ctx context.Context, r *run) {
			r.target.FailNext(faketarget.OpGrant, faketarget.NoFault, faketarget.Forbidden)
			r.decides(ctx, bob, access.Approve)
		}},
		{name: "several-in-order", want: ended(access.OutcomeReleased), change: func(p *access.Plan) {
			p.Duration = access.Duration(time.Minute)
			g := p.Grants[0]
			g.Name, g.Entitlement, g.Scope = access.GrantName(p.RequestID, 1), access.Entitlement{"what": "the second"}, faketarget.Scope("the second")
			p.Grants = append(p.Grants, g)
		}, steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.stops(ctx, access.EndRelease, alice)
		}},
		{name: "overdue", want: ended(access.OutcomeExpired), steps: func(ctx context.Context, r *run) {
			r.target.FailNext(faketarget.OpRevoke, faketarget.Forbidden, faketarget.StillThere, faketarget.StillThere, faketarget.LostReply,
				faketarget.Unavailable, faketarget.Unavailable, faketarget.Unavailable)
			r.decides(ctx, bob, access.Approve)
		}},
		{name: "denied", want: over(access.StateDenied), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Deny)
		}},
		{name: "cancelled", want: over(access.StateCancelled), steps: func(ctx context.Context, r *run) {
			r.stops(ctx, access.EndCancel, alice)
		}},
		{name: "lapsed", want: over(access.StateLapsed), change: func(p *access.Plan) {
			p.PendingUntil = p.CreatedAt.Add(time.Second)
		}},
		{name: "failed", want: over(access.StateFailed), signer: newSigner(), change: automatic},
		{name: "automatic", want: ended(access.OutcomeExpired), change: automatic},
		{name: "extended", want: ended(access.OutcomeExpired), change: func(p *access.Plan) {
			p.Duration = access.Duration(3 * time.Second)
			p.Extend = &access.ExtensionLimits{Times: 1, UpTo: access.Duration(time.Minute)}
		}, steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateActive)
			r.extends(ctx, time.Second)
		}},
		{name: "scheduled", want: ended(access.OutcomeExpired), change: startsIn(3 * time.Second), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateScheduled)
			r.confirms(ctx)
		}},
		{name: "cancelled-while-scheduled", want: over(access.StateCancelled), change: startsIn(time.Minute), steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.awaits(ctx, access.StateScheduled)
			r.stops(ctx, access.EndCancel, alice)
		}},
		{name: "two-stages-by-signal", want: ended(access.OutcomeExpired), change: func(p *access.Plan) {
			p.Rule.Stages = append(p.Rule.Stages, access.Stage{Name: "security", From: []string{"security"}, Approvals: 1})
		}, steps: func(ctx context.Context, r *run) {
			r.decides(ctx, bob, access.Approve)
			r.decidesBySignal(ctx, carol, access.Approve)
		}},
	}
}

// earlier is a shape that requests began in before the one of today, and the folder of
// its histories, whose name also ends the names of its scenarios.
type earlier struct {
	folder string
	shape  int
}

// suffix ends the names of scenarios in this shape.
func (e earlier) suffix() string { return "-" + e.folder }

// earlierShapes are all that requests may still run in.
var earlierShapes = []earlier{{"first-shape", workflows.FirstShape}, {"lean-shape", workflows.LeanShape}}

// inEveryShape returns courses, and the same ones for requests that began in earlier
// shapes.
func inEveryShape(all []scenario) []scenario {
	out := all
	for _, e := range earlierShapes {
		for _, s := range all {
			s.name, s.in = s.name+e.suffix(), e
			out = append(out, s)
		}
	}
	for _, s := range all {
		if naming := (earlier{namingFolder, workflows.NamingShape}); slices.Contains(several(), s.name) {
			s.name, s.in = s.name+naming.suffix(), naming
			out = append(out, s)
		}
	}
	return out
}

// namingFolder has the courses of requests for several grants that began before these were
// opened in order; with one grant that shape is today's.
const namingFolder = "naming-shape"

// several returns the courses of requests for several grants.
func several() []string { return []string{"failed-half-way", "several-in-order"} }

// sealable returns the courses that are recorded with payload keys, too: what is
// encrypted does not depend on the course, so a few are enough.
func sealable(all []scenario) (out []scenario) {
	for _, s := range all {
		if slices.Contains([]string{"expired", "released", "denied", "extended"}, s.name) {
			out = append(out, s)
		}
	}
	return out
}

// sealedSuffix ends the names of those.
const sealedSuffix = "-sealed"

func automatic(p *access.Plan) { p.Rule = access.Rule{Auto: true, DenyThreshold: 1} }

func startsIn(d time.Duration) func(*access.Plan) {
	return func(p *access.Plan) {
		at := p.CreatedAt.Add(d).Truncate(time.Second)
		p.StartAt = &at
	}
}

// plan returns what the scenario's request asks for. Its id is derived from the
// scenario's name, so that a history can be told by it.
func (s scenario) plan(now time.Time) access.Plan {
	id := access.RequestIDFor("histories", s.name)
	p := access.Plan{
		RequestID: id, Contract: s.name, ContractVersion: "sha256:c0ffee", Requester: alice, Principal: alice.ID,
		Reason: "fix the stuck order", Duration: access.Duration(2 * time.Second),
		CreatedAt: now, PendingUntil: now.Add(time.Minute),
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: targetOf(s.name),
			Entitlement: access.Entitlement{"what": "the first"}, Scope: faketarget.Scope("the first")}},
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "lead", From: []string{"approvers"}, Approvals: 1}}},
	}
	if s.change != nil {
		s.change(&p)
	}
	return p
}

// play plays a scenario to its end and returns its result. It is an error if
// anything is left on the target.
func (e *environment) play(ctx context.Context, s scenario) (workflows.AccessRequestResult, error) {
	var res workflows.AccessRequestResult
	signer := e.signer
	if s.signer != nil {
		signer = s.signer
	}
	p := s.plan(time.Now().UTC().Truncate(time.Microsecond))
	r, err := e.submit(ctx, p, signer, s.in)
	if err != nil {
		return res, err
	}
	r.target = e.targets[s.name]
	if s.steps != nil {
		s.steps(ctx, r)
	}
	if r.err != nil {
		return res, r.err
	}
	err = e.temporal.GetWorkflow(ctx, workflows.AccessWorkflowID(p.RequestID), "").Get(ctx, &res)
	if left := r.target.Objects(); err == nil && len(left) > 0 {
		err = fmt.Errorf("%s is left on the target", left)
	}
	return res, err
}
