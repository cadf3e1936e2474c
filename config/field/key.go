package field

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/privatefile"
)

// Key is a 256-bit key of a cipher.
type Key [32]byte

// ReadKey reads a secret that is a key, in base64. A file that others than its
// owner may read is refused. Errors are CodeInvalid for what is no key, and those
// of Read.
func (s Secret) ReadKey(ctx context.Context) (Key, error) {
	if path, isFile := s.Path(); isFile {
		if err := privatefile.Check(path); err != nil {
			return Key{}, access.Errorf(access.CodeInvalid, "%w", err)
		}
	}
	text, err := s.Read(ctx)
	if err != nil {
		return Key{}, err
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != len(Key{}) {
		return Key{}, access.Errorf(access.CodeInvalid, "%s is not 32 bytes in base64; make one with: openssl rand -base64 32", s)
	}
	return Key(b), nil
}

// CreateKey makes a file with a new key where there is none.
func CreateKey(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the configured path
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return access.Errorf(access.CodeInvalid, "key: %w", err)
	}
	var k Key
	rand.Read(k[:]) // never fails
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(k[:]) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}
