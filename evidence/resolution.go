package evidence

import (
	"bytes"
	"encoding/json"

	"ramp.dev/ramp/access"
)

// SignResolution signs what a worker resolved entitlements to.
func (s *Signer) SignResolution(r access.Resolution) (Envelope, error) {
	return signed(s, TypeResolution, r)
}

// VerifyResolution returns the scopes that a worker signed. The errors are of code
// evidence unless a worker that serves the target, by one of the ring's keys, gave
// it to just this question, about just these entitlements: a result of an earlier
// question may be from before the target was configured as it is.
func (k Keyring) VerifyResolution(signed *Envelope, question, target string, entitlements []access.Entitlement) ([]access.Scope, error) {
	if signed == nil {
		return nil, access.Errorf(access.CodeEvidence, "no worker has signed what the entitlements on %s mean", target)
	}
	r, _, err := verified[access.Resolution](k.ForTarget(target), *signed, TypeResolution)
	if err != nil {
		return nil, err
	}
	asked, errAsked := json.Marshal(entitlements)
	answered, errAnswered := json.Marshal(r.Entitlements)
	if errAsked != nil || errAnswered != nil || !bytes.Equal(asked, answered) || r.Question != question || r.Target != target {
		return nil, access.Errorf(access.CodeEvidence, "a worker has answered another question than this")
	}
	if len(r.Scopes) != len(entitlements) {
		return nil, access.Errorf(access.CodeEvidence, "a worker resolved %d of %d entitlements", len(r.Scopes), len(entitlements))
	}
	return r.Scopes, nil
}
