package evidence

import "ramp.dev/ramp/access"

// SignInventory signs what a worker found on its target.
func (s *Signer) SignInventory(i access.Inventory) (Envelope, error) {
	return signed(s, TypeInventory, i)
}

// VerifyInventory returns a list of what a target has, with its digest. The errors are
// of code evidence unless a worker that serves the target, by one of the ring's keys,
// signed just this list, and it is in order and within bounds. How old it is, the reader
// judges: somebody who may write to the ledger can put back an earlier one.
func (k Keyring) VerifyInventory(signed Envelope, name access.InventoryName) (*access.Inventory, error) {
	i, payload, err := verified[access.Inventory](k.ForTarget(name.Target), signed, TypeInventory)
	if err != nil {
		return nil, err
	}
	if i.Name() != name {
		return nil, access.Errorf(access.CodeEvidence, "a worker has signed the %s where the %s are needed", i.Name(), name)
	}
	if issues := i.Validate(); len(issues) > 0 {
		return nil, access.Errorf(access.CodeEvidence, "what a worker signed as the %s cannot be shown: %w", name, issues.Err())
	}
	i.Digest = DigestOf(payload)
	return &i, nil
}
