package evidence

import "ramp.dev/ramp/access"

// WorkerKeys returns the ring's keys by their names, each with the targets for which it
// counts.
func (k Keyring) WorkerKeys() []access.WorkerKey {
	out := []access.WorkerKey{}
	for _, key := range k.keys {
		out = append(out, access.WorkerKey{ID: KeyID(key.pub), Targets: key.targets})
	}
	return out
}

// SignWorkerKeys signs which keys of workers a server accepts.
func (s *Signer) SignWorkerKeys(k access.WorkerKeys) (Envelope, error) {
	return signed(s, TypeWorkerKeys, k)
}

// VerifyWorkerKeys returns which keys of workers a server accepts. Errors are CodeEvidence.
func (k Keyring) VerifyWorkerKeys(signed Envelope) (access.WorkerKeys, error) {
	keys, _, err := verified[access.WorkerKeys](k, signed, TypeWorkerKeys)
	return keys, err
}
