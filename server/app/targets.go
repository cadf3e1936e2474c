package app

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TargetStates says whether targets can be used, as their workers signed it. What it does
// not return is not known.
type TargetStates interface {
	All(ctx context.Context) []access.TargetState
	// Misplaced returns the targets that a worker has in its configuration and that are
	// another worker's.
	Misplaced(ctx context.Context) []access.TargetState
}

// noTargetStates knows nothing.
type noTargetStates struct{}

func (noTargetStates) All(context.Context) []access.TargetState       { return nil }
func (noTargetStates) Misplaced(context.Context) []access.TargetState { return nil }

// targets tells operators which targets can be used.
type targets struct {
	states    TargetStates
	contracts Contracts
	roles     roles
	refused   refusals
}

// Targets returns whether each target can be used that a contract names or a worker has
// spoken of, by name, and beside it what a worker has in its configuration by mistake. It is
// for operators and auditors, since it names targets that others may not ask for. Errors are
// CodeForbidden.
func (t *targets) Targets(ctx context.Context, by access.Actor) ([]access.TargetState, error) {
	if !t.roles.isOperator(by.Person) && !t.roles.isAuditor(by.Person) {
		return nil, t.refused.record(ctx, by, "", access.ActContracts, access.Refuse(access.CodeForbidden, "not_operator", "only operators and auditors see the state of all targets"))
	}
	all := t.states.All(ctx)
	for _, c := range t.contracts.Current().Contracts {
		for _, name := range c.Targets {
			if !slices.ContainsFunc(all, func(s access.TargetState) bool { return s.Target == name }) {
				all = append(all, access.TargetState{Target: name, Condition: access.TargetUnknown})
			}
		}
	}
	all = append(all, t.states.Misplaced(ctx)...)
	slices.SortStableFunc(all, func(a, b access.TargetState) int { return strings.Compare(a.Target, b.Target) })
	return all, nil
}

// markUnusable adds to offers which of their targets cannot be used now, and why, as p may
// read it.
func (c *catalog) markUnusable(ctx context.Context, p access.Person, offers []contracts.Offer) {
	if len(offers) == 0 {
		return
	}
	for _, state := range c.states.All(ctx) {
		if state.Usable() {
			continue
		}
		for i := range offers {
			if slices.Contains(offers[i].Targets, state.Target) {
				offers[i].Unusable = append(offers[i].Unusable, c.readable(p, offers[i], state))
			}
		}
	}
}

// readable returns a state as p may read it. The worker's own words name files and hosts of
// its machine: they are for operators, auditors, those who approve under the contract and
// its owner.
func (c *catalog) readable(p access.Person, o contracts.Offer, state access.TargetState) access.TargetState {
	if c.roles.isOperator(p) || c.roles.isAuditor(p) || o.Owner != "" && p.InAnyGroup(o.Owner) {
		return state
	}
	for _, s := range o.Approval.Stages {
		if p.InAnyGroup(s.From...) || slices.ContainsFunc(s.AnyOf, func(a access.Approvers) bool { return p.InAnyGroup(a.From...) }) {
			return state
		}
	}
	return state.WithoutInternals()
}

// refuseOff returns why none of the grants can be asked for: a target that is off, each with
// its reason, as p may read it. Errors are CodeUnavailable, since it is a fault and passes.
func (c *catalog) refuseOff(ctx context.Context, p access.Person, under *contracts.Contract, grants []access.PlannedGrant) error {
	var issues access.Issues
	for _, state := range c.states.All(ctx) {
		if state.Refused() && slices.ContainsFunc(grants, func(g access.PlannedGrant) bool { return g.Target == state.Target }) {
			issues.Add("target_off", "", "%s", c.readable(p, under.Offer(), state))
		}
	}
	if len(issues) == 0 {
		return nil
	}
	return &access.Error{Code: access.CodeUnavailable, Issues: issues}
}
