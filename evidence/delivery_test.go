package evidence_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

func newSigner(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

// A credential counts only for the order that it was made for, and only if a
// worker made it (docs/threats.md, case 54).
func TestCase54Delivery(t *testing.T) {
	worker, stranger := newSigner(t), newSigner(t)
	ring := evidence.NewKeyring(worker.Public())
	order := access.PickUpOrder{RequestID: "0123456789abcdef", Grant: "ramp-0123456789abcdef-a", Recipient: "key"}
	at := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	signed, err := worker.Deliver(evidence.SealedCredential{Suite: "s", Box: "box"}, order, at)
	require.NoError(t, err)
	require.NoError(t, ring.VerifyDelivery(signed, order))

	for what, change := range map[string]func(*evidence.SealedCredential, *access.PickUpOrder){
		"not signed":        func(s *evidence.SealedCredential, _ *access.PickUpOrder) { s.Delivery = nil },
		"another box":       func(s *evidence.SealedCredential, _ *access.PickUpOrder) { s.Box = "other" },
		"another suite":     func(s *evidence.SealedCredential, _ *access.PickUpOrder) { s.Suite = "other" },
		"another recipient": func(_ *evidence.SealedCredential, o *access.PickUpOrder) { o.Recipient = "other" },
		"another grant":     func(_ *evidence.SealedCredential, o *access.PickUpOrder) { o.Grant = "ramp-0123456789abcdef-b" },
		"another request":   func(_ *evidence.SealedCredential, o *access.PickUpOrder) { o.RequestID = "fedcba9876543210" },
		"a stranger's": func(s *evidence.SealedCredential, _ *access.PickUpOrder) {
			*s, err = stranger.Deliver(*s, order, at)
			require.NoError(t, err)
		},
		"another kind of statement": func(s *evidence.SealedCredential, _ *access.PickUpOrder) {
			e, err := worker.SignReceipt(access.Receipt{RequestID: order.RequestID, Grant: order.Grant})
			require.NoError(t, err)
			s.Delivery = &e
		},
	} {
		s, o := signed, order
		change(&s, &o)
		require.Equal(t, access.CodeEvidence, access.CodeOf(ring.VerifyDelivery(s, o)), what)
	}
}
