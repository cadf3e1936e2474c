package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase08TextThatReverses: what approvers, and those who end access, write is read
// by others; text that reverses or hides what stands beside it is refused.
func TestCase08TextThatReverses(t *testing.T) {
	f := newFixture(t)
	r, live := f.request(access.StatePending), f.request(access.StateActive)
	for _, text := range []string{"no objection \u202edeined ylluf\u202c", "fine\u200b", "fine\x1b[2J"} {
		_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest, Comment: text})
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%q", text)
		_, err = f.Revoke(t.Context(), oscar, live.ID, text)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%q", text)
		require.NotContains(t, f.ledger.ordered, live.ID)
	}
	require.NoError(t, checkText("comment", "two lines\nof אנשים, which show"))
}
