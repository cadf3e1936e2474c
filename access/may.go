package access

import (
	"slices"
	"time"
)

// The rules of this file and of Rule are the only place that says what a plan
// allows. The server asks them before it signs, the worker before it acts, and
// the offline verifier of evidence packs afterwards: each with the same signed
// statements, so that each comes to the same result.

// Issues of orders that a plan does not allow.
const (
	IssueWrongPlan       = "wrong_plan"         // the statement is about another request or plan
	IssueNotRequester    = "not_requester"      // the order is somebody else's
	IssuePasskeyNeeded   = "passkey_needed"     // the approval carries no passkey
	IssueNotExtendable   = "not_extendable"     // the contract has no extensions
	IssueExtensionNumber = "extension_number"   // more extensions than were approved, or one out of turn
	IssueExtendedOver    = "extend_over_limit"  // the whole would last too long
	IssueUnknownGrant    = "unknown_grant"      // the plan has no such grant
	IssueStalePickUp     = "pickup_order_stale" // the order was signed too long ago
)

// PickUpWithin is how long a signed pick-up order is good for, so that one that
// was recorded on its way mints nothing later.
const PickUpWithin = time.Minute

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

// EarliestStart returns when access may open at the earliest: when the rule was
// satisfied, or at the planned start if that is later.
func (p Plan) EarliestStart(satisfied time.Time) time.Time {
	if p.StartAt != nil && p.StartAt.After(satisfied) {
		return *p.StartAt
	}
	return satisfied
}

// LatestEnd returns when access must have ended that started at a time: after
// the plan's duration and what the allowed extension orders add.
func (p Plan) LatestEnd(start time.Time, orders []ExtensionOrder) time.Time {
	return start.Add(p.ExtendedDuration(orders).Std())
}

// ExtendedDuration returns how long access may last with these orders to extend.
// An order is delivered more than once, and one whose first attempt failed is
// made again under the same number: of each number the longest counts. A number
// without the one before it does not count. The whole never lasts longer than the
// plan may be extended to.
func (p Plan) ExtendedDuration(orders []ExtensionOrder) Duration {
	longest := map[int]Duration{}
	for _, o := range orders {
		if p.AllowsExtension(o, 0) == nil {
			longest[o.Number] = max(longest[o.Number], o.Adds)
		}
	}
	total := p.Duration
	for n := 1; longest[n] > 0; n++ {
		total = min(total+longest[n], max(p.Extend.UpTo, p.Duration))
	}
	return total
}

// CheckExtensions returns why one of the orders to extend was not allowed, in the
// order in which they were made; see AllowsExtension.
func (p Plan) CheckExtensions(orders []ExtensionOrder) error {
	for i, o := range orders {
		var others []ExtensionOrder
		for _, earlier := range orders[:i] {
			if earlier.Number < o.Number {
				others = append(others, earlier)
			}
		}
		if err := p.AllowsExtension(o, (p.ExtendedDuration(others) + o.Adds).Std()); err != nil {
			return err
		}
		if o.Number > 1 && !slices.ContainsFunc(others, func(e ExtensionOrder) bool { return e.Number == o.Number-1 }) {
			return Refuse(CodeEvidence, IssueExtensionNumber, "extension %d was ordered without the one before it", o.Number)
		}
	}
	return nil
}
