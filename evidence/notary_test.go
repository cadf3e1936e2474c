package evidence_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestCase51Notary: a record is believed with a trusted key's signature, as the kind
// that it is, and as nothing else.
func TestCase51Notary(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	server := evidence.NewNotary(signer, evidence.NewKeyring(signer.Public()))
	worker := evidence.NewNotary(nil, evidence.NewKeyring(signer.Public()))
	stranger := evidence.NewNotary(nil, evidence.Keyring{})
	record := []byte(`{"id":"x"}`)
	signed, err := server.Sign(access.RecordUser, record)
	require.NoError(t, err)
	for range 2 { // the second time from memory
		got, err := worker.Verify(access.RecordUser, signed)
		require.NoError(t, err)
		require.Equal(t, record, got)
		for _, kind := range []access.RecordKind{access.RecordGroup, access.RecordLink, access.RecordDirectory} {
			_, err = worker.Verify(kind, signed)
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), kind)
		}
		_, err = stranger.Verify(access.RecordUser, signed)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	}
	decision, err := signer.SignDecision(access.Decision{RequestID: "x"})
	require.NoError(t, err)
	require.NotEqual(t, decision.PayloadType, "application/vnd.ramp.record.directory-user+json")
	_, err = worker.Sign(access.RecordUser, record)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.True(t, server.Own(signed) && worker.Own(signed))
	_, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	require.False(t, evidence.NewNotary(evidence.NewSigner(other), evidence.Keyring{}).Own(signed))
}
