package run

import (
	"crypto/ed25519"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/witness/witnesstest"
)

// TestDoctorMissesWitnesses: one that has not cosigned for too long is named, and a line
// that somebody wrote in its place counts for nothing.
func TestDoctorMissesWitnesses(t *testing.T) {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, led.Close()) })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	tree, err := led.Tree(t.Context())
	require.NoError(t, err)
	one, two := witnesstest.Start(t, "witness.example/one", signer.LogKey(tree.Origin)), witnesstest.Start(t, "witness.example/two", signer.LogKey(tree.Origin))
	var c config.Config
	require.Empty(t, witnessIssues(t.Context(), c, led))
	c.Server.Witnesses = witnesstest.Config(2, one, two)
	codes := func() (out []string) {
		for _, is := range witnessIssues(t.Context(), c, led) {
			out = append(out, is.Code+" "+is.Field)
		}
		return out
	}
	require.Empty(t, codes(), "an empty log needs no witness")
	require.NoError(t, led.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
	require.Equal(t, []string{"witnesses_not_asked server.witnesses.members.one", "witnesses_not_asked server.witnesses.members.two"}, codes())
	if tree, err = led.Tree(t.Context()); err != nil {
		t.Fatal(err)
	}
	signed, err := signer.SignCheckpoint(evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root})
	require.NoError(t, err)
	require.NoError(t, led.KeepWitnessed(t.Context(), tree.Origin, tree.Size, signed, time.Now().Add(-time.Hour)))
	client, err := c.Server.Witnesses.Open("one")
	require.NoError(t, err)
	line, at, err := client.Cosign(t.Context(), signed, 0, led.HashReader(t.Context()))
	require.NoError(t, err)
	require.NoError(t, led.KeepCosignature(t.Context(), tree.Origin, tree.Size, ledger.Cosignature{Witness: one.Verifier(t).ID(), Line: line, At: at}))
	require.NoError(t, led.KeepCosignature(t.Context(), tree.Origin, tree.Size, ledger.Cosignature{Witness: two.Verifier(t).ID(), Line: line, At: at}))
	require.Equal(t, []string{"witness_behind server.witnesses.members.two"}, codes())
}
