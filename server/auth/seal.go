package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger"
)

// Sealer seals what proves who somebody is and is kept where others can write: the
// sessions in the ledger, the cookie of a login under way. All servers of an
// installation have the same keys, and nobody else has them (docs/threats.md,
// case 50). It is safe for concurrent use.
type Sealer struct{ sessions, logins purpose }

// purpose is the ciphers of one use: the first seals, all open.
type purpose []cipher.AEAD

// NewSealer returns a sealer that seals with the first key and opens with all, so
// that a key can be replaced while sessions last. Errors are CodeInvalid.
func NewSealer(keys ...field.Key) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "a session key is needed")
	}
	s := &Sealer{}
	for _, k := range keys {
		for _, use := range []struct {
			info string
			into *purpose
		}{{"ramp session", &s.sessions}, {"ramp login under way", &s.logins}} {
			derived, err := hkdf.Key(sha256.New, k[:], nil, use.info, len(k))
			if err != nil {
				return nil, err
			}
			block, err := aes.NewCipher(derived)
			if err != nil {
				return nil, err
			}
			aead, err := cipher.NewGCMWithRandomNonce(block)
			if err != nil {
				return nil, err
			}
			*use.into = append(*use.into, aead)
		}
	}
	return s, nil
}

// newProcessSealer returns a sealer whose key dies with this process.
func newProcessSealer() (*Sealer, error) {
	var k field.Key
	rand.Read(k[:]) // never fails
	return NewSealer(k)
}

// SealSession returns a session's row with its data sealed, for this row as it stands.
func (s *Sealer) SealSession(row ledger.Session) (ledger.Session, error) {
	to, err := otherColumns(row)
	row.Data = s.sessions.seal(row.Data, to)
	return row, err
}

// OpenSession returns the row with its data in clear; false for one that was not
// sealed as it stands.
func (s *Sealer) OpenSession(row ledger.Session) (ledger.Session, bool) {
	to, err := otherColumns(row)
	if err != nil {
		return row, false
	}
	data, ok := s.sessions.open(row.Data, to)
	row.Data = data
	return row, ok
}

// otherColumns are all columns of a session's row but its data.
func otherColumns(s ledger.Session) ([]byte, error) {
	return json.Marshal([]any{s.Token, s.PersonID, s.Address, s.UserAgent, s.CreatedAt.UnixMicro(), s.SeenAt.UnixMicro(), s.ExpiresAt.UnixMicro()})
}

// seal encrypts text, bound to what it belongs to.
func (p purpose) seal(text, belongsTo []byte) []byte {
	return p[0].Seal(nil, nil, text, belongsTo) // #nosec G407 -- these AEADs choose their own random nonce
}

// open returns what was sealed for belongsTo; false for anything else.
func (p purpose) open(box, belongsTo []byte) ([]byte, bool) {
	for _, aead := range p {
		if text, err := aead.Open(nil, nil, box, belongsTo); err == nil {
			return text, true
		}
	}
	return nil, false
}
