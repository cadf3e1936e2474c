package evidence_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// witness cosigns as c2sp.org/tlog-cosignature says, by hand.
type witness struct {
	name string
	key  ed25519.PrivateKey
}

func newWitness(t *testing.T, name string) witness {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return witness{name, key}
}

func (w witness) public() []byte { return append([]byte{4}, w.key.Public().(ed25519.PublicKey)...) }

func (w witness) id() []byte {
	sum := sha256.Sum256(append([]byte(w.name+"\n"), w.public()...))
	return sum[:4]
}

func (w witness) vkey() string {
	return fmt.Sprintf("%s+%x+%s", w.name, w.id(), base64.StdEncoding.EncodeToString(w.public()))
}

func (w witness) cosigns(checkpoint string, at time.Time) string {
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	sig := ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at.Unix(), text))
	line := append(binary.BigEndian.AppendUint64(w.id(), uint64(at.Unix())), sig...)
	return checkpoint + "— " + w.name + " " + base64.StdEncoding.EncodeToString(line) + "\n"
}

// TestCase66Cosignatures: a checkpoint that witnesses have signed too is taken, and
// each is counted whose cosignature is one; any other line changes nothing.
func TestCase66Cosignatures(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	keys := evidence.NewKeyring(signer.Public())
	want := evidence.Checkpoint{Origin: "ramp-log-x", Size: 7}
	signed, err := signer.SignCheckpoint(want)
	require.NoError(t, err)
	one, two, stranger := newWitness(t, "witness.example/one"), newWitness(t, "witness.example/two"), newWitness(t, "witness.example/stranger")
	var known []evidence.Witness
	for _, w := range []witness{one, two} {
		k, err := evidence.ParseWitness(w.vkey())
		require.NoError(t, err)
		known = append(known, k)
	}
	at := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
	c, by, err := keys.VerifyCosigned(signed, known...)
	require.NoError(t, err)
	require.Equal(t, want, c)
	require.Empty(t, by)
	both := stranger.cosigns(two.cosigns(one.cosigns(signed, at), at.Add(time.Minute)), at)
	c, by, err = keys.VerifyCosigned(both, known...)
	require.NoError(t, err)
	require.Equal(t, want, c)
	require.Equal(t, []evidence.Cosignature{{Witness: one.name, At: at}, {Witness: two.name, At: at.Add(time.Minute)}}, by)
	// Of another log state, or another's in its name.
	other, err := signer.SignCheckpoint(evidence.Checkpoint{Origin: "ramp-log-x", Size: 8})
	require.NoError(t, err)
	moved := signed + strings.TrimPrefix(one.cosigns(other, at), other)
	_, by, err = keys.VerifyCosigned(both, known[0], known[0])
	require.NoError(t, err)
	require.Len(t, by, 1, "one key is one witness")
	_, by, err = keys.VerifyCosigned(moved, known...)
	require.NoError(t, err)
	require.Empty(t, by)
	forged := witness{one.name, stranger.key}
	_, by, err = keys.VerifyCosigned(forged.cosigns(signed, at), known...)
	require.NoError(t, err)
	require.Empty(t, by)
	// Witnesses alone sign no log.
	text, _, _ := strings.Cut(signed, "\n\n")
	_, _, err = keys.VerifyCosigned(one.cosigns(text+"\n\n", at), known...)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	for _, bad := range []string{"", "x", "a+b+c", one.vkey() + "A", strings.Replace(one.vkey(), "one", "two", 1)} {
		_, err := evidence.ParseWitness(bad)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), bad)
	}
}
