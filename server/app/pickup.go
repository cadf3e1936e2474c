package app

import (
	"context"
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
	now := u.now()
	if err := checkPickUp(by.Person, r, grant, now); err != nil {
		return none, u.refused.record(ctx, by, id, access.ActPickUp, err)
	}
	signed, err := u.signer.SignPickUp(access.PickUpOrder{RequestID: id, PlanDigest: r.Plan.Digest, Grant: grant,
		Recipient: recipient, By: by.Person, Via: by.Via, At: now})
	if err != nil {
		return none, err
	}
	sealed, err := u.gateway.PickUp(ctx, id, signed)
	if err != nil {
		return none, u.refused.record(ctx, by, id, access.ActPickUp, asNotRunning(err))
	}
	return sealed, nil
}

// checkPickUp reports why p gets no credential of this now; the worker checks
// again.
func checkPickUp(p access.Person, r access.Request, grant string, now time.Time) error {
	switch {
	case p.ID != r.Requester.ID:
		return access.Refuse(access.CodeForbidden, "not_requester", "only the requester picks up credentials")
	case r.State != access.StateActive:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
	case grant == "":
		return access.Invalid(access.Issue{Code: "grant_missing", Field: "grant", Message: "this request has several grants; name one"})
	}
	return p.RequireRecentLogin(r.Plan.StepUp, now)
}
