package activities

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// MintCredential makes a credential for an open grant, sealed to the key that the
// requester named in a signed order. Each call makes a new one, and is recorded.
func (t *Targets) MintCredential(ctx context.Context, in api.MintCredentialInput) (evidence.SealedCredential, error) {
	s, err := t.mintCredential(ctx, in)
	if err != nil {
		recordRefusal(ctx, t.Ledger, requestOf(in.Plan, in.Of), access.EventActRefused, access.ActPickUp, err)
	}
	return s, api.ToTemporal(err)
}

func (t *Targets) mintCredential(ctx context.Context, in api.MintCredentialInput) (evidence.SealedCredential, error) {
	signed, err := signedPlan(ctx, t.Ledger, in.Plan, in.Of)
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	proof, err := t.authorizeDecided(ctx, signed, in.Decided)
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	plan := proof.Plan
	order, err := t.Keyring.VerifyPickUp(in.Order)
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	if err := plan.AllowsPickUp(order, t.now()); err != nil {
		return evidence.SealedCredential{}, notProven(err)
	}
	if _, err := t.applyDirectory(ctx, evidence.Authorized{Signed: access.Signed{Plan: plan}}); err != nil {
		return evidence.SealedCredential{}, err
	}
	row, err := t.grantRow(ctx, plan.RequestID, order.Grant)
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	if row.Status != ledger.GrantOpen || !t.now().Before(row.ExpiresAt) {
		return evidence.SealedCredential{}, access.Errorf(access.CodeConflict, "grant %s is not open", row.Name)
	}
	if err := t.verifyGrant(proof, row.Grant); err != nil {
		return evidence.SealedCredential{}, err
	}
	if err := t.verifyScope(ctx, plan, row.Grant); err != nil {
		return evidence.SealedCredential{}, err
	}
	secret, err := t.Broker.Mint(ctx, row.Grant)
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	sealed, err := evidence.Seal(order.Recipient, evidence.CredentialContext(plan.RequestID, order.Grant), secret)
	if err == nil && t.Signer != nil {
		sealed, err = t.Signer.Deliver(sealed, order, t.now())
	}
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	return sealed, t.Ledger.AppendEvent(ctx, access.Event{
		At: t.now(), RequestID: plan.RequestID, Kind: access.EventCredentialMinted, Actor: order.By.ID,
		Message: fmt.Sprintf("Of kind %s, good until %s.", secret.Kind, secret.ExpiresAt.UTC().Format(time.RFC3339)),
		Detail:  map[string]string{"grant": order.Grant, "target": row.Target, access.DetailCredential: secret.Kind},
		Key:     access.KeyMinted(order.Grant, order.At),
	})
}
