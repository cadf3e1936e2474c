package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ramp.dev/ramp/access"
)

// key signs tokens. It is an RSA key, because every OpenID Connect client
// supports RS256.
type key struct {
	private *rsa.PrivateKey
	id      string
}

func loadOrCreateKey(dir string) (key, error) {
	path := filepath.Join(dir, "idp.key")
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return createKey(path)
	}
	if err != nil {
		return key{}, access.Errorf(access.CodeInvalid, "identity provider's key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return key{}, access.Errorf(access.CodeInvalid, "%s is not a PEM key", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return key{}, access.Errorf(access.CodeInvalid, "%s is not an RSA key", path)
	}
	return newKey(private), nil
}

func createKey(path string) (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return key{}, access.Errorf(access.CodeInvalid, "identity provider's key: %w", err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return key{}, access.Errorf(access.CodeInvalid, "identity provider's key: %w", err)
	}
	return newKey(private), nil
}

func newKey(private *rsa.PrivateKey) key {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	return key{private: private, id: hex.EncodeToString(sum[:8])}
}

// crypto returns the key with which the provider encrypts its codes.
func (k key) crypto() [32]byte {
	return sha256.Sum256(append([]byte("codes\x00"), x509.MarshalPKCS1PrivateKey(k.private)...))
}

// Mint returns a bearer token for one of the people, as the provider with this
// directory would issue it, without the provider running: for `ramp dev token`.
// It is valid for ttl. A human's token says that they logged in ago before now.
// Errors are of code not_found: there is no such person, or no provider has run
// in this directory.
func Mint(dir, issuer, person, audience string, ttl, ago time.Duration) (string, error) {
	p, err := Find(person)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "idp.key")); err != nil {
		return "", access.Errorf(access.CodeNotFound, "no `ramp dev` has run in %s yet", dir)
	}
	k, err := loadOrCreateKey(dir)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now, c := time.Now(), p.claims()
	if p.Kind == "" {
		c["auth_time"] = now.Add(-ago).Unix()
	}
	return jwt.Signed(signer).Claims(jwt.Claims{Issuer: issuer, Subject: p.ID, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(ttl))}).Claims(c).Serialize()
}

// The types below implement the library's interfaces.

type signing struct{ key }

func (s signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signing) Key() any                                    { return s.private }
func (s signing) ID() string                                  { return s.id }

type verifying struct{ key }

func (v verifying) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (v verifying) Use() string                        { return "sig" }
func (v verifying) Key() any                           { return &v.private.PublicKey }
func (v verifying) ID() string                         { return v.id }
