package verified_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger/verified"
)

// shelf is a ledger with one list.
type shelf struct {
	envelope []byte
	keptAt   time.Time
	reads    int
	err      error
}

func (s *shelf) InventoryKeptAt(context.Context, access.InventoryName) (time.Time, error) {
	return s.keptAt, s.err
}

func (s *shelf) Inventory(context.Context, access.InventoryName) ([]byte, error) {
	s.reads++
	return s.envelope, s.err
}

func newSigner(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

// TestInventoriesAreVerified: only what a worker of the target signed is known, it is read
// once for as long as the ledger has no other, and what is written into the ledger in its
// place is nothing.
func TestInventoriesAreVerified(t *testing.T) {
	worker, stranger := newSigner(t), newSigner(t)
	name := access.InventoryName{Target: "t/t", List: "things"}
	of := func(by *evidence.Signer, value string) []byte {
		e, err := by.SignInventory(access.Inventory{Target: "t/t", List: "things", Choices: []access.Choice{{Value: value}}, At: time.Now().UTC().Truncate(time.Second)})
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		return b
	}
	at := time.Now()
	s := &shelf{envelope: of(worker, "first"), keptAt: at}
	i := &verified.Inventories{Ledger: s, Workers: evidence.NewKeyring(worker.Public()), Log: quiet()}
	value := func() string {
		all := i.Inventories(t.Context(), name)
		if len(all) == 0 {
			return ""
		}
		return all[0].Choices[0].Value
	}
	require.Equal(t, "first", value())
	require.Equal(t, "first", value())
	require.Equal(t, 1, s.reads)

	s.envelope, s.keptAt = of(worker, "second"), at.Add(time.Minute)
	require.Equal(t, "second", value())
	s.envelope, s.keptAt = of(stranger, "evil"), at.Add(2*time.Minute)
	require.Empty(t, value())
	require.Empty(t, value())
	require.Equal(t, 3, s.reads, "what is not signed is not read again and again")
	s.envelope, s.keptAt = []byte("junk"), at.Add(3*time.Minute)
	require.Empty(t, value())
	s.envelope, s.keptAt = of(worker, "third"), at.Add(4*time.Minute)
	require.Equal(t, "third", value())
	s.err = access.Errorf(access.CodeUnavailable, "the ledger is down")
	require.Empty(t, value())
	s.err = nil
	require.Equal(t, "third", value())

	nobody := &verified.Inventories{Ledger: s, Log: quiet()}
	require.Empty(t, nobody.Inventories(t.Context(), name), "without workers' keys nobody can be believed")
}
