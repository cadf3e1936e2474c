package evidence

import (
	"bytes"
	"encoding/json"
	"time"

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
	if question == "" {
		return nil, access.Errorf(access.CodeEvidence, "a resolution is verified against a question, and none is given")
	}
	r, err := k.verifyResolution(signed, question, target, entitlements)
	return r.Scopes, err
}

// VerifyMeaning returns the scope that a worker signed by itself, to be kept, and when
// it did. The errors are of code evidence unless a worker that serves the target said so
// of just this entitlement, and not too long ago. It may be from before the target was
// configured as it is: the worker that opens compares it with its own.
func (k Keyring) VerifyMeaning(signed Envelope, target string, e access.Entitlement, now time.Time) (scope access.Scope, said time.Time, err error) {
	r, err := k.verifyResolution(&signed, "", target, []access.Entitlement{e})
	if err != nil {
		return scope, said, err
	}
	if age := now.Sub(r.At); age > access.MeaningLasts || age < -access.MeaningLasts {
		return scope, said, access.Errorf(access.CodeEvidence, "what an entitlement on %s means was signed at %s, which is more than %s from now", target, access.FormatTime(r.At), access.Duration(access.MeaningLasts))
	}
	return r.Scopes[0], r.At, nil
}

func (k Keyring) verifyResolution(signed *Envelope, question, target string, entitlements []access.Entitlement) (r access.Resolution, err error) {
	if signed == nil {
		return r, access.Errorf(access.CodeEvidence, "no worker has signed what the entitlements on %s mean", target)
	}
	r, _, err = verified[access.Resolution](k.ForTarget(target), *signed, TypeResolution)
	if err != nil {
		return access.Resolution{}, err
	}
	asked, errAsked := json.Marshal(entitlements)
	resolved, errResolved := json.Marshal(r.Entitlements)
	if errAsked != nil || errResolved != nil || !bytes.Equal(asked, resolved) || r.Question != question || r.Target != target {
		return access.Resolution{}, access.Errorf(access.CodeEvidence, "a worker has resolved another question than this")
	}
	if len(r.Scopes) != len(entitlements) {
		return access.Resolution{}, access.Errorf(access.CodeEvidence, "a worker resolved %d of %d entitlements", len(r.Scopes), len(entitlements))
	}
	return r, nil
}

// ReadMeaning returns the entitlement of a kept resolution, without verifying who signed
// it. Errors are CodeEvidence.
func ReadMeaning(b []byte) (access.Entitlement, error) {
	signed, err := ReadEnvelope(b)
	if err != nil {
		return nil, err
	}
	r, _, err := decode[access.Resolution](signed, TypeResolution)
	if err == nil && len(r.Entitlements) != 1 {
		err = access.Errorf(access.CodeEvidence, "what is kept is of %d entitlements, not of one", len(r.Entitlements))
	}
	if err != nil {
		return nil, err
	}
	return r.Entitlements[0], nil
}
