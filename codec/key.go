package codec

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/privatefile"
)

// Key is a 256-bit payload key. In a file it is base64.
type Key [32]byte

// ID names a key in payloads; it tells nothing of the key.
func (k Key) ID() string {
	sum := sha256.Sum256(append([]byte("ramp payload key id\x00"), k[:]...))
	return hex.EncodeToString(sum[:8])
}

// Load reads keys; the first encrypts. A file that others than its owner may read
// is refused. Errors are CodeInvalid, and CodeUnavailable for a key that cannot be
// read.
func Load(ctx context.Context, refs ...field.Secret) (*Codec, error) {
	var keys []Key
	for _, ref := range refs {
		if err := private(ref); err != nil {
			return nil, err
		}
		text, err := ref.Read(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeOf(err), "payload key: %w", err)
		}
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(b) != len(Key{}) {
			return nil, access.Errorf(access.CodeInvalid, "payload key %s is not 32 bytes in base64; make one with: openssl rand -base64 32", ref)
		}
		keys = append(keys, Key(b))
	}
	return New(keys...)
}

// private refuses a file that is not there, or that others may read.
func private(ref field.Secret) error {
	path, isFile := ref.Path()
	if !isFile {
		return nil
	}
	if err := privatefile.Check(path); err != nil {
		return access.Errorf(access.CodeInvalid, "payload key: %w", err)
	}
	return nil
}

// Create makes a key file where there is none.
func Create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return access.Errorf(access.CodeInvalid, "payload key: %w", err)
	}
	var k Key
	rand.Read(k[:]) // never fails
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(k[:]) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}
