package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
)

// What the Temporal UI shows of a request, for operators: a summary in the list,
// fixed details of what was asked for, and current details of how it stands. All
// are payloads, and encrypted as such; search attributes are in clear. None has
// the reason.

// Summary says in one line who asks for what, and for how long.
func Summary(plan access.Plan) string {
	if plan.Lasting() {
		return clip(fmt.Sprintf("%s proposes contracts under %s (%s)", plan.Requester.ID, plan.Contract, strings.Join(scopes(plan), ", ")))
	}
	return clip(fmt.Sprintf("%s asks for %s (%s), for %s", plan.Requester.ID, plan.Contract, strings.Join(scopes(plan), ", "), plan.Duration))
}

// Details says what was asked for, and who may approve it. Versions and digests stand in
// the input.
func Details(plan access.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, at %s.\n\n", wish(plan), formatTime(plan.CreatedAt))
	for _, g := range plan.Grants {
		fmt.Fprintf(&b, "- on `%s`: %s (grant `%s`)\n", g.Target, g.Scope.Summary, g.Name)
	}
	if plan.BreakGlass != nil {
		b.WriteString("\n**BREAK GLASS**: nobody was asked.")
	} else if len(plan.Rule.Stages) == 0 {
		b.WriteString("\nThe contract approves this by itself.")
	}
	for _, s := range plan.Rule.Stages {
		fmt.Fprintf(&b, "\nStage %s: %s.", s.Name, s.Needs())
	}
	return access.Clip(b.String(), maxDetails)
}

// wish says who asks for what. What a change of contracts takes into force stays, so that
// its length means nothing to who reads it.
func wish(plan access.Plan) string {
	if plan.Lasting() {
		return fmt.Sprintf("`%s` proposes contracts under **%s**", plan.Requester.ID, plan.Contract)
	}
	return fmt.Sprintf("`%s` asks for **%s** for %s", plan.Requester.ID, plan.Contract, plan.Duration)
}

// maxDetails bounds details, in characters: Temporal takes 20,000 bytes.
const maxDetails = 4000

func scopes(plan access.Plan) (out []string) {
	for _, g := range plan.Grants {
		out = append(out, g.Scope.Summary+" on "+g.Target)
	}
	return out
}

// stateOpened is what RampState says from when access is opened: with a workflow that
// runs it is open, with one that is completed it has ended as planned or as somebody
// ordered. So the list shows an ending without being written for it.
const stateOpened = "opened"

// publish shows the request's state: in search attributes, by which operators find
// it, and in the current details.
func (r *request) publish() {
	r.shown = string(r.State)
	if opens := r.State == access.StateGranting || r.State == access.StateActive; opens && !r.carries() {
		r.shown = stateOpened
	} else if opens && !r.first() {
		r.shown = string(access.StateActive)
	}
	updates := []temporal.SearchAttributeUpdate{AttrState.ValueSet(r.shown)}
	if !r.ExpiresAt.IsZero() {
		updates = append(updates, AttrExpiresAt.ValueSet(r.ExpiresAt))
	}
	if err := workflow.UpsertTypedSearchAttributes(r.ctx, updates...); err != nil {
		workflow.GetLogger(r.ctx).Warn("search attributes not set", "error", err)
	}
	workflow.SetCurrentDetails(r.ctx, r.details())
}

// details says in words how the request stands, and what it waits for.
func (r *request) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s.\n\n", r.standing(), wish(r.plan))
	for _, g := range r.plan.Grants {
		fmt.Fprintf(&b, "- on `%s`: %s\n", g.Target, g.Scope.Summary)
	}
	for _, s := range r.Stages {
		fmt.Fprintf(&b, "- %s\n", approvals(s))
	}
	if r.Problem != "" {
		fmt.Fprintf(&b, "\n%s", r.Problem)
	}
	return access.Clip(b.String(), maxDetails)
}

// standing says in one sentence where the request is.
func (r *request) standing() string {
	if text := r.lasting(); text != "" {
		return text
	}
	switch r.State {
	case access.StatePending:
		return fmt.Sprintf("**Waits for %s**, until %s.", strings.Join(r.approvers(), " and "), formatTime(r.plan.PendingUntil))
	case access.StateScheduled:
		return fmt.Sprintf("**Approved**, and starts at %s.", formatTime(*r.plan.StartAt))
	case access.StateApproved, access.StateGranting:
		return "**Approved**: access is being opened."
	case access.StateActive:
		return fmt.Sprintf("**Active** until %s.", formatTime(r.ExpiresAt))
	case access.StateEnding:
		if r.Overdue {
			return fmt.Sprintf("**Overdue**: access (%s) is not proven closed. Ramp keeps trying.", r.Outcome)
		}
		return fmt.Sprintf("**Ending** (%s): access is being closed.", r.Outcome)
	case access.StateEnded:
		return fmt.Sprintf("**Ended** (%s): everything was read back as gone.", r.Outcome)
	case access.StateLapsed:
		return "**Lapsed**: nobody decided in time."
	case access.StateDenied:
		return "**Denied**."
	case access.StateCancelled:
		return fmt.Sprintf("**Cancelled** by `%s`.", r.End.By)
	}
	return fmt.Sprintf("**%s**.", r.State)
}

// lasting is what standing says of a change of contracts where it is not as with access
// that ends; "" for everything else.
func (r *request) lasting() string {
	if !r.plan.Lasting() {
		return ""
	}
	switch r.State {
	case access.StateApproved, access.StateGranting:
		return "**Approved**: the contracts are being taken into force."
	case access.StateActive:
		return "**In force**, until another request replaces the contracts."
	case access.StateEnding:
		return "**Ending**: the contracts stay in force."
	case access.StateEnded:
		return "**Over**: the contracts stay in force until another request replaces them."
	}
	return ""
}

// approvers are the groups whose approval is missing, stage by stage.
func (r *request) approvers() (out []string) {
	for _, s := range r.Stages {
		if !s.Met && !s.Waits {
			out = append(out, s.Needs())
		}
	}
	if len(out) == 0 {
		out = []string{"the verification of its approvals"}
	}
	return out
}

func approvals(s access.StageStatus) string {
	text := fmt.Sprintf("stage %s: %s", s.Name, s.Progress())
	if len(s.Approved) > 0 {
		text += " (" + strings.Join(s.Approved, ", ") + ")"
	}
	return text
}

// InitialSearchAttributes returns the search attributes that a request starts with.
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

// formatTime writes a time for operators; the Temporal UI shows it as it is.
func formatTime(t time.Time) string { return t.UTC().Format("15:04:05 UTC on 2 Jan") }
