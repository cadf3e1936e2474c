package evidence

import (
	"slices"

	"ramp.dev/ramp/access"
)

// AuthorizeRequest is Authorize with everything else that was signed about the
// request: of the statements, in whatever order and however often each is given, it
// takes those that count. Decisions on the plan prove all or nothing, as they do for Authorize.
// Of the rest, what no trusted key signed is left out: orders to extend, decisions on
// them and confirmations, which servers sign, and receipts of openings, which workers sign.
// Leaving them out can only shorten access. An order to end counts without a valid
// signature. Errors are Authorize's.
func (k Keyring) AuthorizeRequest(plan Envelope, statements []Envelope, workers Keyring) (Authorized, error) {
	byType := map[string][]Envelope{}
	seen := map[string]bool{}
	for _, e := range statements {
		if id := e.PayloadType + " " + e.Payload; !seen[id] {
			seen[id] = true
			byType[e.PayloadType] = append(byType[e.PayloadType], e)
		}
	}
	a, err := k.Authorize(plan, byType[TypeDecision])
	if err != nil {
		return a, err
	}
	for _, e := range byType[TypeExtension] {
		if o, err := k.VerifyExtension(e); err == nil {
			a.Extensions = append(a.Extensions, o)
		}
	}
	for _, e := range byType[TypeExtensionDecision] {
		if d, err := k.VerifyExtensionDecision(e); err == nil && k.checkExtensionPasskey(a.Plan, d) == nil {
			a.ExtensionDecisions = append(a.ExtensionDecisions, d)
		}
	}
	for _, e := range byType[TypeConfirmation] {
		if c, _, err := verified[access.Confirmation](k, e, TypeConfirmation); err == nil {
			a.Confirmations = append(a.Confirmations, c)
		}
	}
	for _, e := range byType[TypeEnd] {
		if o, _, err := decode[access.EndOrder](e, TypeEnd); err == nil {
			a.Ends = append(a.Ends, o)
		}
	}
	if workers.Empty() {
		return a, nil
	}
	for _, e := range byType[TypeReceipt] {
		claimed, _, err := decode[access.Receipt](e, TypeReceipt)
		if err != nil || !slices.ContainsFunc(a.Plan.Grants, func(g access.PlannedGrant) bool { return g.Name == claimed.Grant && g.Target == claimed.Target }) {
			continue // a worker of another target says nothing of this one
		}
		if r, _, err := verified[access.Receipt](workers.ForTarget(claimed.Target), e, TypeReceipt); err == nil && r.Kind == access.ReceiptOpened {
			a.Openings = append(a.Openings, r)
		}
	}
	return a, nil
}

// checkExtensionPasskey verifies the approver's own signature on an order to extend,
// where the plan wants one.
func (k Keyring) checkExtensionPasskey(p access.Plan, d access.Decision) error {
	if !p.AsksForExtensions() {
		return nil
	}
	return k.checkPasskeys(access.Plan{Rule: *p.Extend.Rule}, []access.Decision{d})
}
