package access

import "time"

// The rules of this file, of Signed and of Rule are the only place that says what a plan
// allows. The server asks them before it signs, the worker before it acts, and
// the offline verifier of evidence packs afterwards: each with the same signed
// statements, so that each comes to the same result.

// Issues of orders that a plan does not allow.
const (
	IssueWrongPlan          = "wrong_plan"          // the statement is about another request or plan
	IssueNotRequester       = "not_requester"       // the order is somebody else's
	IssuePasskeyNeeded      = "passkey_needed"      // the approval carries no passkey
	IssueNotExtendable      = "not_extendable"      // the contract has no extensions
	IssueExtensionNumber    = "extension_number"    // more extensions than were approved, or one out of turn
	IssueExtendedOver       = "extend_over_limit"   // the whole would last too long
	IssueExtendsNothing     = "extends_nothing"     // access does not end when the order says
	IssueExtensionUndecided = "extension_undecided" // people decide extensions, and have not approved this one
	IssueStopped            = "stopped"             // somebody has ended or denied the request
	IssueOpenedTooLate      = "opened_too_late"     // the approval, or its confirmation, is too old to open anything
	IssueNotConfirmed       = "not_confirmed"       // no server has confirmed the planned start
	IssueUnknownGrant       = "unknown_grant"       // the plan has no such grant
	IssueStalePickUp        = "pickup_order_stale"  // the order was signed too long ago
	IssueNotShown           = "change_not_shown"    // approved where Ramp does not show how contracts would change
)

// PickUpWithin is how long a signed pick-up order is good for, so that one that
// was recorded on its way mints nothing later.
const PickUpWithin = time.Minute

// ActWithin is how long a signed statement that gives access is good for: an
// approval after the rule was satisfied, a confirmation after the planned start, an
// order to extend after it was signed. One that somebody holds back is worthless then
// (docs/threats.md, case 61).
const ActWithin = 10 * time.Minute

// ConfirmAhead is how long before a planned start a server may confirm it, so that
// access opens on time.
const ConfirmAhead = 10 * time.Second

// AllowsRequest returns nil if the requester had logged in recently enough when
// the plan was made; see RequireRecentLogin for the error.
func (p Plan) AllowsRequest() error {
	return p.Requester.RequireRecentLogin(p.StepUp, p.CreatedAt)
}

// AllowsExtension returns nil if the plan allows o, which would make access
// last total from its start. The server counts total from when access became
// active, a worker from when it began to open, the verifier from the signed
// lengths. Errors are CodeEvidence if the order is not about this plan or not
// the requester's, CodeInvalid if it adds no time, CodeForbidden if the plan
// does not go that far, CodeUnauthenticated if the login is too old.
func (p Plan) AllowsExtension(o ExtensionOrder, total time.Duration) error {
	if err := p.checkOrder(o.RequestID, o.PlanDigest, o.By); err != nil {
		return err
	}
	switch {
	case p.Extend == nil:
		return Refuse(CodeForbidden, IssueNotExtendable, "contract %s allows no extensions; make a new request when this ends", p.Contract)
	case o.Number < 1 || o.Number > p.Extend.Times:
		return Refuse(CodeForbidden, IssueExtensionNumber, "extension %d is more than the %d that were approved", o.Number, p.Extend.Times)
	case o.Adds <= 0:
		return InvalidField("duration_not_positive", "for", "an extension must add time, not %s", o.Adds)
	case o.At.After(o.From.Add(ClockSkew)):
		return Refuse(CodeEvidence, IssueExtendsNothing, "the order to extend was made at %s, after the end that it starts from", FormatTime(o.At))
	case p.NotAfter != nil && o.From.Add(o.Adds.Std()).After(*p.NotAfter):
		return Refuse(CodeForbidden, IssueExtendedOver, "access must have ended at %s", FormatTime(*p.NotAfter))
	case total > p.Extend.UpTo.Std():
		return Refuse(CodeForbidden, IssueExtendedOver, "with %s more this would last %s; %s in all were approved",
			o.Adds, Duration(total.Round(time.Second)), p.Extend.UpTo)
	}
	return o.By.RequireRecentLogin(p.StepUp, o.At)
}

// AllowsPickUp returns nil if the plan allows o at a time. Errors are
// CodeEvidence if the order is not about this plan or not the requester's,
// CodeNotFound for a grant that the plan does not have, CodeTooLate if the order
// is too old, CodeUnavailable if it was signed in the future, CodeUnauthenticated
// if the login is too old.
func (p Plan) AllowsPickUp(o PickUpOrder, now time.Time) error {
	if err := p.checkOrder(o.RequestID, o.PlanDigest, o.By); err != nil {
		return err
	}
	if _, err := p.Grant(o.Grant, time.Time{}); err != nil {
		return Refuse(CodeNotFound, IssueUnknownGrant, "this request has no grant %q", Clip(o.Grant, 60))
	}
	switch age := now.Sub(o.At); {
	case age > PickUpWithin:
		return Refuse(CodeTooLate, IssueStalePickUp, "the pick-up order is older than %s", Duration(PickUpWithin))
	// A worker whose clock is slow would ask the target for too long a lifetime:
	// some targets take a TTL, and not a date.
	case age < -ClockSkew:
		return Errorf(CodeUnavailable, "this worker's clock is %s behind the server's", (-age).Round(time.Second))
	}
	return o.By.RequireRecentLogin(p.StepUp, o.At)
}

// checkOrder refuses an order that is about another plan, or is not from the
// account that made the request: a linked account of the same human has no
// access of its own to extend or to pick up.
func (p Plan) checkOrder(requestID, digest string, by Person) error {
	switch {
	case requestID != p.RequestID || digest != p.Digest:
		return Refuse(CodeEvidence, IssueWrongPlan, "the order is about another request or plan")
	case by.ID != p.Requester.ID:
		return Refuse(CodeEvidence, IssueNotRequester, "only the requester extends access and picks credentials up")
	}
	return nil
}
