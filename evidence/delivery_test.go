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
	const target = "ssh/orders"
	worker, stranger, elsewhere := newSigner(t), newSigner(t), newSigner(t)
	ring := evidence.Keyring{}.With(worker.Public(), target).With(elsewhere.Public(), "vault/main")
	order := access.PickUpOrder{RequestID: "0123456789abcdef", Grant: "ramp-0123456789abcdef-a", Recipient: "key"}
	at := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	signed, err := worker.Deliver(evidence.SealedCredential{Suite: "s", Box: "box"}, order, at)
	require.NoError(t, err)
	require.NoError(t, ring.VerifyDelivery(signed, order, target))
	require.NoError(t, evidence.NewKeyring(worker.Public()).VerifyDelivery(signed, order, target), "a key that counts for every target")
	require.Equal(t, access.CodeEvidence, access.CodeOf(ring.VerifyDelivery(signed, order, "vault/main")), "a grant of another target")

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
		"another target's worker's": func(s *evidence.SealedCredential, _ *access.PickUpOrder) {
			*s, err = elsewhere.Deliver(*s, order, at)
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
		require.Equal(t, access.CodeEvidence, access.CodeOf(ring.VerifyDelivery(s, o, target)), what)
	}
}

// A worker's signed result counts for its own targets, for the one question, and for just
// the entitlements that were asked about: everybody who may write to Temporal's namespace
// can have a worker sign any other result.
func TestCase52Resolution(t *testing.T) {
	const target = "ssh/orders"
	worker, elsewhere := newSigner(t), newSigner(t)
	ring := evidence.Keyring{}.With(worker.Public(), target).With(elsewhere.Public(), "vault/main")
	asked := []access.Entitlement{{"user": "root"}, {"user": "deploy", "list": []any{"a"}}}
	answer := access.Resolution{Question: "q", Target: target, Entitlements: asked,
		Scopes: []access.Scope{{Summary: "log in as root"}, {Summary: "log in as deploy"}}}
	signed := func(s *evidence.Signer, r access.Resolution) *evidence.Envelope {
		e, err := s.SignResolution(r)
		require.NoError(t, err)
		return &e
	}
	scopes, err := ring.VerifyResolution(signed(worker, answer), "q", target, asked)
	require.NoError(t, err)
	require.Equal(t, answer.Scopes, scopes)
	for what, change := range map[string]func(*access.Resolution){
		"of another question":         func(r *access.Resolution) { r.Question = "p" },
		"of another target":           func(r *access.Resolution) { r.Target = "vault/main" },
		"about another entitlement":   func(r *access.Resolution) { r.Entitlements = []access.Entitlement{{"user": "demo"}, asked[1]} },
		"about them in another order": func(r *access.Resolution) { r.Entitlements = []access.Entitlement{asked[1], asked[0]} },
		"about fewer":                 func(r *access.Resolution) { r.Entitlements, r.Scopes = r.Entitlements[:1], r.Scopes[:1] },
		"with a scope too few":        func(r *access.Resolution) { r.Scopes = r.Scopes[:1] },
	} {
		r := answer
		change(&r)
		_, err := ring.VerifyResolution(signed(worker, r), "q", target, asked)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
	}
	for what, e := range map[string]*evidence.Envelope{"nobody's": nil, "a stranger's": signed(newSigner(t), answer), "another target's worker's": signed(elsewhere, answer)} {
		_, err := ring.VerifyResolution(e, "q", target, asked)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
	}
}
