// Package secret reads what the configuration names and does not hold: a secret
// in a file, or in the KV engine of Vault.
package secret

import (
	"context"
	"os"
	"strings"

	"ramp.dev/ramp/access"
)

// IsFile reports whether a reference is to a file.
func IsFile(ref string) bool { return !strings.HasPrefix(ref, prefix) }

// Validate says what is wrong with the form of a reference, and reads nothing.
// Errors are CodeInvalid.
func Validate(ref string) error {
	if IsFile(ref) {
		return nil
	}
	_, err := parse(ref)
	return err
}

// Read reads a secret anew, without the end of its line. Vault gets 8 s, or less
// if ctx ends before. Errors are CodeInvalid for a reference of a wrong form and
// CodeUnavailable for everything else; they name the reference, never the secret.
func Read(ctx context.Context, ref string) (string, error) {
	if IsFile(ref) {
		b, err := os.ReadFile(ref)
		if err != nil {
			return "", access.Errorf(access.CodeUnavailable, "its file: %w", err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	f, err := parse(ref)
	if err != nil {
		return "", err
	}
	text, err := f.read(ctx)
	return strings.TrimRight(text, "\r\n"), err
}
