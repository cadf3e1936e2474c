// Package secret reads what the configuration names and never holds: a secret in
// a file, in an environment variable, or in the KV engine of Vault.
package secret

import (
	"context"
	"os"
	"regexp"
	"strings"

	"ramp.dev/ramp/access"
)

// A reference begins with where the secret is.
const (
	filePrefix  = "file:"  // file:PATH
	envPrefix   = "env:"   // env:NAME
	vaultPrefix = "vault:" // vault:MOUNT/PATH#FIELD
)

var envShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsReference reports whether text begins like a reference. Anything else may be
// the secret itself and must not be repeated.
func IsReference(text string) bool {
	return strings.HasPrefix(text, filePrefix) || strings.HasPrefix(text, envPrefix) || strings.HasPrefix(text, vaultPrefix)
}

// File returns the path of a reference to a file.
func File(ref string) (path string, ok bool) { return strings.CutPrefix(ref, filePrefix) }

// InVault reports whether a reference is to Vault, which only a call over the
// network can read.
func InVault(ref string) bool { return strings.HasPrefix(ref, vaultPrefix) }

// Validate checks the form of a reference and reads nothing. Errors are
// CodeInvalid.
func Validate(ref string) error {
	if path, ok := File(ref); ok {
		if path == "" {
			return access.Errorf(access.CodeInvalid, "file: needs a path after it")
		}
		return nil
	}
	if name, ok := strings.CutPrefix(ref, envPrefix); ok {
		if !envShape.MatchString(name) {
			// Not repeated: somebody may have put the secret itself here.
			return access.Errorf(access.CodeInvalid, "env: needs the name of an environment variable after it, never the secret")
		}
		return nil
	}
	if InVault(ref) {
		_, err := parse(ref)
		return err
	}
	return access.Errorf(access.CodeInvalid, "a secret is named here and never written: file:PATH, env:NAME or vault:MOUNT/PATH#FIELD")
}

// Read reads a secret each time, without the end of its line. Vault gets 8 s, or less
// if ctx ends before. Errors are CodeInvalid for a reference of a wrong form and
// CodeUnavailable for everything else; they name the reference, never the secret.
func Read(ctx context.Context, ref string) (string, error) {
	if err := Validate(ref); err != nil {
		return "", err
	}
	var text string
	switch path, isFile := File(ref); {
	case isFile:
		b, err := os.ReadFile(path)
		if err != nil {
			return "", access.Errorf(access.CodeUnavailable, "%w", err)
		}
		text = string(b)
	case InVault(ref):
		f, err := parse(ref)
		if err != nil {
			return "", err
		}
		if text, err = f.read(ctx); err != nil {
			return "", err
		}
	default:
		if text = os.Getenv(strings.TrimPrefix(ref, envPrefix)); text == "" {
			return "", access.Errorf(access.CodeUnavailable, "%s: the environment has no such variable, or it is empty", ref)
		}
	}
	return strings.TrimRight(text, "\r\n"), nil
}
