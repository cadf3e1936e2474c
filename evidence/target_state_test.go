package evidence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestCase149StateIsItsWorkers: whether a target can be used, and why not, counts only if a
// worker of that very target signed it: not a worker of another environment.
func TestCase149StateIsItsWorkers(t *testing.T) {
	worker, staging := newSigner(t), newSigner(t)
	ring := evidence.Keyring{}.With(worker.Public(), "ssh/prod", "ssh/spare").With(staging.Public(), "ssh/staging")
	off := access.TargetState{Target: "ssh/prod", Condition: access.TargetOff, Reason: "the disk is full"}
	signed, err := worker.SignTargetState(off)
	require.NoError(t, err)
	got, err := ring.VerifyTargetState(signed, "ssh/prod")
	require.NoError(t, err)
	require.Equal(t, off, got)

	for _, other := range []string{"ssh/spare", "ssh/staging"} { // the same worker's, and another's
		_, err = ring.VerifyTargetState(signed, other)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "it is put in the place of %s", other)
	}
	forged, err := staging.SignTargetState(off)
	require.NoError(t, err)
	_, err = ring.VerifyTargetState(forged, "ssh/prod")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "a worker of another environment says so")
	misleading := off
	misleading.Reason = "call \u202e+49 151"
	signed, err = worker.SignTargetState(misleading)
	require.NoError(t, err)
	_, err = ring.VerifyTargetState(signed, "ssh/prod")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "it does not show as it is")
}
