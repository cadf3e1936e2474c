package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestSignerReadsBack: a signer gives out nothing that those who get it could not read
// and verify.
func TestSignerReadsBack(t *testing.T) {
	t.Run("a plan that is nested deeper than it is read", func(t *testing.T) {
		p := plan(lead)
		check := access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}
		for range 40 {
			inner := check
			check = access.ApproverCheck{Not: &inner}
		}
		p.Rule.Stages[0].Where = &check
		e, digest, err := signer().SignPlan(p)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "cannot be read back")
		require.Empty(t, e.Signatures)
		require.Empty(t, digest)
	})
	t.Run("a record that is no JSON", func(t *testing.T) {
		_, err := NewNotary(signer(), Keyring{}).Sign("user", []byte(`{"id": 1, "id": 2}`))
		require.ErrorContains(t, err, "cannot be read back")
	})
	t.Run("a key that signs with another", func(t *testing.T) {
		pub, _, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		s := NewSignerWithKey(swappedKey{signer().key, pub})
		_, err = s.SignDecision(access.Decision{RequestID: "r", At: time.Unix(1, 0).UTC()})
		require.ErrorContains(t, err, "cannot be read back")
		_, err = s.SignCheckpoint(Checkpoint{Origin: "test/log", Size: 1})
		require.ErrorContains(t, err, "cannot be verified")
	})
}

// swappedKey names one key and signs with another, as a vault does whose key was
// replaced.
type swappedKey struct {
	Key
	named crypto.PublicKey
}

func (k swappedKey) Public() crypto.PublicKey { return k.named }

func (k swappedKey) Sign(ctx context.Context, data []byte) ([]byte, error) {
	return k.Key.Sign(ctx, data)
}
