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

// ID names the witness's key: NAME+HASH.
func (w Witness) ID() string { return fmt.Sprintf("%s+%08x", w.Name, w.keyHash()) }

// SameKey reports whether two are one witness: a witness signs no name, so that one key
// under two names would count twice.
func (w Witness) SameKey(other Witness) bool { return w.key.Equal(other.key) }

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
	// The time is at most 2^63-1 (c2sp.org/tlog-cosignature).
	if len(sig) != cosignatureSize || sig[0] > 0x7f {
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
		if _, at, err := w.line(signed); err == nil { // else it has not signed, or another text
			out = append(out, Cosignature{Witness: w.Name, At: at})
		}
	}
	return c, out, nil
}

// line returns the line of a note by which the witness has signed it, and when.
func (w Witness) line(signed string) (line string, at time.Time, err error) {
	n, err := note.Open([]byte(signed), note.VerifierList(cosigner{w}))
	if err != nil {
		return "", at, err
	}
	sig := n.Sigs[0]
	b, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(b) != 4+cosignatureSize {
		return "", at, access.Errorf(access.CodeEvidence, "the cosignature is malformed")
	}
	at = time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC() // #nosec G115 -- Verify has bounded it
	return fmt.Sprintf("— %s %s\n", sig.Name, sig.Base64), at, nil
}

// Cosignature returns the line of a witness's response by which it has cosigned a
// checkpoint, and when it did. Lines of others are left out. Errors are CodeEvidence: the
// response has no cosignature of this witness on this checkpoint, or a forged one.
func (w Witness) Cosignature(checkpoint, response string) (line string, at time.Time, err error) {
	line, at, err = w.line(checkpoint + response)
	if err != nil {
		return "", at, access.Errorf(access.CodeEvidence, "the response has no valid cosignature of %s on this checkpoint", w.ID())
	}
	return line, at, nil
}

// LogKey returns the key of a log that this signer signs as witnesses are told it
// (c2sp.org/signed-note): ORIGIN+HASH+KEY. Most witnesses know Ed25519 only.
func (s *Signer) LogKey(origin string) string {
	kind, raw := noteKeyBytes(s.Public())
	return fmt.Sprintf("%s+%08x+%s", origin, noteKeyHash(origin, s.Public()), base64.StdEncoding.EncodeToString(append([]byte{kind}, raw...)))
}
