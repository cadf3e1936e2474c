package gateway

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// Resolve has workers derive what planned grants would open, or returns it from
// the cache. With no worker for a target it fails within seconds.
func (g *Gateway) Resolve(ctx context.Context, grants []access.PlannedGrant) ([]access.Scope, error) {
	return g.scopes.get(ctx, grants, func(ctx context.Context) ([]access.Scope, error) { return g.resolve(ctx, grants) })
}

// resolve runs one activity for each target, each on a queue that only workers
// with that target serve. They are standalone activities: a question is no
// workflow, and those that operators look for would drown in questions.
func (g *Gateway) resolve(ctx context.Context, grants []access.PlannedGrant) ([]access.Scope, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	byTarget := map[string][]int{}
	scopes := make([]access.Scope, len(grants))
	for i, p := range grants {
		var kept bool
		if scopes[i], kept = g.kept(ctx, p); !kept {
			byTarget[p.Target] = append(byTarget[p.Target], i)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for target, at := range byTarget {
		group.Go(func() error {
			in := api.ResolveScopesInput{Question: access.NewRequestID(), Target: target}
			for _, i := range at {
				in.Entitlements = append(in.Entitlements, grants[i].Entitlement)
			}
			res, err := g.resolveOn(ctx, in)
			if err != nil {
				return onTarget(target, err)
			}
			answered, err := g.checkResult(in, res)
			if err != nil {
				return err
			}
			for n, i := range at {
				scopes[i] = answered[n]
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return scopes, nil
}

// onTarget says of what a target refuses which one it is: a contract may have several.
func onTarget(target string, err error) error {
	var e *access.Error
	if !errors.As(err, &e) || e.Code != access.CodeInvalid {
		return err
	}
	said := *e
	if said.Message = target; e.Message != "" {
		said.Message += ": " + e.Message
	}
	return &said
}

// kept returns what a worker of the target has signed, and the ledger keeps. It may be from
// before the target was configured as it is, until its worker has started again: what
// differs then is not opened.
func (g *Gateway) kept(ctx context.Context, p access.PlannedGrant) (access.Scope, bool) {
	if g.meanings == nil || g.workers.Empty() {
		return access.Scope{}, false
	}
	b, err := g.meanings.Meaning(ctx, p.Target, p.Entitlement.Digest())
	if err != nil {
		return access.Scope{}, false
	}
	signed, err := evidence.ReadEnvelope(b)
	if err != nil {
		return access.Scope{}, false
	}
	scope, _, err := g.workers.VerifyMeaning(signed, p.Target, p.Entitlement, time.Now())
	return scope, err == nil && len(scope.Validate()) == 0
}

func (g *Gateway) resolveOn(ctx context.Context, in api.ResolveScopesInput) (res api.ResolveScopesResult, err error) {
	h, err := g.temporal.ExecuteActivity(ctx, client.StartActivityOptions{
		ID: "resolve-" + in.Question, TaskQueue: workflows.TargetQueue(in.Target),
		ScheduleToStartTimeout: 5 * time.Second,
		StartToCloseTimeout:    3 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 2},
		Summary:                "resolve on " + in.Target,
	}, api.ResolveScopes, in)
	if err == nil {
		err = h.Get(ctx, &res)
	}
	return res, api.FromTarget(in.Target, err)
}

// checkResult returns the scopes of a result, if a worker of the target signed it
// (where workers' keys are known) and they can be shown as they are: somebody who may
// write to Temporal's namespace can respond in a worker's place (docs/threats.md, case
// 52). The worker that opens compares the scope with its own all the same. Errors
// are CodeEvidence.
func (g *Gateway) checkResult(in api.ResolveScopesInput, res api.ResolveScopesResult) ([]access.Scope, error) {
	scopes := res.Scopes
	if !g.workers.Empty() {
		var err error
		if scopes, err = g.workers.VerifyResolution(res.Signed, in.Question, in.Target, in.Entitlements); err != nil {
			return nil, err
		}
	}
	if len(scopes) != len(in.Entitlements) {
		return nil, access.Errorf(access.CodeEvidence, "target %s resolved %d of %d entitlements", in.Target, len(scopes), len(in.Entitlements))
	}
	for i, s := range scopes {
		if issues := s.Validate(); len(issues) > 0 {
			return nil, access.Errorf(access.CodeEvidence, "what target %s says of entitlement %d cannot be shown: %w", in.Target, i+1, issues.Err())
		}
	}
	return scopes, nil
}
