package evidence

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"

	"ramp.dev/ramp/access"
)

// Key signs with a private key that may live elsewhere: in a file, in Vault, in
// AWS KMS. Its public half is Ed25519, or ECDSA on P-256 with SHA-256 and an
// ASN.1 signature. It is safe for concurrent use.
type Key interface {
	Public() crypto.PublicKey
	// Sign returns the signature of data itself, not of a digest of it. Errors are
	// CodeUnavailable where the system that holds the key does not sign.
	Sign(ctx context.Context, data []byte) ([]byte, error)
}

// fileKey is a key in this process.
type fileKey ed25519.PrivateKey

func (k fileKey) Public() crypto.PublicKey { return ed25519.PrivateKey(k).Public() }

func (k fileKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(k), data), nil
}

// DeriveKey returns a secret of this signer's key for another purpose (HKDF), so that
// those who share the key share the secret; false for a key that lives elsewhere and
// gives nothing away.
func (s *Signer) DeriveKey(purpose string) (key [32]byte, ok bool) {
	own, ok := s.key.(fileKey)
	if !ok {
		return key, false
	}
	b, err := hkdf.Key(sha256.New, ed25519.PrivateKey(own).Seed(), nil, purpose, len(key))
	if err != nil {
		return key, false
	}
	return [32]byte(b), true
}

// KeyID returns the name of a public key in statements: 16 hexadecimal digits.
func KeyID(pub crypto.PublicKey) string {
	raw, ok := pub.(ed25519.PublicKey)
	if !ok {
		raw, _ = x509.MarshalPKIXPublicKey(pub) // empty for a key that validSignature refuses
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// validSignature reports whether sig is pub's signature over data.
func validSignature(pub crypto.PublicKey, data, sig []byte) bool {
	switch key := pub.(type) {
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, data, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(data)
		return key.Curve == elliptic.P256() && ecdsa.VerifyASN1(key, sum[:], sig)
	}
	return false
}

// ParsePublicKey reads a PEM public key of a kind that statements may be signed
// with. Errors are CodeInvalid.
func ParsePublicKey(b []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, access.Errorf(access.CodeInvalid, "not PEM")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "public key: %w", err)
	}
	return pub, ValidatePublicKey(pub)
}

// ValidatePublicKey returns nil for a key that may sign statements: Ed25519, or
// ECDSA on P-256. Errors are CodeInvalid.
func ValidatePublicKey(pub crypto.PublicKey) error {
	switch key := pub.(type) {
	case ed25519.PublicKey:
		return nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return nil
		}
	}
	return access.Errorf(access.CodeInvalid, "the key is neither Ed25519 nor ECDSA on P-256")
}

// LoadPublicKey reads a file with a PEM public key. Errors are CodeInvalid.
func LoadPublicKey(path string) (crypto.PublicKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the public key cannot be read: %w", err) // err names the file
	}
	pub, err := ParsePublicKey(b)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s has no public key that may sign statements: %w", path, err)
	}
	return pub, nil
}

// verifierKey implements dsse.Verifier.
type verifierKey struct{ pub crypto.PublicKey }

func (k verifierKey) Verify(_ context.Context, data, sig []byte) error {
	if !validSignature(k.pub, data, sig) {
		return errors.New("the signature is not valid")
	}
	return nil
}

func (k verifierKey) KeyID() (string, error)   { return KeyID(k.pub), nil }
func (k verifierKey) Public() crypto.PublicKey { return k.pub }
