package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/workflows"
)

// decisionGateway carries a signed decision to the request's workflow.
type decisionGateway interface {
	Decide(ctx context.Context, id string, signed evidence.Envelope) (workflows.DecideResult, error)
}

// decisionSigner signs a decision.
type decisionSigner interface {
	SignDecision(d access.Decision) (evidence.Envelope, error)
}

// extensionDecisionSigner signs a decision on an order to extend.
type extensionDecisionSigner interface {
	SignExtensionDecision(d access.Decision) (evidence.Envelope, error)
}

// decisionPasskeys verifies the approver's own signature.
type decisionPasskeys interface {
	verify(d access.Decision) error
}

// decisionLedger records a denial.
type decisionLedger interface {
	Advance(ctx context.Context, t access.Transition) error
}

// decider takes people's decisions.
type decider struct {
	requests  *requests
	ledger    decisionLedger
	ends      *endOrders
	contracts Contracts
	gateway   decisionGateway
	signer    decisionSigner
	passkeys  decisionPasskeys
	// extender makes extensions that were approved, whose decisions extensionSigner signs.
	extender        *extender
	extensionSigner extensionDecisionSigner
	// directory says which accounts are one human's now; nil: as they were signed.
	directory access.Directory
	refused   refusals
	now       clock
}

// DecisionInput is one person's verdict on one plan.
type DecisionInput struct {
	Verdict    access.Verdict
	PlanDigest string
	Comment    string
	Confirmed  []string          // of the rule's statements, word for word
	UpTo       access.Duration   // an approval for less than the plan's length; 0: all of it
	StartAt    *time.Time        // an approval from later on; nil: as planned
	Passkey    *access.Assertion // where the plan requires one; else it is left out of the record
}

// Decide takes one person's verdict on exactly the plan that they saw, and
// returns the request as the verdict leaves it. The same verdict again changes nothing,
// but a denial is sent to the workflow each time, as it was signed at first: a person who
// repeats it may have had no response, and the workflow may not have heard of it. A
// denial that only the ledger's columns have is not among the request's decisions, so
// it keeps out no real one (docs/threats.md, case 63). A denial after access has opened
// closes it (docs/threats.md, case 15).
func (d *decider) Decide(ctx context.Context, by access.Actor, id string, in DecisionInput) (access.Request, error) {
	r, err := d.requests.forAct(ctx, by, id, access.ActDecide)
	if err != nil {
		return r, err
	}
	if r.Asked != nil && in.PlanDigest == r.Asked.Order.Digest {
		return d.decideExtension(ctx, by, r, in)
	}
	if in.Verdict == access.Approve {
		if r, err = d.withRequesterOfNow(ctx, r); err != nil {
			return r, d.refused.record(ctx, by, id, access.ActDecide, err)
		}
	}
	onCall := d.requests.roles.rota.forDecision(ctx, by.Person, r.Plan, in.Verdict)
	if err := d.check(by.Person.OnCallBy(onCall, d.now()), r, in); err != nil {
		return r, d.refused.record(ctx, by, id, access.ActDecide, err)
	}
	said := slices.IndexFunc(r.Decisions, func(earlier access.Decision) bool {
		return earlier.Approver.SameHuman(by.Person) && earlier.Verdict == in.Verdict
	})
	again := said >= 0
	if again && in.Verdict == access.Approve {
		return r, nil
	}
	dec := access.Decision{RequestID: id, PlanDigest: in.PlanDigest, Verdict: in.Verdict, Approver: by.Person, Via: by.Via,
		Comment: in.Comment, Confirmed: in.Confirmed, UpTo: in.UpTo, StartAt: in.StartAt, OnCall: onCall, At: d.signedTime(by.Person, r, in.Verdict)}
	if again {
		dec = r.Decisions[said]
	}
	if in.Verdict == access.Approve {
		if dec, err = d.prove(r.Plan, dec, in.Passkey); err != nil {
			return r, d.refused.record(ctx, by, id, access.ActDecide, err)
		}
	}
	signed, err := d.signer.SignDecision(dec)
	if err != nil {
		return r, err
	}
	stands := false
	if in.Verdict == access.Deny {
		if stands, err = d.recordDenial(ctx, r, dec, signed); err != nil {
			// A ledger that cannot be written must not keep access open.
			_, _ = d.gateway.Decide(ctx, id, signed)
			return r, err
		}
	}
	res, err := d.gateway.Decide(ctx, id, signed)
	if err != nil && stands {
		// Access ends by the order in the ledger; the resender tells the workflow again.
		d.ends.log.WithError(err).WithField("request", id).Warn("a denial is recorded, and the workflow could not be told yet; it is told again")
		err = nil
	}
	if again && access.CodeOf(err) == access.CodeConflict { // it is denied, or over
		if strings.HasSuffix(err.Error(), "the request is "+string(access.StateDenied)) {
			res.Tally = access.TallyDenied
		}
		err = nil
	}
	if err != nil {
		return r, d.refused.record(ctx, by, id, access.ActDecide, d.requests.unanswered(ctx, err, r))
	}
	if r, err = d.requests.ledger.Request(ctx, id); err == nil {
		r.State = decidedState(r.State, res.Tally)
	}
	return r, err
}

// signedTime returns the time that a verdict of p is signed with: now, and for a denial
// not before what p said earlier. The server that took their approval may have a clock
// that is ahead of this one's; the denial counts all the same, and with a later time
// everybody who reads the statements sees that the approval held until then
// (docs/threats.md, case 12).
func (d *decider) signedTime(p access.Person, r access.Request, v access.Verdict) time.Time {
	at := d.now().Truncate(time.Microsecond)
	for _, earlier := range r.Decisions {
		if v == access.Deny && earlier.Approver.SameHuman(p) && !at.After(earlier.At) {
			at = earlier.At.Add(time.Microsecond)
		}
	}
	return at
}

// withRequesterOfNow returns the request with every account that is known to be its
// requester's now: one that was linked after they asked is theirs all the same
// (docs/threats.md, case 62). Errors are CodeForbidden for a requester who has left,
// and CodeUnavailable.
func (d *decider) withRequesterOfNow(ctx context.Context, r access.Request) (access.Request, error) {
	if d.directory == nil {
		return r, nil
	}
	snapshot, err := d.directory.DirectorySnapshot(ctx, r.Requester.Identities()...)
	if err != nil {
		return r, access.Errorf(access.CodeUnavailable, "the directory cannot be read: %w", err)
	}
	if _, err := snapshot.Restrict(r.Requester); err != nil {
		return r, err
	}
	r.Requester, r.Plan.Requester = snapshot.WithAccounts(r.Requester), snapshot.WithAccounts(r.Plan.Requester)
	return r, nil
}

// recordDenial writes a denial to the ledger before its workflow is told, with an
// order to end where it denies access that may be open: from then on workers open,
// extend and mint nothing for the request, even if the workflow never gets the message
// (docs/threats.md, case 57). It reports whether access ends by that alone.
func (d *decider) recordDenial(ctx context.Context, r access.Request, dec access.Decision, signed evidence.Envelope) (ends bool, err error) {
	envelope, err := json.Marshal(signed)
	if err != nil {
		return false, err
	}
	if err := d.ledger.Advance(ctx, access.DecisionRecorded(dec, envelope)); err != nil {
		return false, err
	}
	d.ends.remember(ctx, r)
	if !r.State.MayHaveAccess() {
		return false, nil
	}
	if tally, _ := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, append(slices.Clone(r.Decisions), dec)); tally != access.TallyDenied {
		return false, nil
	}
	return true, d.ends.record(ctx, access.EndOrder{RequestID: r.ID, PlanDigest: r.Plan.Digest, Kind: access.EndRevoke,
		By: dec.Approver.ID, Via: dec.Via, Reason: dec.Comment, At: dec.At})
}

// decidedState returns the state that follows from what the decisions amount to:
// the workflow records it a moment after it has answered, so that the ledger may
// still have the one before.
func decidedState(recorded access.State, tally access.Tally) access.State {
	switch {
	case tally == access.TallyDenied && (recorded == access.StatePending || recorded == access.StateApproved || recorded == access.StateScheduled):
		return access.StateDenied
	case tally == access.TallySatisfied && recorded == access.StatePending:
		return access.StateApproved
	}
	return recorded
}

// check reports why p may not decide this now; the worker checks again.
func (d *decider) check(p access.Person, r access.Request, in DecisionInput) error {
	switch {
	case in.Verdict != access.Approve && in.Verdict != access.Deny:
		return access.Invalid(access.Issue{Code: "decision_unknown", Field: "decision", Message: `decision must be "approve" or "deny"`})
	case in.PlanDigest == "":
		return access.Invalid(access.Issue{Code: "plan_digest_missing", Field: "planDigest", Message: "name the plan that you decide, by its digest"})
	}
	if err := checkText("comment", in.Comment); err != nil {
		return err
	}
	waited := d.now().Sub(r.Plan.CreatedAt)
	if err := r.Plan.Rule.MayDecide(in.Verdict, r.Requester, p, waited); err != nil {
		return err
	}
	if in.PlanDigest != r.Plan.Digest {
		return access.Refuse(access.CodeConflict, "wrong_digest", "the plan that you decided is not the plan of this request; look at it again")
	}
	if err := d.checkState(p, r, in.Verdict); err != nil {
		return err
	}
	if in.Verdict == access.Approve {
		if err := r.Plan.Rule.CheckAsked(p, waited, r.Stages); err != nil {
			return err
		}
		// The worker refuses it too; approvers learn it before they have read everything.
		if c := r.Plan.Change; c != nil {
			if err := access.CheckReplaces(c.Replaces, d.contracts.Status().Revision.Set); err != nil {
				return err
			}
		}
	}
	dec := access.Decision{Verdict: in.Verdict, Comment: in.Comment, Confirmed: in.Confirmed, UpTo: in.UpTo, StartAt: in.StartAt}
	if err := r.Plan.CheckNarrowing(dec, d.now()); err != nil {
		return err
	}
	if c, inForce := d.contracts.Current().Find(r.Contract); in.StartAt != nil && (!inForce || c.HasWindows()) {
		return access.InvalidField("narrow_window", "startAt", "contract %s has windows, which a later start could lead out of: deny it, and say when to ask for", r.Contract)
	}
	return r.Plan.Rule.CheckComment(dec)
}

// checkState reports why a verdict comes too late, or contradicts an earlier one. A
// denial is sent on whatever the ledger has: a false state or decision there must
// not keep it out, and the workflow knows whether it has come too late
// (docs/threats.md, case 58).
func (d *decider) checkState(p access.Person, r access.Request, v access.Verdict) error {
	switch {
	case v == access.Deny:
		return nil
	case r.State == access.StateLapsed, r.State == access.StatePending && d.now().After(r.Plan.PendingUntil):
		return access.Refuse(access.CodeTooLate, "lapsed", "the time for decisions ended at %s", r.Plan.PendingUntil.Format(time.RFC3339))
	case r.State.Final() || r.State == access.StateEnding:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", r.State)
	case r.State != access.StatePending && !hasDecided(p, r):
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s already", r.State)
	}
	for _, earlier := range r.Decisions {
		if earlier.Approver.SameHuman(p) && earlier.Verdict == access.Deny {
			return access.Refuse(access.CodeConflict, "already_decided", "you denied this request; a denial cannot be taken back")
		}
	}
	return nil
}

// prove checks what the rule requires of an approval beside the person: a
// recent login, a passkey's signature. The worker verifies both again.
func (d *decider) prove(plan access.Plan, dec access.Decision, signature *access.Assertion) (access.Decision, error) {
	if plan.Rule.Passkey {
		dec.Passkey = signature
	}
	if err := plan.Rule.Counts(plan, plan.Digest, dec); err != nil || !plan.Rule.Passkey {
		return dec, err
	}
	return dec, d.passkeys.verify(dec)
}

// ParseUpTo reads the length up to which somebody approves; empty is all of it.
func ParseUpTo(text string) (access.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return access.ParseDuration("upTo", text)
}

// maxText bounds comments and the reasons of acts, in characters.
const maxText = 1000

func checkText(field, s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxText {
		return access.Invalid(access.Issue{Code: "comment_too_long", Field: field, Message: fmt.Sprintf("this may have %d characters", maxText)})
	}
	// The same rule as for the reason of a request (docs/threats.md, case 8).
	if i := strings.IndexFunc(s, plaintext.Hidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return access.Invalid(access.Issue{Code: "comment_characters", Field: field, Message: plaintext.HiddenMessage(r)})
	}
	return nil
}
