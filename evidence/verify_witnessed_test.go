package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigningWitness is a witness and its private key.
type cosigningWitness struct {
	Witness
	private ed25519.PrivateKey
}

func newCosigningWitness(t *testing.T, name string) cosigningWitness {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return cosigningWitness{Witness{Name: name, key: public}, private}
}

// cosigns returns a signed checkpoint with the witness's line.
func (w cosigningWitness) cosigns(signed string) string {
	text, _, _ := strings.Cut(signed, "\n\n")
	sig := ed25519.Sign(w.private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at.Unix(), text))
	line := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, w.keyHash()), uint64(at.Unix()))
	return signed + "— " + w.Name + " " + base64.StdEncoding.EncodeToString(append(line, sig...)) + "\n"
}

// witnessed gives a pack an earlier checkpoint of its log, of so many events, as witnesses
// have cosigned it.
func (s *story) witnessed(p *Pack, size int64, by ...cosigningWitness) {
	s.Helper()
	var tree memoryTree
	for _, e := range s.events {
		require.NoError(s, tree.add([]byte("somebody else's")))
		require.NoError(s, tree.add(e.Leaf()))
	}
	root, err := tlog.TreeHash(size, &tree)
	require.NoError(s, err)
	signed, err := s.server.SignCheckpoint(Checkpoint{Origin: "test/log", Size: size, Root: root})
	require.NoError(s, err)
	for _, w := range by {
		signed = w.cosigns(signed)
	}
	p.Witnessed = &Witnessed{Checkpoint: signed}
	if size > 0 {
		p.Witnessed.Proof, err = tlog.ProveTree(tree.size, size, &tree)
		require.NoError(s, err)
	}
}

// TestCase128WitnessedPacks: with k of n demanded, a pack proves something only if so many
// witnesses have cosigned a checkpoint that has all of its events, and that its own log goes
// on from.
func TestCase128WitnessedPacks(t *testing.T) {
	s := whole(t)
	one, two, three, stranger := newCosigningWitness(t, "one.example"), newCosigningWitness(t, "two.example"), newCosigningWitness(t, "three.example"), newCosigningWitness(t, "stranger.example")
	forged := two
	forged.private = stranger.private
	all := int64(2 * len(s.events))
	verify := func(p Pack, least int) (Conclusion, Check) {
		t.Helper()
		r := p.VerifyWitnessed(NewKeyring(s.server.Public()), NewKeyring(s.worker.Public()), WitnessPolicy{Witnesses: []Witness{one.Witness, two.Witness, three.Witness}, Least: least})
		return r.Conclusion, r.Checks[len(r.Checks)-1]
	}
	p := s.pack()
	conclusion, check := verify(p, 0)
	require.Equal(t, ProvenEnded, conclusion)
	require.NotEqual(t, "the log was witnessed", check.Name, "nobody asks for witnesses, and there are none")
	conclusion, check = verify(p, 1)
	require.Equal(t, NotProven, conclusion)
	require.Equal(t, "the pack has no checkpoint that witnesses have cosigned", check.Detail)

	s.witnessed(&p, all, one, three, stranger)
	conclusion, check = verify(p, 2)
	require.Equal(t, ProvenEnded, conclusion, check.Detail)
	require.Equal(t, fmt.Sprintf("2 of 3 witnesses have cosigned the first %d events: one.example, three.example", all), check.Detail)
	conclusion, check = verify(p, 3)
	require.Equal(t, NotProven, conclusion)
	require.Equal(t, "2 of the witnesses given have cosigned the log, and 3 must", check.Detail)
	r := s.verify(p)
	require.True(t, r.Proven())
	require.Equal(t, fmt.Sprintf("the log goes on from a checkpoint of %d events; whose cosignatures count was not said", all), r.Checks[len(r.Checks)-1].Detail)
	s.witnessed(&p, all, one, forged, one)
	_, check = verify(p, 2)
	require.Contains(t, check.Detail, "1 of the witnesses given", "one key is one witness, and a forged line is none")

	// What is younger than the checkpoint is not witnessed.
	s.witnessed(&p, all-1, one, two)
	conclusion, check = verify(p, 2)
	require.Equal(t, NotProven, conclusion)
	require.Contains(t, check.Detail, "1 of the request's events are younger")
	conclusion, _ = verify(p, 0)
	require.Equal(t, ProvenEnded, conclusion)

	// Another log, which the server has signed too: as large, smaller and larger.
	other := whole(t)
	other.server = s.server
	other.events[0].Actor = "mallory"
	for _, size := range []int64{all, all - 2, 1} {
		other.witnessed(&p, size, one, two)
		conclusion, check = verify(p, 0)
		require.Equal(t, NotProven, conclusion)
		require.Equal(t, "the pack's log does not go on from what witnesses have cosigned", check.Detail)
	}
	s.event("session.started", "alice", 0, nil)
	s.witnessed(&p, all+1, one, two)
	_, check = verify(p, 2)
	require.Contains(t, check.Detail, fmt.Sprintf("witnesses have cosigned %d events, and the pack's log has %d", all+1, all))
	s.witnessed(&p, all, one, two)
	moved, err := s.server.SignCheckpoint(Checkpoint{Origin: "another/log", Size: all})
	require.NoError(t, err)
	p.Witnessed.Checkpoint = one.cosigns(moved)
	_, check = verify(p, 1)
	require.Equal(t, "witnesses have cosigned another log", check.Detail)
	// Witnesses alone sign no log.
	s.witnessed(&p, all)
	text, _, _ := strings.Cut(p.Witnessed.Checkpoint, "\n\n")
	p.Witnessed.Checkpoint = two.cosigns(one.cosigns(text + "\n\n"))
	conclusion, _ = verify(p, 0)
	require.Equal(t, NotProven, conclusion)
}

// TestPackWithWitnessesIsReadAsItWasWritten: through its JSON.
func TestPackWithWitnessesIsReadAsItWasWritten(t *testing.T) {
	s := whole(t)
	p := s.pack()
	s.witnessed(&p, 5, newCosigningWitness(t, "one.example"))
	encoded, err := json.Marshal(p)
	require.NoError(t, err)
	read, err := ReadPack(bytes.NewReader(encoded))
	require.NoError(t, err)
	require.Equal(t, p.Witnessed, read.Witnessed)
}
