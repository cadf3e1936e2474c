// Package signers opens the key that a server or worker signs with: from a
// file, from Vault's transit engine, or from AWS KMS. The private key of the
// latter two never enters this process.
package signers

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// The prefixes of references to keys that live elsewhere; anything else is a file.
const (
	vaultPrefix = "vault:"  // vault:MOUNT/KEY, by the standard VAULT_ variables
	kmsPrefix   = "awskms:" // awskms:ID, ARN or alias/NAME, by the standard AWS_ variables
)

// IsFile reports whether a reference is to a file.
func IsFile(ref string) bool {
	return !strings.HasPrefix(ref, vaultPrefix) && !strings.HasPrefix(ref, kmsPrefix)
}

// Open opens the key that ref names. A file that does not exist is created; a key
// elsewhere must exist. Errors are CodeInvalid for a reference or key that cannot
// be used, CodeUnavailable for a system that does not respond.
func Open(ctx context.Context, ref string) (*evidence.Signer, error) {
	var key evidence.Key
	var err error
	switch {
	case ref == "":
		return nil, access.Errorf(access.CodeInvalid, "no signing key is configured")
	case strings.HasPrefix(ref, vaultPrefix):
		key, err = openVault(ctx, strings.TrimPrefix(ref, vaultPrefix))
	case strings.HasPrefix(ref, kmsPrefix):
		key, err = openKMS(ctx, strings.TrimPrefix(ref, kmsPrefix))
	default:
		return evidence.LoadOrCreateSigner(ref)
	}
	if err != nil {
		return nil, err
	}
	return evidence.NewSignerWithKey(key), nil
}
