package codec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Key is a 256-bit payload key. In a file it is base64.
type Key field.Key

// ID names a key in payloads; it tells nothing of the key.
func (k Key) ID() string {
	sum := sha256.Sum256(append([]byte("ramp payload key id\x00"), k[:]...))
	return hex.EncodeToString(sum[:8])
}

// Load reads keys; the first encrypts. Errors are CodeInvalid, and CodeUnavailable
// for a key that cannot be read.
func Load(ctx context.Context, refs ...field.Secret) (*Codec, error) {
	var keys []Key
	for _, ref := range refs {
		k, err := ref.ReadKey(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeOf(err), "payload key: %w", err)
		}
		keys = append(keys, Key(k))
	}
	return New(keys...)
}
