package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// Resolve asks the workers that know the targets what planned grants mean. The
// server holds no target's configuration, so it cannot say by itself; a person
// waits for the answer, so it comes within seconds or fails.
func Resolve(ctx workflow.Context, in ResolveInput) (ResolveResult, error) {
	byTarget := map[string][]int{}
	for i, g := range in.Grants {
		byTarget[g.Target] = append(byTarget[g.Target], i)
	}
	out := ResolveResult{Scopes: make([]access.Scope, len(in.Grants))}
	answers := map[string]workflow.Future{}
	targets := workflow.DeterministicKeys(byTarget)
	for _, target := range targets {
		ask := api.ResolveScopesInput{Target: target}
		for _, i := range byTarget[target] {
			ask.Entitlements = append(ask.Entitlements, in.Grants[i].Entitlement)
		}
		answers[target] = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			TaskQueue:              TargetQueue(target),
			ScheduleToStartTimeout: 5 * time.Second,
			StartToCloseTimeout:    3 * time.Second,
			RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 2},
			Summary:                clip("resolve on " + target),
		}), api.ResolveScopes, ask)
	}
	for _, target := range targets {
		var res api.ResolveScopesResult
		if err := answers[target].Get(ctx, &res); err != nil {
			return out, err
		}
		for n, i := range byTarget[target] {
			out.Scopes[i] = res.Scopes[n]
		}
	}
	return out, nil
}
