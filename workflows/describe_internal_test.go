package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestDescribeLasting: operators read in the Temporal UI that contracts came into force and
// stay, in no state that they are open, expire or are gone.
func TestDescribeLasting(t *testing.T) {
	p := access.Plan{Requester: access.Person{ID: "alice"}, Contract: "change-contracts", Duration: access.Duration(time.Minute),
		Grants: []access.PlannedGrant{{Target: "contracts", Scope: access.Scope{Summary: "bring contracts into force"}}}, Change: &access.ContractChange{}}
	require.Equal(t, "alice proposes contracts under change-contracts (bring contracts into force on contracts)", Summary(p))
	require.NotContains(t, Details(p), "for 1m")
	said := map[access.State]string{access.StateGranting: "being taken into force", access.StateActive: "**In force**", access.StateEnding: "stay in force", access.StateEnded: "stay in force"}
	for state, want := range said {
		r := &request{plan: p, RequestState: RequestState{State: state, ExpiresAt: time.Now()}}
		text := r.details()
		require.Contains(t, text, want, state)
		for _, untrue := range []string{"Active until", "gone", "being closed", "access is being opened", "for 1m"} {
			require.NotContains(t, text, untrue, state)
		}
	}
	p.Change = nil
	r := &request{plan: p, RequestState: RequestState{State: access.StateEnded}}
	require.Contains(t, r.details(), "read back as gone", "of access that ends it is said as before")
}
