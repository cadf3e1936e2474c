package access

import (
	"slices"
	"time"
	"unicode"
)

// Stage is one approval that is needed: by so many of some people, or in one of
// several ways.
type Stage struct {
	Name      string         `json:"name"`
	From      []string       `json:"from"` // group names; a member of any of them may decide
	People    []string       `json:"people,omitempty"`
	OnCall    []string       `json:"onCall,omitempty"` // schedules
	Where     *ApproverCheck `json:"where,omitempty"`
	Approvals int            `json:"approvals"`       // how many people must approve; at least 1
	AnyOf     []Approvers    `json:"anyOf,omitempty"` // ways to meet the stage, instead of the fields above; one is enough
	// Level orders the stages: those of a level are asked when all of the levels
	// below are met. 0 is the first.
	Level int `json:"level,omitempty"`
	// Denials is how many of the stage's own people deny by themselves, whatever
	// DenyThreshold says; 0 leaves it to that.
	Denials int `json:"denials,omitempty"`
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
	// Comment is how many letters and digits an approval's comment needs, DenyComment
	// a denial's. A denial without them counts all the same: it opens nothing.
	Comment     int      `json:"comment,omitempty"`
	DenyComment int      `json:"denyComment,omitempty"`
	Confirm     []string `json:"confirm,omitempty"` // what an approver must confirm, word for word
	// Authors are those who wrote what is approved, beside the requester: none of them
	// approves it, by whichever account. Denying is not theirs to lose: somebody who
	// could have an owner counted as an author would silence them.
	Authors []Person `json:"authors,omitempty"`
	// Escalate are more people who may decide, in every stage, once the request has
	// waited for so long.
	Escalate []Escalation `json:"escalate,omitempty"`
}

// Escalation adds people who may decide once a request has waited.
type Escalation struct {
	After  Duration `json:"after"`            // since the plan was made
	To     []string `json:"to"`               // group names
	OnCall []string `json:"onCall,omitempty"` // schedules
}

// MayDecide returns nil if p may give a verdict on a plan of requester under this rule,
// which has waited for so long. Whoever may approve may deny.
// Errors are of code CodeForbidden with one issue that says why.
func (r Rule) MayDecide(v Verdict, requester, p Person, waited time.Duration) error {
	switch {
	case p.Kind != KindHuman:
		return Refuse(CodeForbidden, "approver_not_human", "only people decide; agents and services never do")
	// An alias or an agent of the requester is the requester (docs/threats.md, cases 2 and 3).
	case p.SameHuman(requester) && !r.SelfApproval:
		return Refuse(CodeForbidden, "own_request", "nobody decides their own request")
	case v != Deny && slices.ContainsFunc(r.Authors, p.SameHuman):
		return Refuse(CodeForbidden, "own_work", "you are among the authors of these contracts: you uploaded just this set, or signed its commits, and nobody approves what they wrote; you can deny it")
	}
	for _, s := range r.Stages {
		if s.Admits(p) {
			return nil
		}
	}
	if len(r.Stages) > 0 && r.escalated(p, waited) {
		return nil
	}
	return Refuse(CodeForbidden, "not_an_approver", "you are none of those who approve this request")
}

// escalated reports whether p may decide since the request has waited for so long.
func (r Rule) escalated(p Person, waited time.Duration) bool {
	return slices.ContainsFunc(r.Escalate, func(e Escalation) bool {
		return waited >= e.After.Std() && (p.InAnyGroup(e.To...) || p.onAnyCall(e.OnCall))
	})
}

// CheckAsked returns nil if p is asked for an approval now, or never will be: in a
// stage of which the levels before are met. The error is CodeConflict.
func (r Rule) CheckAsked(p Person, waited time.Duration, stages []StageStatus) error {
	later := ""
	for _, s := range stages {
		switch {
		case !s.Admits(p) && !r.escalated(p, waited):
		case s.Waits:
			later = s.Name
		default:
			return nil
		}
	}
	if later == "" {
		return nil
	}
	return Refuse(CodeConflict, "not_asked_yet", "stage %s is asked once the stages before it are met", later)
}

// CheckComment returns nil if a decision says what the rule wants it to say. Errors
// are CodeInvalid, with everything that is missing.
func (r Rule) CheckComment(d Decision) error {
	var is Issues
	least := r.Comment
	if d.Verdict == Deny {
		least = r.DenyComment
	}
	if n := LettersAndDigits(d.Comment); n < least {
		is.Add("comment_too_short", "comment", "say why: the comment needs at least %d letters and digits, and has %d", least, n)
	}
	for _, text := range r.Confirm {
		if d.Verdict == Approve && !slices.Contains(d.Confirmed, text) {
			is.Add("not_confirmed", "confirmed", "an approval needs that you confirm: %s", text)
		}
	}
	return is.Err()
}

// LettersAndDigits counts the characters of a text that tell something; some that
// do not show are letters to Unicode.
func LettersAndDigits(text string) int {
	n := 0
	for _, r := range text {
		if (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			n++
		}
	}
	return n
}

// Counts returns nil if d counts towards plan, whose digest is given. Errors are
// CodeEvidence for a decision about another plan, CodeUnauthenticated for an
// approval after too old a login, CodeForbidden for one without the passkey that
// the rule wants, by somebody who may not decide, or made where a change of contracts is
// not shown, CodeInvalid for one without the words that it wants, and CodeTooLate. A
// denial needs no login, no passkey and no haste, and comes from everywhere: it opens
// nothing.
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
		if err := r.CheckComment(d); err != nil {
			return err
		}
		if plan.Change != nil && !d.Via.ShowsContracts() {
			return Refuse(CodeForbidden, IssueNotShown, "what a change of contracts makes possible is on the page; approve it there")
		}
	}
	if err := r.MayDecide(d.Verdict, plan.Requester, d.Voter(), d.At.Sub(plan.CreatedAt)); err != nil {
		return err
	}
	if d.Verdict == Approve && d.At.After(plan.PendingUntil) {
		return Refuse(CodeTooLate, "lapsed", "the time for deciding was over at %s", FormatTime(plan.PendingUntil))
	}
	return nil
}
