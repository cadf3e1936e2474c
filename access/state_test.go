package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestApprovalTakenBack: an approver who takes an approval back before anything
// opens leaves a request that can still lapse, be denied or be cancelled, and that
// the ledger must be able to record so.
func TestApprovalTakenBack(t *testing.T) {
	for _, next := range []access.State{access.StateLapsed, access.StateDenied, access.StateCancelled} {
		require.True(t, access.StateApproved.CanBecome(next), next)
	}
	require.False(t, access.StateApproved.CanBecome(access.StateActive), "nothing opens without granting")
}
