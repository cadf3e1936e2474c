package evidence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestInventoryIsItsWorkers: a list counts only if a worker of its target signed just it.
func TestInventoryIsItsWorkers(t *testing.T) {
	worker, elsewhere, server := newSigner(t), newSigner(t), newSigner(t)
	ring := evidence.Keyring{}.With(worker.Public(), "ssh/orders").With(elsewhere.Public(), "vault/main")
	users := access.InventoryName{Target: "ssh/orders", List: "users"}
	one := access.Inventory{Target: "ssh/orders", List: "users", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Choices: []access.Choice{{Value: "deploy", Attributes: map[string]string{"team": "orders"}}, {Value: "readonly"}}}
	sign := func(s *evidence.Signer, i access.Inventory) evidence.Envelope {
		e, err := s.SignInventory(i)
		require.NoError(t, err)
		return e
	}
	got, err := ring.VerifyInventory(sign(worker, one), users)
	require.NoError(t, err)
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", got.Digest)
	got.Digest = ""
	require.Equal(t, &one, got)

	root := one
	root.Choices = []access.Choice{{Value: "root"}, {Value: "deploy"}}
	resolution, err := worker.SignResolution(access.Resolution{Target: "ssh/orders"})
	require.NoError(t, err)
	for what, e := range map[string]evidence.Envelope{
		"a stranger's": sign(newSigner(t), one), "a server's": sign(server, one), "another target's worker's": sign(elsewhere, one), "a statement of another kind": resolution, "out of order": sign(worker, root),
	} {
		_, err := ring.VerifyInventory(e, users)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
	}
	for _, other := range []access.InventoryName{{Target: "ssh/orders", List: "hosts"}, {Target: "vault/main", List: "users"}} {
		_, err := ring.VerifyInventory(sign(worker, one), other)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%s", other)
	}
}
