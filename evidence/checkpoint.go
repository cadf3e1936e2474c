package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// Checkpoint is a server's statement of its log at one moment. Anybody who keeps one
// outside can tell later whether anything before it was changed or cut off.
type Checkpoint struct {
	Origin string    `json:"origin"` // names the log
	Size   int64     `json:"size"`   // how many events
	Root   tlog.Hash `json:"root"`   // over all of them
}

// text is the body of the signed note (c2sp.org/tlog-checkpoint).
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// SignCheckpoint returns the checkpoint as a signed note. Errors are
// CodeUnavailable if the key does not sign, and CodeInvalid for a note that nobody
// could verify afterwards.
func (s *Signer) SignCheckpoint(c Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: c.text()}, noteKey{c.Origin, s})
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "signing the checkpoint: %w", err)
	}
	if _, err := NewKeyring(s.Public()).VerifyCheckpoint(string(b)); err != nil {
		return "", access.Errorf(access.CodeInvalid, "the checkpoint that was signed cannot be verified: %w", err)
	}
	return string(b), nil
}

// VerifyCheckpoint verifies a signed checkpoint and returns it. Errors are
// CodeEvidence.
func (k Keyring) VerifyCheckpoint(signed string) (Checkpoint, error) {
	origin, _, _ := strings.Cut(signed, "\n")
	verifiers := make([]note.Verifier, len(k.keys))
	for i, key := range k.keys {
		verifiers[i] = noteVerifier{origin, key.pub}
	}
	n, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, access.Errorf(access.CodeEvidence, "the checkpoint is not signed by a trusted key")
	}
	c, err := parseCheckpoint(n.Text)
	// A note may carry other signatures, or one in another spelling of base64.
	// Ramp's never does, so that one checkpoint has one text.
	if err != nil || len(n.UnverifiedSigs) > 0 || len(n.Sigs) != 1 || !canonical(n.Sigs[0].Base64) {
		return Checkpoint{}, access.Errorf(access.CodeEvidence, "the checkpoint is malformed")
	}
	return c, nil
}

// ReadCheckpoint returns what a signed checkpoint says, and verifies no signature: for
// those who have kept it where nobody else could write. Errors are CodeEvidence.
func ReadCheckpoint(signed string) (Checkpoint, error) {
	_, err := note.Open([]byte(signed), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Checkpoint{}, access.Errorf(access.CodeEvidence, "the checkpoint is malformed")
	}
	c, err := parseCheckpoint(unverified.Note.Text)
	if err != nil {
		return c, access.Errorf(access.CodeEvidence, "the checkpoint is malformed: %w", err)
	}
	return c, nil
}

// canonical reports whether text is standard base64 in the one way in which its
// bytes are encoded.
func canonical(b64 string) bool {
	b, err := base64.StdEncoding.DecodeString(b64)
	return err == nil && base64.StdEncoding.EncodeToString(b) == b64
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, fmt.Errorf("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || size < 0 || len(root) != tlog.HashSize {
		return Checkpoint{}, fmt.Errorf("size or root is malformed")
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}
	if c.text() != text {
		return Checkpoint{}, fmt.Errorf("the checkpoint is not in canonical form")
	}
	return c, nil
}

// noteKey implements note.Signer.
type noteKey struct {
	name string
	*Signer
}

func (k noteKey) Name() string    { return k.name }
func (k noteKey) KeyHash() uint32 { return noteKeyHash(k.name, k.Public()) }

func (k noteKey) Sign(msg []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), signWithin)
	defer cancel()
	return k.key.Sign(ctx, msg)
}

type noteVerifier struct {
	name string
	pub  crypto.PublicKey
}

func (v noteVerifier) Name() string                { return v.name }
func (v noteVerifier) KeyHash() uint32             { return noteKeyHash(v.name, v.pub) }
func (v noteVerifier) Verify(msg, sig []byte) bool { return validSignature(v.pub, msg, sig) }

// noteKeyHash is how notes name keys (c2sp.org/signed-note): 1 is Ed25519, 2
// is ECDSA.
func noteKeyHash(name string, pub crypto.PublicKey) uint32 {
	kind, raw := noteKeyBytes(pub)
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', kind})
	h.Write(raw)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func noteKeyBytes(pub crypto.PublicKey) (kind byte, raw []byte) {
	if ed, ok := pub.(ed25519.PublicKey); ok {
		return 1, ed
	}
	raw, _ = x509.MarshalPKIXPublicKey(pub) // empty for a key that validSignature refuses
	return 2, raw
}
