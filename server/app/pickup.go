package app

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// pickUpGateway carries a signed order for a credential to the request's
// workflow, and returns the credential, sealed.
type pickUpGateway interface {
	PickUp(ctx context.Context, id string, signed evidence.Envelope) (evidence.SealedCredential, error)
}

// pickUpSigner signs an order for a credential.
type pickUpSigner interface {
	SignPickUp(o access.PickUpOrder) (evidence.Envelope, error)
}

// pickUps mints credentials.
type pickUps struct {
	requests *requests
	gateway  pickUpGateway
	signer   pickUpSigner
	workers  evidence.Keyring // of workers; an empty one verifies nothing
	refused  refusals
	now      clock
}

// PickUp mints a credential, sealed to the public key recipient; only the
// requester may, while access is active. Where there is one grant its name may
// be left out.
func (u *pickUps) PickUp(ctx context.Context, by access.Actor, id, grant, recipient string) (evidence.SealedCredential, error) {
	var none evidence.SealedCredential
	r, err := u.requests.forAct(ctx, by, id, access.ActPickUp)
	if err != nil {
		return none, err
	}
	if err := evidence.ValidateRecipient(recipient); err != nil {
		return none, err
	}
	if grant == "" && len(r.Plan.Grants) == 1 {
		grant = r.Plan.Grants[0].Name
	}
	order := access.PickUpOrder{RequestID: id, PlanDigest: r.Plan.Digest, Grant: grant,
		Recipient: recipient, By: by.Person, Via: by.Via, At: u.now()}
	if err := checkPickUp(r, order); err != nil {
		return none, u.refused.record(ctx, by, id, access.ActPickUp, err)
	}
	signed, err := u.signer.SignPickUp(order)
	if err != nil {
		return none, err
	}
	sealed, err := u.gateway.PickUp(ctx, id, signed)
	if err != nil {
		return none, u.refused.record(ctx, by, id, access.ActPickUp, u.requests.unanswered(ctx, err, r))
	}
	// Anybody who may write to Temporal's namespace can reply in the workflow's place.
	if !u.workers.Empty() {
		if err := u.workers.VerifyDelivery(sealed, order, targetOf(r.Plan, grant)); err != nil {
			return none, u.refused.record(ctx, by, id, access.ActPickUp, err)
		}
	}
	sealed.Delivery = nil // the requester's client knows no worker
	return sealed, nil
}

// targetOf returns the target of a plan's grant; empty if the plan has none such.
func targetOf(p access.Plan, grant string) string {
	g, _ := p.Grant(grant, time.Time{})
	return g.Target
}

// waitsFor says whose approval stages wait for.
func waitsFor(stages []access.StageStatus) string {
	var who []string
	for _, s := range stages {
		if !s.Met {
			who = append(who, s.Needs())
		}
	}
	return strings.Join(who, ", and ")
}

// checkPickUp returns why the order is not signed: the worker checks again what
// the plan says.
func checkPickUp(r access.Request, o access.PickUpOrder) error {
	switch {
	case o.By.ID != r.Requester.ID:
		return access.Refuse(access.CodeForbidden, access.IssueNotRequester, "only the requester picks up credentials")
	case r.State == access.StatePending && len(r.Stages) > 0:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is pending, not active: it waits for the approval of %s", waitsFor(r.Stages))
	case r.State != access.StateActive:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
	case o.Grant == "":
		return access.InvalidField("grant_missing", "grant", "this request has several grants; name one")
	}
	return r.Plan.AllowsPickUp(o, o.At)
}
