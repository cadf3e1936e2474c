package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestKeyRotation: a request made under one key is decided under the next.
func TestKeyRotation(t *testing.T) {
	before, after := signer(), signer()
	e, digest, err := before.SignPlan(plan(lead))
	require.NoError(t, err)
	d, err := after.SignDecision(access.Decision{RequestID: "0123456789abcdef", PlanDigest: digest, Verdict: access.Approve,
		Approver: human("bob", "approvers"), At: at.Add(time.Minute)})
	require.NoError(t, err)
	require.NotEqual(t, e.Signatures[0].KeyID, d.Signatures[0].KeyID)
	decisions := []Envelope{d}

	got, err := NewKeyring(before.Public(), after.Public()).Authorize(e, decisions)
	require.NoError(t, err)
	require.Equal(t, access.TallySatisfied, got.Tally)
	for name, ring := range map[string]Keyring{"the old key is gone": NewKeyring(after.Public()),
		"the new key is not trusted yet": NewKeyring(before.Public()), "nobody is trusted": {}} {
		_, err := ring.Authorize(e, decisions)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), name)
	}
}
