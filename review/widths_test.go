package review_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestWidths: what a contract gives beyond its use is found, with a change of it.
func TestWidths(t *testing.T) {
	for name, test := range map[string]func(w *world){
		"a maximum far over what is used": func(w *world) {
			w.contracts[0].Max, w.contracts[0].Automatic = access.Duration(8*time.Hour), true
			for i := range 29 {
				w.ask(fmt.Sprint("person", i), workday(period.From, i%15, i), func(r *review.Request) { r.Automatic = true })
			}
			w.none(review.MaxTooLong)
			// Open for long and used for a moment: needed until the use ended.
			w.ask("alice", workday(period.From, 2, 0), length(7*time.Hour), used(0, 20), func(r *review.Request) { r.Automatic = true })
			f := w.one(review.MaxTooLong)
			require.Equal(w.t, &review.Proposal{Contract: "orders", Version: "sha256:1", Change: review.LowerMaximum, Field: "duration.max", From: "8h", To: "45m",
				Sentence: "Lower the longest access under orders from 8h to 45m."}, f.Proposal)
			require.Equal(w.t, review.CapAutomatic, w.one(review.AutoUncapped).Proposal.Change)
			w.contracts[0].AutoUpTo = access.Duration(time.Hour)
			w.none(review.AutoUncapped)
			w.contracts[0].Max = access.Duration(time.Hour)
			w.none(review.MaxTooLong)
		},
		"a value that nobody chooses": func(w *world) {
			w.contracts[0].Params = map[string][]string{"table": {"orders", "refunds", "stock"}}
			for i := range 30 {
				w.none(review.ValueIdle)
				w.ask("alice", workday(period.From, i%15, i), func(r *review.Request) { r.Params = map[string]string{"table": []string{"orders", "stock"}[i%2]} })
			}
			f := w.one(review.ValueIdle)
			require.Equal(w.t, "table=refunds", f.Subject)
			require.Equal(w.t, "request.params.table.enum", f.Proposal.Field)
			require.Equal(w.t, "refunds", f.Proposal.From)
		},
		"a group that may ask and does not": func(w *world) {
			w.contracts[0].Groups = []string{"contractors", "engineering"}
			for i := range 30 {
				w.none(review.GroupIdle)
				w.ask("alice", workday(period.From, i%15, i))
			}
			require.Equal(w.t, review.RemoveGroup, w.one(review.GroupIdle).Proposal.Change)
			w.contracts[0].Groups = []string{"contractors"}
			w.none(review.GroupIdle) // the condition is about something else
		},
		"a contract under which nobody asks": func(w *world) {
			w.contracts = append(w.contracts, review.Contract{Name: "old", Version: "sha256:2", Owner: "team-old"})
			w.ask("alice", period.From.Add(-10*day))
			w.none(review.ContractIdle) // the log is too young to say so
			w.ask("alice", until.Add(-95*day))
			f := w.one(review.ContractIdle)
			require.Equal(w.t, "team-old", f.Owner)
			require.Equal(w.t, "Nobody has asked under old for 90 days.", f.Sentence)
			w.contracts[1].Since = access.Duration(30 * day)
			w.none(review.ContractIdle) // the contract is too young
		},
	} {
		t.Run(name, func(t *testing.T) { test(newWorld(t)) })
	}
}
