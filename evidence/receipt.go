package evidence

import (
	"time"

	"ramp.dev/ramp/access"
)

// SignReceipt signs what a worker did with a grant.
func (s *Signer) SignReceipt(r access.Receipt) (Envelope, error) { return signed(s, TypeReceipt, r) }

// VerifyClosing returns an error of code evidence unless a worker that serves the grant's
// target, by one of the ring's keys, signed that it closed just this grant of this request
// and found nothing left of it. A worker of another target may look for the grant where it
// never was, and finds nothing there (docs/threats.md, case 155). Begun is when its opening
// began, or was done; what was signed before says nothing of it (case 164).
func (k Keyring) VerifyClosing(signed Envelope, requestID string, g access.PlannedGrant, begun time.Time) error {
	r, _, err := verified[access.Receipt](k.ForTarget(g.Target), signed, TypeReceipt)
	switch {
	case err != nil:
		return err
	case r.Kind != access.ReceiptClosed || r.RequestID != requestID || r.Grant != g.Name || r.Target != g.Target:
		return access.Errorf(access.CodeEvidence, "the receipt is not of the closing of %s on %s", access.Clip(g.Name, 60), access.Clip(g.Target, 60))
	case r.Found == nil || !r.Found.Gone():
		return access.Errorf(access.CodeEvidence, "the receipt does not say that nothing is left of %s", access.Clip(g.Name, 60))
	case !begun.IsZero() && r.At.Before(begun.Add(-access.ClockSkew)):
		return access.Errorf(access.CodeEvidence, "the receipt is from before %s was opened", access.Clip(g.Name, 60))
	}
	return nil
}

// VerifyOpening returns an error of code evidence unless a key of the ring signed that it
// opened this grant on this target.
func (k Keyring) VerifyOpening(signed Envelope, g access.Grant) error {
	r, _, err := verified[access.Receipt](k, signed, TypeReceipt)
	if err == nil && (r.Kind != access.ReceiptOpened || r.RequestID != g.RequestID || r.Grant != g.Name || r.Target != g.Target) {
		err = access.Errorf(access.CodeEvidence, "the receipt is not of the opening of %s on %s", access.Clip(g.Name, 60), access.Clip(g.Target, 60))
	}
	return err
}
