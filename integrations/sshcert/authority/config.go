package authority

import (
	"context"
	"os"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config says which authority signs: exactly one that is not a file of Ramp's own.
type Config struct {
	// PublicKey is the authority's, as hosts trust it, or the path of its .pub file.
	// It is not asked of the keeper: a Vault that was replaced could name its own.
	PublicKey field.FileOrText `yaml:"publicKey"`
	Vault     *Vault           `yaml:"vault,omitempty"`
	KMS       *KMS             `yaml:"kms,omitempty"`
}

// Validate returns everything that is wrong. It reaches for nothing.
func (c Config) Validate() (issues access.Issues) {
	issues.Require(c.PublicKey != "", "public_key_missing", "publicKey", "the authority's public key, or the path of its .pub file, is needed: it is what hosts trust")
	if c.PublicKey.IsText() {
		_, err := parsePublic([]byte(c.PublicKey))
		issues.Require(err == nil, "public_key_malformed", "publicKey", "%s", err)
	}
	issues.Require((c.Vault != nil) != (c.KMS != nil), "authority_one", "vault", "one of vault and kms is needed; for a key in a file, write ca instead of authority")
	if c.Vault != nil {
		issues = append(issues, within("vault", c.Vault.validate())...)
	}
	if c.KMS != nil {
		issues = append(issues, within("kms", c.KMS.validate())...)
	}
	return issues
}

// within returns issues with their fields below another.
func within(field string, issues access.Issues) access.Issues {
	for i := range issues {
		issues[i].Field = field + "." + issues[i].Field
	}
	return issues
}

// Open returns the authority. It does not call its keeper: what ends access needs no
// authority, so a Vault that is down must not take the target with it. Errors are of
// code invalid and unavailable (a file cannot be read).
func (c Config) Open(ctx context.Context) (Authority, error) {
	public, err := c.public()
	if err != nil {
		return nil, err
	}
	if c.KMS != nil {
		return c.KMS.open(ctx, public)
	}
	return c.Vault.open(public)
}

func (c Config) public() (ssh.PublicKey, error) {
	text := []byte(c.PublicKey)
	if !c.PublicKey.IsText() {
		b, err := os.ReadFile(string(c.PublicKey))
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "the certificate authority's public key: %w", err)
		}
		text = b
	}
	key, err := parsePublic(text)
	if err != nil {
		return nil, access.InvalidField("public_key_malformed", "authority.publicKey", "%s", err)
	}
	return key, nil
}

// parsePublic reads one public key, as ssh-keygen writes it.
func parsePublic(b []byte) (ssh.PublicKey, error) {
	key, _, _, rest, err := ssh.ParseAuthorizedKey(b)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "not a public key, such as ssh-ed25519 AAAA…")
	}
	if _, certificate := key.(*ssh.Certificate); certificate || len(rest) > 0 {
		return nil, access.Errorf(access.CodeInvalid, "one public key is needed, and no certificate")
	}
	return key, nil
}
