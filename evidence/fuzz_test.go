package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// seeded is a signer whose key every process of a fuzzing run makes alike.
func seeded(b byte) *Signer {
	return NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize)))
}

// FuzzPlan: what nobody signed is never believed.
func FuzzPlan(f *testing.F) {
	s := signer()
	e, _, _ := s.SignPlan(plan(lead))
	f.Add(e.PayloadType, e.Payload, e.Signatures[0].Sig)
	f.Add(TypePlan, "e30=", "")
	ring := NewKeyring(signer().Public())
	f.Fuzz(func(t *testing.T, kind, payload, sig string) {
		env := e
		env.PayloadType, env.Payload = kind, payload
		env.Signatures[0].Sig = sig
		if _, err := ring.VerifyPlan(env); err == nil {
			t.Fatal("a key that signed nothing was believed")
		}
		_, _ = ReadPlan(env)
	})
}

// authorized is what a worker is handed before it opens anything.
type authorized struct {
	Plan      Envelope
	Decisions []Envelope
}

// FuzzAuthorize: envelopes that were changed in any way authorize nothing, or
// exactly what was signed.
func FuzzAuthorize(f *testing.F) {
	server := seeded(1)
	e, digest, err := server.SignPlan(plan(lead))
	require.NoError(f, err)
	bob := access.Decision{RequestID: "0123456789abcdef", PlanDigest: digest, Verdict: access.Approve, Approver: human("bob", "approvers"), At: at.Add(time.Minute)}
	yes, err := server.SignDecision(bob)
	require.NoError(f, err)
	bob.Verdict = access.Deny
	no, err := server.SignDecision(bob)
	require.NoError(f, err)
	for _, decisions := range [][]Envelope{{yes}, {no}, {yes, no}, {yes, yes}, nil, {e}} {
		b, err := json.Marshal(authorized{e, decisions})
		require.NoError(f, err)
		f.Add(b)
	}
	ring := NewKeyring(server.Public())
	f.Fuzz(func(t *testing.T, b []byte) {
		var a authorized
		if json.Unmarshal(b, &a) != nil {
			return
		}
		got, err := ring.Authorize(a.Plan, a.Decisions)
		if err != nil {
			require.Equal(t, access.CodeEvidence, access.CodeOf(err))
			return
		}
		require.Equal(t, digest, got.Plan.Digest)
		says := func(e, signed Envelope) bool {
			x, err := e.DecodeB64Payload()
			y, err2 := signed.DecodeB64Payload()
			return err == nil && err2 == nil && bytes.Equal(x, y)
		}
		approved, denied := false, false
		for _, d := range a.Decisions {
			require.True(t, says(d, yes) || says(d, no), "a decision that nobody signed")
			approved, denied = approved || says(d, yes), denied || says(d, no)
		}
		require.Equal(t, approved && !denied, got.Tally == access.TallySatisfied)
	})
}

// FuzzPack: no pack but the one that was signed proves anything.
func FuzzPack(f *testing.F) {
	s := newTale(f)
	s.server, s.worker = seeded(1), seeded(2)
	_, s.plan.Digest, _ = s.server.SignPlan(s.plan)
	s.events = nil
	s.event(access.EventRequestCreated, "alice", 0, map[string]string{"planDigest": s.plan.Digest})
	s.evaluate()
	s.decide(human("bob", "approvers"), access.Approve, time.Minute)
	s.open(2 * time.Minute)
	s.close(time.Hour, access.ReadBack{})
	b, err := json.Marshal(s.pack())
	require.NoError(f, err)
	good, err := ReadPack(bytes.NewReader(b))
	require.NoError(f, err)
	require.True(f, s.verify(good).Proven())
	f.Add(string(b))
	f.Add(`{"version":"ramp evidence pack 1","plan":{"payloadType":"","payload":"","signatures":[]}}`)
	f.Add(`{"events":[{"leaf":-1,"event":{},"proof":[]},{"leaf":9223372036854775807,"event":{},"proof":["AA=="]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadPack(strings.NewReader(text))
		if err != nil {
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			return
		}
		require.Equal(t, reflect.DeepEqual(p, good), s.verify(p).Proven())
	})
}

// FuzzCheckpoint: one checkpoint has one text.
func FuzzCheckpoint(f *testing.F) {
	server := seeded(1)
	good, err := server.SignCheckpoint(Checkpoint{Origin: "test/log", Size: 7})
	require.NoError(f, err)
	f.Add(good)
	f.Add(good + good)
	f.Add("test/log\n-1\n\n\n\u2014 test/log AAAA\n")
	ring := NewKeyring(server.Public())
	f.Fuzz(func(t *testing.T, signed string) {
		if _, err := ring.VerifyCheckpoint(signed); err == nil {
			require.Equal(t, good, signed)
		}
	})
}

// FuzzPublicKey: what is not a key that Ramp verifies with is refused.
func FuzzPublicKey(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("ssh-ed25519 AAAA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if pub, err := ParsePublicKey(b); err == nil {
			require.NoError(t, ValidatePublicKey(pub))
		}
	})
}
