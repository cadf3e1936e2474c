package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
)

// show lets an operator follow the request in the Temporal UI alone. It holds
// ids and facts, never the reason.
func (r *request) show() {
	updates := []temporal.SearchAttributeUpdate{AttrState.ValueSet(string(r.state))}
	if !r.expiresAt.IsZero() {
		updates = append(updates, AttrExpiresAt.ValueSet(r.expiresAt))
	}
	if err := workflow.UpsertTypedSearchAttributes(r.ctx, updates...); err != nil {
		workflow.GetLogger(r.ctx).Warn("search attributes not set", "error", err)
	}
	workflow.SetCurrentDetails(r.ctx, r.details())
}

func (r *request) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**", r.state)
	if r.outcome != "" {
		fmt.Fprintf(&b, " (%s)", r.outcome)
	}
	if r.overdue {
		b.WriteString(" **overdue**")
	}
	fmt.Fprintf(&b, ", contract `%s`, requester `%s`\n\n", r.plan.Contract, r.plan.Requester.ID)
	for _, g := range r.plan.Grants {
		fmt.Fprintf(&b, "- `%s` on `%s`: %s\n", g.Name, g.Target, g.Scope.Summary)
	}
	for _, s := range r.stages {
		fmt.Fprintf(&b, "- stage %s: %d of %d\n", s.Name, len(s.Approved), s.Approvals)
	}
	if !r.expiresAt.IsZero() {
		fmt.Fprintf(&b, "\nAccess ends at %s.", clock(r.expiresAt))
	}
	if r.problem != "" {
		fmt.Fprintf(&b, "\n\n%s", r.problem)
	}
	return b.String()
}

// InitialSearchAttributes are the search attributes a request starts with.
func InitialSearchAttributes(plan access.Plan) temporal.SearchAttributes {
	targets := []string{}
	for _, g := range plan.Grants {
		targets = append(targets, g.Target)
	}
	return temporal.NewSearchAttributes(
		AttrState.ValueSet(string(access.StatePending)),
		AttrRequester.ValueSet(plan.Requester.ID),
		AttrContract.ValueSet(plan.Contract),
		AttrTarget.ValueSet(targets),
	)
}
