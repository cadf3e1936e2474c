package access

// Stage names the groups of one approval, and how many of their people must approve.
type Stage struct {
	Name      string   `json:"name"`
	From      []string `json:"from"`      // group names; a member of any of them may decide
	Approvals int      `json:"approvals"` // how many people must approve; at least 1
}

// Rule is what must be decided before a plan may run: every stage met, by
// distinct people. A rule with no stages is satisfied only when Auto says that
// the contract approved by itself; the zero Rule approves nothing.
type Rule struct {
	Stages        []Stage `json:"stages,omitempty"`
	DenyThreshold int     `json:"denyThreshold"`          // how many denials deny; at least 1
	Auto          bool    `json:"auto,omitempty"`         // the contract's auto condition was satisfied
	SelfApproval  bool    `json:"selfApproval,omitempty"` // the contract says selfApproval: the requester may count
	Passkey       bool    `json:"passkey,omitempty"`      // an approval counts only with the approver's own signature; nothing is approved without a person
	// StepUp is the oldest login with which an approver may approve; 0 accepts any.
	StepUp Duration `json:"stepUp,omitempty"`
}

// MayDecide returns nil if p may decide a plan of requester under this rule.
// Errors are of code CodeForbidden with one issue that says why.
func (r Rule) MayDecide(requester, p Person) error {
	switch {
	case p.Kind != KindHuman:
		return Refuse(CodeForbidden, "approver_not_human", "only people decide; agents and services never do")
	// An alias or an agent of the requester is the requester (docs/threats.md, cases 2 and 3).
	case p.SameHuman(requester) && !r.SelfApproval:
		return Refuse(CodeForbidden, "own_request", "nobody decides their own request")
	}
	for _, s := range r.Stages {
		if p.InAnyGroup(s.From...) {
			return nil
		}
	}
	return Refuse(CodeForbidden, "not_an_approver", "you are in none of the groups that approve this request")
}

// Counts returns nil if d counts towards plan, whose digest is given. Errors are
// CodeEvidence for a decision about another plan, CodeUnauthenticated for an
// approval after too old a login, CodeForbidden for one without the passkey that
// the rule wants or by somebody who may not decide, and CodeTooLate. A denial
// needs no login, no passkey and no haste: it opens nothing.
func (r Rule) Counts(plan Plan, digest string, d Decision) error {
	if d.RequestID != plan.RequestID || d.PlanDigest != digest {
		return Refuse(CodeEvidence, IssueWrongPlan, "a decision is for another plan")
	}
	if d.Verdict == Approve {
		if err := d.Approver.RequireRecentLogin(r.StepUp, d.At); err != nil {
			return err
		}
		if r.Passkey && d.Passkey == nil {
			return Refuse(CodeForbidden, IssuePasskeyNeeded, "this plan is approved with a passkey, in the browser; the approval carries none")
		}
	}
	if err := r.MayDecide(plan.Requester, d.Approver); err != nil {
		return err
	}
	if d.Verdict == Approve && d.At.After(plan.PendingUntil) {
		return Refuse(CodeTooLate, "lapsed", "the time for deciding was over at %s", FormatTime(plan.PendingUntil))
	}
	return nil
}
