package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/google/renameio/v2"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/privatefile"
)

// Signer signs statements, the server's or a worker's.
type Signer struct {
	key Key
}

// NewSigner returns a signer with a key in this process.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{key: fileKey(key)} }

// NewSignerWithKey returns a signer whose key lives elsewhere, such as in Vault.
func NewSignerWithKey(key Key) *Signer { return &Signer{key: key} }

// LoadOrCreateSigner reads a PKCS#8 PEM key, or makes one where there is none.
// Errors are CodeInvalid for a key that is malformed or that others than its
// owner may read, CodeUnavailable for a file that cannot be read or written.
func LoadOrCreateSigner(path string) (*Signer, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createSigner(path)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "signing key: %w", err)
	}
	if err := privatefile.Check(path); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key %s is not PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key %s: %w", path, err)
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, access.Errorf(access.CodeInvalid, "signing key %s is not Ed25519", path)
	}
	return NewSigner(ed), nil
}

func createSigner(path string) (*Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(path, "PRIVATE KEY", der, 0o600); err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "signing key: %w", err)
	}
	return NewSigner(key), nil
}

// writePEM writes a PEM file whole or not at all, also when the machine stops in
// the middle.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return renameio.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// Public returns the key that verifies this signer's statements.
func (s *Signer) Public() crypto.PublicKey { return s.key.Public() }

// WritePublic writes the public key as PEM, for the workers' configuration.
func (s *Signer) WritePublic(path string) error {
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		return err
	}
	return writePEM(path, "PUBLIC KEY", der, 0o644)
}

// KeyID names this signer's key in its statements.
func (s *Signer) KeyID() string { return KeyID(s.Public()) }

// SignPlan signs a plan and returns the digest that people approve. Errors are
// CodeUnavailable if the key does not sign, and CodeInvalid for what nobody could read
// or verify afterwards, here and of the methods below.
func (s *Signer) SignPlan(p access.Plan) (Envelope, string, error) {
	p.Digest = "" // a digest cannot be part of the bytes that it is over
	e, err := signed(s, TypePlan, p)
	if err != nil {
		return Envelope{}, "", err
	}
	payload, err := e.DecodeB64Payload()
	return e, DigestOf(payload), err
}

// SignDecision signs one person's verdict.
func (s *Signer) SignDecision(d access.Decision) (Envelope, error) {
	return signed(s, TypeDecision, d)
}

// SignExtension signs an order to extend.
func (s *Signer) SignExtension(o access.ExtensionOrder) (Envelope, error) {
	o.Digest = "" // a digest cannot be part of the bytes that it is over
	return signed(s, TypeExtension, o)
}

// SignExtensionDecision signs one person's verdict on an order to extend.
func (s *Signer) SignExtensionDecision(d access.Decision) (Envelope, error) {
	return signed(s, TypeExtensionDecision, d)
}

// SignEnd signs an order to end.
func (s *Signer) SignEnd(o access.EndOrder) (Envelope, error) { return signed(s, TypeEnd, o) }

// SignConfirmation signs which decisions there are on a plan, as of its start, and that
// there are no others.
func (s *Signer) SignConfirmation(c access.Confirmation) (Envelope, error) {
	return signed(s, TypeConfirmation, c)
}

// SignNotBegun signs that a grant was never opened and cannot be any more.
func (s *Signer) SignNotBegun(n access.NotBegun) (Envelope, error) { return signed(s, TypeNotBegun, n) }

// SignPickUp signs an order for a credential.
func (s *Signer) SignPickUp(o access.PickUpOrder) (Envelope, error) { return signed(s, TypePickUp, o) }

// SignReview signs the review of a use of break glass.
func (s *Signer) SignReview(r access.Review) (Envelope, error) { return signed(s, TypeReview, r) }

// SignEvaluation signs why a contract evaluated as it did.
func (s *Signer) SignEvaluation(e access.Evaluation) (Envelope, error) {
	return signed(s, TypeEvaluation, e)
}

// SignManifest signs what belongs to an evidence pack.
func (s *Signer) SignManifest(m access.Manifest) (Envelope, error) {
	return signed(s, TypeManifest, m)
}

// signed signs a statement, and reads it back as everybody who is given it will: a
// plan that is nested deeper than readers take, or a key in a vault that signs with
// another key than it names, would otherwise show only when access is due or has to
// be proven.
func signed[T any](s *Signer, payloadType string, statement T) (Envelope, error) {
	payload, err := json.Marshal(statement)
	if err != nil {
		return Envelope{}, err
	}
	_, stored, err := s.sign(payloadType, payload)
	if err != nil {
		return Envelope{}, err
	}
	e, err := ReadEnvelope(stored)
	if err == nil {
		_, _, err = verified[T](NewKeyring(s.Public()), e, payloadType)
	}
	if err != nil {
		return Envelope{}, access.Errorf(access.CodeInvalid, "what was signed as %s cannot be read back: %w", payloadType, err)
	}
	return e, nil
}

// signWithin bounds one call to a key that lives elsewhere.
const signWithin = 10 * time.Second

// sign returns a signed envelope, and its text as the ledger stores it.
func (s *Signer) sign(payloadType string, payload []byte) (Envelope, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), signWithin)
	defer cancel()
	es, err := dsse.NewEnvelopeSigner(signerKey{s.key})
	if err != nil {
		return Envelope{}, nil, err
	}
	e, err := es.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return Envelope{}, nil, access.Errorf(access.CodeUnavailable, "signing: %w", err)
	}
	stored, err := json.Marshal(e)
	return *e, stored, err
}

// signerKey implements dsse.Signer.
type signerKey struct{ Key }

func (k signerKey) KeyID() (string, error) { return KeyID(k.Public()), nil }
