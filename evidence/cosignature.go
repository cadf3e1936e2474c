package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"ramp.dev/ramp/access"
)

// Witness is the public key of somebody who keeps watch over a log: their
// cosignature on a checkpoint says that it goes on from all that they have seen of
// that log (c2sp.org/tlog-cosignature).
type Witness struct {
	Name string
	key  ed25519.PublicKey
}

// algCosignature is the type of a witness's key in notes: Ed25519 over a checkpoint
// with the time.
const algCosignature = 4

// ParseWitness reads a witness's key as notes write it: NAME+HASH+KEY. Errors are
// CodeInvalid.
func ParseWitness(vkey string) (Witness, error) {
	bad := access.Errorf(access.CodeInvalid, "%q is no witness's key: NAME+HASH+KEY is needed, of an Ed25519 key for cosignatures", access.Clip(vkey, 60))
	name, rest, ok := strings.Cut(strings.TrimSpace(vkey), "+")
	hash, encoded, ok2 := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || !ok2 || err != nil || name == "" || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algCosignature {
		return Witness{}, bad
	}
	w := Witness{Name: name, key: ed25519.PublicKey(raw[1:])}
	if hash != fmt.Sprintf("%08x", w.keyHash()) {
		return Witness{}, bad
	}
	return w, nil
}

func (w Witness) keyHash() uint32 {
	sum := sha256.Sum256(slices.Concat([]byte(w.Name+"\n"), []byte{algCosignature}, w.key))
	return binary.BigEndian.Uint32(sum[:])
}

// Cosignature is one witness's statement about a checkpoint.
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"` // UTC
}

// cosignatureSize is a time in eight bytes and a signature.
const cosignatureSize = 8 + ed25519.SignatureSize

// cosigner verifies a witness's signatures, as package note wants it.
type cosigner struct{ Witness }

func (c cosigner) Name() string    { return c.Witness.Name }
func (c cosigner) KeyHash() uint32 { return c.keyHash() }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != cosignatureSize {
		return false
	}
	signed := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, signed, sig[8:])
}

// VerifyCosigned verifies a checkpoint that others may have signed too, and returns
// which of the witnesses have. What nobody known has signed is passed over. Errors are
// CodeEvidence.
func (k Keyring) VerifyCosigned(signed string, witnesses ...Witness) (Checkpoint, []Cosignature, error) {
	origin, _, _ := strings.Cut(signed, "\n")
	var verifiers []note.Verifier
	for _, key := range k.keys {
		verifiers = append(verifiers, noteVerifier{origin, key.pub})
	}
	none := func(format string) (Checkpoint, []Cosignature, error) {
		return Checkpoint{}, nil, access.Errorf(access.CodeEvidence, "%s", format)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return none("the checkpoint is not signed by a trusted key")
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return none("the checkpoint is malformed")
	}
	var out []Cosignature
	counted := map[string]bool{}
	for _, w := range witnesses {
		if counted[string(w.key)] {
			continue // one key is one witness
		}
		counted[string(w.key)] = true
		n, err := note.Open([]byte(signed), note.VerifierList(cosigner{w}))
		if err != nil {
			continue // it has not signed, or another text
		}
		b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
		if err != nil || len(b) != 4+cosignatureSize {
			return none("a cosignature is malformed")
		}
		out = append(out, Cosignature{Witness: w.Name, At: time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC()}) // #nosec G115 -- it is signed
	}
	return c, out, nil
}
