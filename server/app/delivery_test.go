package app

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Anybody who responds to a pick-up in the workflow's place cannot hand out a credential:
// a worker must have made it, for this order.
func TestCase54OnlyAWorkersCredential(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	worker := evidence.NewSigner(private)
	f := newFixture(t, func(c *Config) { c.Workers = evidence.NewKeyring(public) })
	r := f.request(access.StateActive)
	key, err := evidence.NewRecipient()
	require.NoError(t, err)
	pickUp := func() (evidence.SealedCredential, error) {
		return f.PickUp(t.Context(), alice, r.ID, "", key.Public())
	}
	answers := func(change func(*access.PickUpOrder, *evidence.SealedCredential)) func(evidence.Envelope) evidence.SealedCredential {
		return func(signed evidence.Envelope) evidence.SealedCredential {
			order, err := f.keyring.VerifyPickUp(signed)
			require.NoError(t, err)
			var after evidence.SealedCredential
			change(&order, &after)
			s, err := worker.Deliver(evidence.SealedCredential{Suite: "test", Box: "box"}, order, f.now)
			require.NoError(t, err)
			if after.Box != "" {
				s.Box = after.Box
			}
			return s
		}
	}

	f.gateway.deliver = answers(func(*access.PickUpOrder, *evidence.SealedCredential) {})
	s, err := pickUp()
	require.NoError(t, err)
	require.Equal(t, "box", s.Box)
	require.Nil(t, s.Delivery, "clients know no worker")

	for what, change := range map[string]func(*access.PickUpOrder, *evidence.SealedCredential){
		"another box":         func(_ *access.PickUpOrder, s *evidence.SealedCredential) { s.Box = "other" },
		"for another request": func(o *access.PickUpOrder, _ *evidence.SealedCredential) { o.RequestID = "fedcba9876543210" },
		"for another key":     func(o *access.PickUpOrder, _ *evidence.SealedCredential) { o.Recipient = "other" },
	} {
		f.gateway.deliver = answers(change)
		s, err := pickUp()
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
		require.Empty(t, s.Box, what)
	}
	f.gateway.deliver = func(evidence.Envelope) evidence.SealedCredential {
		return evidence.SealedCredential{Suite: "test", Box: "the attacker's"}
	}
	_, err = pickUp()
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "signed by nobody")
}
