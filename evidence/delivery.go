package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"ramp.dev/ramp/access"
)

// Deliver returns the sealed credential with the worker's statement that it made
// it for an order.
func (s *Signer) Deliver(sealed SealedCredential, order access.PickUpOrder, at time.Time) (SealedCredential, error) {
	e, err := signed(s, TypeDelivery, deliveryOf(sealed, order, at))
	sealed.Delivery = &e
	return sealed, err
}

// VerifyDelivery returns an error of code evidence unless a worker that serves the
// grant's target, by one of the ring's keys, made the sealed credential for just
// this order: this request, this grant, this recipient.
func (k Keyring) VerifyDelivery(sealed SealedCredential, order access.PickUpOrder, target string) error {
	if sealed.Delivery == nil {
		return access.Errorf(access.CodeEvidence, "no worker has signed the credential")
	}
	d, _, err := verified[access.Delivery](k.ForTarget(target), *sealed.Delivery, TypeDelivery)
	if err != nil {
		return err
	}
	if d != deliveryOf(sealed, order, d.At) {
		return access.Errorf(access.CodeEvidence, "a worker has signed another credential than this")
	}
	return nil
}

func deliveryOf(sealed SealedCredential, order access.PickUpOrder, at time.Time) access.Delivery {
	box := sha256.Sum256([]byte(sealed.Suite + "\x00" + sealed.Box))
	return access.Delivery{RequestID: order.RequestID, Grant: order.Grant, Recipient: order.Recipient, Box: hex.EncodeToString(box[:]), At: at}
}
