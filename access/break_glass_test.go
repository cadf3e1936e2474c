package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase43Review: who may review a use of break glass, and what counts as a review.
func TestCase43Review(t *testing.T) {
	plan := asked()
	plan.Digest, plan.CreatedAt = digest, at
	plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: at.Add(24 * time.Hour)}
	good := access.Review{RequestID: "r", PlanDigest: digest, By: human("carol", "security"), Comment: "the database was down for all", At: at.Add(time.Hour)}
	require.NoError(t, plan.AllowsReview(good))
	for want, change := range map[string]func(r *access.Review){
		"own_request":         func(r *access.Review) { r.By = human("alice", "security") },
		"reviewer_not_human":  func(r *access.Review) { r.By.Kind = access.KindAgent },
		"not_a_reviewer":      func(r *access.Review) { r.By.Groups = []string{"leads"} },
		"comment_too_short":   func(r *access.Review) { r.Comment = "ok ............................" },
		access.IssueWrongPlan: func(r *access.Review) { r.PlanDigest = "sha256:0" },
		"review_too_early":    func(r *access.Review) { r.At = at.Add(-time.Second) },
	} {
		bad := good
		change(&bad)
		require.Equal(t, want, access.IssuesOf(plan.AllowsReview(bad))[0].Code)
	}
	alias := good
	alias.By = access.Person{ID: "alice2", Kind: access.KindHuman, LinkedHumanID: "alice", Groups: []string{"security"}}
	require.Equal(t, "own_request", access.IssuesOf(plan.AllowsReview(alias))[0].Code, "under another account")
	plan.BreakGlass = nil
	require.Equal(t, "nothing_to_review", access.IssuesOf(plan.AllowsReview(good))[0].Code)
}

// TestCase43ReviewDue: what opened anything waits for a review, also if it ended before
// all of it was open.
func TestCase43ReviewDue(t *testing.T) {
	r := access.Request{Plan: access.Plan{BreakGlass: &access.BreakGlass{}}}
	for state, due := range map[access.State]bool{access.StatePending: true, access.StateGranting: true, access.StateActive: true, access.StateEnding: true,
		access.StateEnded: true, access.StateCancelled: false, access.StateDenied: false, access.StateFailed: false, access.StateLapsed: false} {
		r.State = state
		require.Equal(t, due, r.ReviewDue(), state)
	}
	r.Review = &access.Review{}
	require.False(t, r.ReviewDue())
}
