package sshcert

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/privatefile"
)

// openAuthority returns the authority that signs, and checks that the public file,
// which hosts trust, lists it. The caller holds the directory's lock.
func (c Config) openAuthority(ctx context.Context, dir *hostfiles.Dir) (authority.Authority, error) {
	if c.Authority != nil {
		signs, err := c.Authority.Open(ctx)
		if err != nil {
			return nil, err
		}
		return signs, trust(dir.CAPath(), signs.Public(), "authority.publicKey")
	}
	key, err := loadOrCreateCA(string(c.CA))
	if err != nil {
		return nil, err
	}
	return authority.FromKey(key), trust(dir.CAPath(), key.PublicKey(), "ca")
}

// loadOrCreateCA reads the authority's private key, or creates one.
func loadOrCreateCA(private string) (ssh.Signer, error) {
	ca, err := loadCA(private)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createCA(private); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "make the certificate authority's key: %w", err)
		}
		ca, err = loadCA(private)
	}
	return ca, err
}

// trust writes the file of the authorities that hosts trust, or checks that it lists
// this one. Field is what the configuration calls it.
func trust(public string, authority ssh.PublicKey, field string) error {
	line := ssh.MarshalAuthorizedKey(authority)
	switch trusted, err := os.ReadFile(public); {
	case errors.Is(err, fs.ErrNotExist):
		if err := (hostfiles.OS{}).Replace(public, line, 0o644); err != nil {
			return access.Errorf(access.CodeUnavailable, "certificate authority's public key: %w", err)
		}
	case err != nil:
		return access.Errorf(access.CodeUnavailable, "certificate authority's public key: %w", err)
	// The file may list more authorities, as while one replaces another.
	case !bytes.Contains(trusted, bytes.TrimSpace(line)):
		return access.Invalid(access.Issue{Code: "ca_not_trusted", Field: field,
			Message: public + " does not list this authority: the host would trust another's certificates"})
	}
	return nil
}

func createCA(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(key, "ramp certificate authority")
	if err != nil {
		return err
	}
	return hostfiles.OS{}.Replace(path, pem.EncodeToMemory(block), 0o600)
}

func loadCA(path string) (ssh.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "certificate authority's key: %w", err)
	}
	if err := privatefile.Check(path); err != nil {
		return nil, access.InvalidField("ca_mode", "ca", "%s", err)
	}
	ca, err := ssh.ParsePrivateKey(b)
	if err != nil || ca.PublicKey().Type() != ssh.KeyAlgoED25519 {
		// The cause is left out, because it could quote the key.
		return nil, access.Invalid(access.Issue{Code: "ca_malformed", Field: "ca",
			Message: path + " is not an Ed25519 private key without a passphrase"})
	}
	return ca, nil
}
