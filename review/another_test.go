package review_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/review"
)

// in has the approval of a request count in a stage.
func in(stage string) func(*review.Request) {
	return func(r *review.Request) { r.Decisions[0].Stage = stage }
}

// TestAnotherApproval: of one who approves nearly everything, and of two who approve each
// other, the proposal is one more approval in their stage, if so many have approved there.
func TestAnotherApproval(t *testing.T) {
	pair := func(t *testing.T, others int, change ...func(*world)) review.Finding {
		w := newWorld(t)
		w.contracts[0].Approvals = map[string]int{"owners": 1, "second look": 2}
		for i := range others {
			w.ask("alice", period.From.Add(-20*day), by(fmt.Sprint("other", i), time.Hour), in("second look"))
		}
		for i := range 6 {
			w.ask("eve", workday(period.From, i, 0), by("mallory", time.Hour), in("second look"))
			w.ask("mallory", workday(period.From, i, 10), by("eve", time.Hour), in("second look"))
		}
		for _, c := range change {
			c(w)
		}
		return w.one(review.ApprovalPair)
	}
	t.Run("two", func(t *testing.T) {
		require.Equal(t, &review.Proposal{Contract: "orders", Version: "sha256:1", Change: review.AddApproval, Field: "approval.stages[second look].approvals", Stage: "second look", From: "2", To: "3",
			Sentence: "Have 3 people approve in the stage second look of orders, not 2: then none of them approves alone."}, pair(t, 1).Proposal)
	})
	for name, f := range map[string]review.Finding{
		"nobody else has approved there": pair(t, 0),
		"a stage that is no more":        pair(t, 1, func(w *world) { delete(w.contracts[0].Approvals, "second look") }),
	} {
		t.Run(name, func(t *testing.T) { require.Nil(t, f.Proposal) })
	}
	t.Run("several contracts, each alone", func(t *testing.T) {
		payroll := func(more ...string) func(*world) {
			return func(w *world) {
				w.contracts = append(w.contracts, review.Contract{Name: "payroll", Version: "sha256:2", Approvals: map[string]int{"heads": 1}})
				w.ask("eve", workday(period.From, 7, 0), by("mallory", time.Hour), under("payroll"), in("heads"))
				for i, id := range more {
					w.ask("alice", period.From.Add(-20*day+time.Duration(i)*time.Hour), by(id, time.Hour), under("payroll"), in("heads"))
				}
			}
		}
		f := pair(t, 1, payroll("zoe"))
		require.Empty(t, f.Contract)
		require.Len(t, f.Proposals(), 2)
		require.Equal(t, []string{"orders", "payroll"}, []string{f.Proposals()[0].Contract, f.Proposals()[1].Contract})
		require.Equal(t, "2", f.Others[0].To)
		require.Len(t, pair(t, 1, payroll()).Proposals(), 1, "under payroll requests would lapse")
		require.Equal(t, "payroll", pair(t, 0, payroll("zoe")).Proposal.Contract)
	})
	t.Run("one", func(t *testing.T) {
		w := newWorld(t)
		w.contracts[0].Approvals = map[string]int{"owners": 1, "second look": 1}
		for i := range 20 {
			w.ask(fmt.Sprint("person", i), workday(period.From, i%19, i), by("mallory", time.Hour), in([]string{"owners", "owners", "second look"}[i%3]))
		}
		require.Nil(t, w.one(review.OneApprover).Proposal, "requests would lapse")
		w.ask("alice", workday(period.From, 1, 30), by("carol", time.Hour), in("owners"))
		p := w.one(review.OneApprover).Proposal
		require.Equal(t, "owners", p.Stage, "that of most of them")
		require.Equal(t, "2", p.To)
	})
}
