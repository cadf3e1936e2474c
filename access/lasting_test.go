package access

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLastingPhrases: the timeline of a change that stays never says that it is gone, and
// that of access does.
func TestLastingPhrases(t *testing.T) {
	change := Request{Plan: Plan{Change: &ContractChange{}, Grants: make([]PlannedGrant, 1)}}
	ordinary := Request{Plan: Plan{Grants: make([]PlannedGrant, 1)}}
	for kind := range lastingPhrases {
		e := Event{Kind: kind, Detail: map[string]string{"target": "contracts"}}
		require.NotContains(t, change.Phrase(e), "gone")
		require.Contains(t, change.Phrase(e), "force")
		require.Equal(t, e.Phrase(), ordinary.Phrase(e))
	}
	require.Equal(t, "proposed contracts: the team agreed", change.Phrase(Event{Kind: EventRequestCreated, Message: "the team agreed"}))
	denied := Event{Kind: EventRequestDenied, Message: "not this"}
	require.Equal(t, denied.Phrase(), change.Phrase(denied))
	change.Plan.Grants = make([]PlannedGrant, 2)
	require.False(t, change.Plan.Lasting(), "the other grant opens access that ends")
}
