package evidence

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// SealedCredential is a credential that only its recipient can open (HPKE base mode,
// RFC 9180: X25519, HKDF-SHA256, AES-256-GCM: what browsers have too, so that a
// page can be the recipient).
type SealedCredential struct {
	Suite string `json:"suite"`
	Box   string `json:"box"` // base64: encapsulated key, then ciphertext
	// Delivery is the worker's signed statement that it made the box; see
	// Keyring.VerifyDelivery. It is between the worker and the server.
	Delivery *Envelope `json:"delivery,omitempty"`
}

const suite = "X25519-HKDF-SHA256-AES256GCM"

// CredentialContext returns the context (HPKE's info) that binds a sealed
// credential to one grant of one request, so that it cannot be passed off as
// another's.
func CredentialContext(requestID, grant string) string {
	return "ramp credential v1\x00" + requestID + "\x00" + grant
}

// Recipient is a key pair made for one pick-up. It stays in the client.
type Recipient struct {
	key hpke.PrivateKey
}

// NewRecipient returns a new key pair.
func NewRecipient() (*Recipient, error) {
	key, err := hpke.DHKEM(ecdh.X25519()).GenerateKey()
	if err != nil {
		return nil, err
	}
	return &Recipient{key: key}, nil
}

// Public returns the public key, which the pick-up order names, in base64.
func (r *Recipient) Public() string {
	return base64.StdEncoding.EncodeToString(r.key.PublicKey().Bytes())
}

// ValidateRecipient returns nil if s is a recipient's public key. Errors are
// CodeInvalid.
func ValidateRecipient(s string) error {
	_, err := recipientKey(s)
	return err
}

func recipientKey(s string) (hpke.PublicKey, error) {
	bad := access.Invalid(access.Issue{Code: "recipient_malformed", Field: "recipient",
		Message: "the recipient's key must be an X25519 public key (32 bytes), in base64"})
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, bad
	}
	key, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(b)
	if err != nil {
		return nil, bad
	}
	return key, nil
}

// Seal encrypts a credential to a recipient's public key. Errors are CodeInvalid
// for a key that is malformed.
func Seal(recipient, context string, c access.Credential) (SealedCredential, error) {
	key, err := recipientKey(recipient)
	if err != nil {
		return SealedCredential{}, err
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return SealedCredential{}, err
	}
	box, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(context), plain)
	if err != nil {
		return SealedCredential{}, access.Errorf(access.CodeInvalid, "the credential could not be sealed to that key")
	}
	return SealedCredential{Suite: suite, Box: base64.StdEncoding.EncodeToString(box)}, nil
}

// Open decrypts a credential that was sealed to this recipient for this context.
// Errors are CodeEvidence.
func (r *Recipient) Open(s SealedCredential, context string) (access.Credential, error) {
	var c access.Credential
	box, err := base64.StdEncoding.DecodeString(s.Box)
	if s.Suite != suite || err != nil {
		return c, access.Errorf(access.CodeEvidence, "the sealed credential is malformed")
	}
	plain, err := hpke.Open(r.key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(context), box)
	if err != nil {
		return c, access.Errorf(access.CodeEvidence, "the sealed credential is not for this key and request")
	}
	return c, strictjson.UnmarshalOpen(plain, &c)
}
