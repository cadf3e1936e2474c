package access

import "time"

// BreakGlass is in the plan of access that opens at once, with nobody's consent, for
// an emergency. Somebody else must then write a review of it.
type BreakGlass struct {
	Reviewers []string  `json:"reviewers"` // groups; a member of any of them may write the review
	ReviewBy  time.Time `json:"reviewBy"`  // UTC, when it must be written
}

// Review is what somebody else says of a use of break glass, afterwards.
type Review struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	By         Person    `json:"by"`
	Via        Via       `json:"via,omitempty"`
	Justified  bool      `json:"justified"` // whether there was reason to break the glass
	Comment    string    `json:"comment"`
	At         time.Time `json:"at"` // UTC
}

// MinReview is how many letters and digits a review needs.
const MinReview = 20

// MayReview returns nil if p may review the plan's use of break glass. Errors are
// CodeForbidden: the requester never may, under whichever account (docs/threats.md,
// case 43).
func (p Plan) MayReview(by Person) error {
	switch {
	case p.BreakGlass == nil:
		return Refuse(CodeForbidden, "nothing_to_review", "nobody broke glass for this: there is nothing to review")
	case by.Kind != KindHuman:
		return Refuse(CodeForbidden, "reviewer_not_human", "only people review; agents and services never do")
	case by.SameHuman(p.Requester):
		return Refuse(CodeForbidden, "own_request", "nobody reviews their own use of break glass")
	case !by.InAnyGroup(p.BreakGlass.Reviewers...):
		return Refuse(CodeForbidden, "not_a_reviewer", "you are in none of the groups that review this")
	}
	return nil
}

// AllowsReview returns nil if r is a review of this plan that counts. Errors are also
// CodeEvidence if it is about another plan, and CodeInvalid if it says too little. A
// late review counts: late is better than never, and its time is signed.
func (p Plan) AllowsReview(r Review) error {
	if r.RequestID != p.RequestID || r.PlanDigest != p.Digest {
		return Refuse(CodeEvidence, IssueWrongPlan, "the review is about another request or plan")
	}
	if err := p.MayReview(r.By); err != nil {
		return err
	}
	if n := LettersAndDigits(r.Comment); n < MinReview {
		return InvalidField("comment_too_short", "comment", "say what happened and whether there was reason: at least %d letters and digits, not %d", MinReview, n)
	}
	if r.At.Before(p.CreatedAt) {
		return Refuse(CodeEvidence, "review_too_early", "the review is older than the plan")
	}
	return nil
}

// ReviewDue reports whether a use of break glass still waits for its review. Only what
// never opened anything needs none: access that ended while its second grant was being
// opened was never active, and was open.
func (r Request) ReviewDue() bool {
	return r.Plan.BreakGlass != nil && r.Review == nil && (!r.State.Final() || r.State == StateEnded || r.ActiveAt != nil)
}
