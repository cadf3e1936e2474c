package evidence

import "ramp.dev/ramp/access"

// SignTargetState signs what a worker found of its target.
func (s *Signer) SignTargetState(state access.TargetState) (Envelope, error) {
	return signed(s, TypeTargetState, state)
}

// VerifyTargetState returns what a worker said of a target. The errors are of code evidence
// unless a worker that serves the target, by one of the ring's keys, signed it about just
// this target, and it can be shown. How old it is, the reader judges: somebody who may
// write to the ledger can put back an earlier one.
func (k Keyring) VerifyTargetState(signed Envelope, target string) (access.TargetState, error) {
	return k.ForTarget(target).targetState(signed, target)
}

// VerifyMisplaced returns that a worker has a target in its configuration that is not its own,
// as any of the ring's keys signed it: it is a worker's word about itself. Errors are
// CodeEvidence.
func (k Keyring) VerifyMisplaced(signed Envelope, target string) (access.TargetState, error) {
	s, err := k.targetState(signed, target)
	if err == nil && s.Condition != access.TargetMisplaced {
		err = access.Errorf(access.CodeEvidence, "a worker whose key is not for %s has spoken of it", access.Clip(target, 60))
	}
	return s, err
}

func (k Keyring) targetState(signed Envelope, target string) (access.TargetState, error) {
	s, _, err := verified[access.TargetState](k, signed, TypeTargetState)
	if err != nil {
		return access.TargetState{}, err
	}
	if s.Target != target {
		return access.TargetState{}, access.Errorf(access.CodeEvidence, "a worker has spoken of %s where %s is meant", access.Clip(s.Target, 60), target)
	}
	if issues := s.Validate(); len(issues) > 0 {
		return access.TargetState{}, access.Errorf(access.CodeEvidence, "what a worker signed about %s cannot be shown: %w", target, issues.Err())
	}
	return s, nil
}
