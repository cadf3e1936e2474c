package field

import (
	"context"
	"fmt"
	"io"

	"ramp.dev/ramp/internal/secret"
)

// Secret names a secret and never holds it: file:PATH, env:NAME or
// vault:MOUNT/PATH#FIELD. The zero Secret names none. Text that is no reference
// may be the secret itself, so it is dropped as soon as it is parsed: nothing
// that prints or encodes a Secret can show one.
type Secret struct {
	ref        string
	writtenOut bool // there was text, and it was no reference
}

// notShown stands for text that was dropped.
const notShown = "(not shown: a secret is named here, never written)"

// ParseSecret takes a reference. What is wrong with it, Validate says.
func ParseSecret(text string) Secret {
	if text != "" && !secret.IsReference(text) {
		return Secret{writtenOut: true}
	}
	return Secret{ref: text}
}

// SecretFile names a secret in a file.
func SecretFile(path string) Secret { return ParseSecret("file:" + path) }

// SecretEnv names a secret in an environment variable.
func SecretEnv(name string) Secret { return ParseSecret("env:" + name) }

// UnmarshalYAML parses a reference and resolves a relative path in it.
func (s *Secret) UnmarshalYAML(ctx context.Context, decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		// Not repeated: the library's message quotes what is written.
		*s = Secret{writtenOut: true}
		return nil
	}
	if path, ok := secret.File(text); ok && path != "" {
		*s = SecretFile(Resolve(ctx, path))
		return nil
	}
	*s = ParseSecret(text)
	return nil
}

// IsZero reports whether no secret is named.
func (s Secret) IsZero() bool { return s == Secret{} }

// Validate checks the form of the reference and reads nothing. Errors are
// CodeInvalid. No secret at all is valid here.
func (s Secret) Validate() error {
	if s.IsZero() {
		return nil
	}
	return secret.Validate(s.ref)
}

// Read reads the secret each time, without the end of its line; none is empty text.
// Vault gets 8 s, or less if ctx ends before. Errors are CodeInvalid for a wrong
// reference and CodeUnavailable for everything else; they name the reference,
// never the secret.
func (s Secret) Read(ctx context.Context) (string, error) {
	if s.IsZero() {
		return "", nil
	}
	return secret.Read(ctx, s.ref)
}

// ReadHere reads a secret that is on this machine, and only checks the reference
// to one that is not. Errors are Read's.
func (s Secret) ReadHere(ctx context.Context) (text string, here bool, err error) {
	if secret.InVault(s.ref) {
		return "", false, s.Validate()
	}
	text, err = s.Read(ctx)
	return text, true, err
}

// Cached returns a reader for those who need the secret at every call.
func (s Secret) Cached() *secret.Cached { return secret.NewCached(s.ref) }

// Path returns the path of a secret that is in a file.
func (s Secret) Path() (path string, ok bool) { return secret.File(s.ref) }

// String returns the reference.
func (s Secret) String() string {
	if s.writtenOut {
		return notShown
	}
	return s.ref
}

// Format prints the reference, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText encodes the reference, in JSON and others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML encodes the reference.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
