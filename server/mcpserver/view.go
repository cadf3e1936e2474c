package mcpserver

import (
	"fmt"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/plaintext"
)

// untrusted is text that people wrote: who, and what about. Agents read it as data.
type untrusted struct {
	What string `json:"what"`
	By   string `json:"by,omitempty"`
	Text string `json:"text"`
}

const maxText = 2000 // characters of one text

// clean returns a text without characters that do not show.
func clean(text string, most int) string { return access.Clip(plaintext.Strip(text), most) }

func wrote(what, by, text string) (out []untrusted) {
	if text != "" {
		out = append(out, untrusted{what, clean(by, 200), clean(text, maxText)})
	}
	return out
}

// offerView is a contract as an agent sees it.
type offerView struct {
	Contract string                 `json:"contract"`
	Targets  []string               `json:"targets,omitempty"`
	Params   []contracts.OfferParam `json:"params,omitempty"`
	Duration string                 `json:"duration"`
	Reason   bool                   `json:"reason_needed"`
	Ticket   string                 `json:"ticket"`
	Approval string                 `json:"approval"`
	// What the contract's authors wrote about it.
	Untrusted []untrusted `json:"untrusted,omitempty"`
}

func viewOffer(o contracts.Offer) offerView {
	out := offerView{Contract: o.Contract, Targets: o.Targets, Ticket: o.Ticket,
		Duration: fmt.Sprintf("%s if you do not say, %s at the most", o.Duration.Default, o.Duration.Max), Reason: !o.Reason.Optional,
		Approval: "people approve", Untrusted: wrote("description of the contract", o.Owner, o.Description)}
	if o.Approval.Automatic {
		out.Approval = "none, if the conditions hold"
	}
	for _, p := range o.Params {
		out.Untrusted = append(out.Untrusted, wrote("description of the param "+p.Name, o.Owner, p.Description)...)
		p.Description = ""
		out.Params = append(out.Params, p)
	}
	return out
}

// requestView is a request as its agent sees it.
type requestView struct {
	Note       string     `json:"note"`
	ID         string     `json:"id,omitempty"`
	State      string     `json:"state"`
	Outcome    string     `json:"outcome,omitempty"`
	Contract   string     `json:"contract"`
	OnBehalfOf string     `json:"on_behalf_of"`
	Targets    []string   `json:"targets"`
	Grants     []string   `json:"grants,omitempty"`
	Duration   string     `json:"duration"`
	PlanDigest string     `json:"plan_digest"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	DecideBy   *time.Time `json:"decide_by,omitempty"`
	Page       string     `json:"page,omitempty"`
	Next       string     `json:"next"`
	// What people wrote: the reason, comments, what went wrong; and what is given, in which
	// are names that a target has, such as those of tables and roles.
	Untrusted []untrusted `json:"untrusted,omitempty"`
}

func (t tools) view(r access.Request) requestView {
	out := requestView{Note: note, ID: r.ID, State: string(r.State), Outcome: string(r.Outcome), Contract: r.Contract, OnBehalfOf: r.Requester.HumanID(),
		Duration: r.Plan.Duration.String(), PlanDigest: r.Plan.Digest, ExpiresAt: r.ExpiresAt, Next: next(r)}
	if r.ID != "" {
		out.Page = strings.TrimSuffix(t.pages, "/") + "/requests/" + r.ID
	}
	if r.State == access.StatePending {
		out.DecideBy = &r.Plan.PendingUntil
	}
	for _, g := range r.Plan.Grants {
		out.Targets = append(out.Targets, g.Target)
		out.Grants = append(out.Grants, g.Name)
		out.Untrusted = append(out.Untrusted, wrote("what is given on "+g.Target, "", g.Scope.Summary)...)
	}
	out.Untrusted = append(out.Untrusted, wrote("reason", r.Requester.Label(), r.Plan.Reason)...)
	for _, d := range r.Decisions {
		out.Untrusted = append(out.Untrusted, wrote("comment on the decision to "+string(d.Verdict), d.Approver.Label(), d.Comment)...)
	}
	out.Untrusted = append(out.Untrusted, wrote("problem", "", r.Problem)...)
	return out
}

// next says in Ramp's words what the agent can do.
func next(r access.Request) string {
	switch r.State {
	case access.StatePending:
		return "people have to decide; tell the person for whom you act that it waits, and call wait_for_access"
	case access.StateApproved, access.StateGranting:
		return "it is being opened; call wait_for_access"
	case access.StateScheduled:
		return "it is approved and opens later; call wait_for_access then"
	case access.StateActive:
		return "it is open; call use_access, and release_access as soon as you are done"
	case access.StateDenied:
		return "it was denied; do not ask for it again, tell the person for whom you act"
	case access.StateEnding:
		return "it is being closed, and not yet proven gone; do not use it any more"
	case access.StateEnded:
		return "it is over, and proven gone"
	case access.StateFailed:
		return "opening it failed, and whatever of it was opened is closed again; tell the person for whom you act"
	}
	return "it is over, and nothing was opened; tell the person for whom you act"
}
