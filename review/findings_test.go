package review_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestFindings: each kind is found where it was planted, and not where the same happened a
// little less often.
func TestFindings(t *testing.T) {
	for name, test := range map[string]func(w *world){
		"access that nobody picked up was not used": func(w *world) {
			for i := range 4 {
				w.none(review.NeverUsed)
				w.ask("mallory", workday(period.From, i, 0), func(r *review.Request) { r.NeedsPickUp = true })
			}
			w.ask("alice", workday(period.From, 1, 0), func(r *review.Request) { r.NeedsPickUp, r.PickedUp = true, 1 })
			f := w.one(review.NeverUsed)
			require.Equal(w.t, []string{"mallory"}, f.People)
			require.Equal(w.t, "team-data", f.Owner)
			require.Len(w.t, f.Evidence, 8, "opened and closed, of each")
		},
		"of a target that says nothing, nothing is found": func(w *world) {
			for i := range 10 {
				w.ask("mallory", workday(period.From, i, 0))
			}
			w.none(review.NeverUsed)
			w.none(review.LittleUsed)
			require.Contains(w.t, w.report().Unknown[0], "Of 10 of the accesses")
		},
		"access that was picked up, and of which the target knows that nobody used it": func(w *world) {
			for i := range 4 {
				w.none(review.NeverUsed)
				w.ask("mallory", workday(period.From, i, 0), used(0, 0), func(r *review.Request) { r.NeedsPickUp, r.PickedUp = true, 1 })
			}
			require.Equal(w.t, "mallory", w.one(review.NeverUsed).Subject)
		},
		"what a target did not see, or learns late, is not unused": func(w *world) {
			for i := range 10 {
				for who, u := range map[string]access.Usage{"alice": {Kind: access.UsageSeen}, "bob": {Kind: access.UsageLast}, "carol": {Kind: access.UsageNotKnown}} {
					w.ask(who, workday(period.From, i, 0), func(r *review.Request) { r.Usage = &u })
				}
			}
			w.none(review.NeverUsed)
			w.none(review.LittleUsed)
			require.Contains(w.t, w.report().Unknown[0], "Of 30 of the accesses")
		},
		"what was used, nobody knows for how long, counts among those that were": func(w *world) {
			for i := range 4 {
				w.ask("mallory", workday(period.From, i, 0), used(0, 0))
				w.ask("mallory", workday(period.From, i, 30), func(r *review.Request) { r.Usage = &access.Usage{Kind: access.UsageLast, Last: r.OpenedAt} })
			}
			require.Contains(w.t, w.one(review.NeverUsed).Sentence, "4 of 8 times")
		},
		"access in use for a small part of its time": func(w *world) {
			for i := range 5 {
				w.none(review.LittleUsed)
				w.ask("mallory", workday(period.From, i, 0), used(0, 2))
				w.ask("alice", workday(period.From, i, 0), used(0, 2), used(1, 10)) // which overlap
			}
			require.Equal(w.t, "mallory", w.one(review.LittleUsed).Subject)
		},
		"close to standing access": func(w *world) {
			for i := range 14 {
				at := period.From.Add(time.Duration(i) * 2 * day)
				w.ask("mallory", at, length(20*time.Hour))
				w.ask("mallory", at.Add(time.Hour), length(20*time.Hour)) // overlapping
				w.ask("alice", at, length(8*time.Hour))
				w.ask("alice", at.Add(time.Minute), length(8*time.Hour))
			}
			f := w.one(review.HeldLong)
			require.Equal(w.t, "mallory", f.Subject)
			require.Contains(w.t, f.Sentence, "44% of the period")
			require.Positive(w.t, f.More, "the oldest evidence is counted")
		},
		"access that began before the period and goes on is held in it": func(w *world) {
			w.ask("mallory", period.From.Add(-day), func(r *review.Request) { r.ClosedAt, r.State = time.Time{}, access.StateActive })
			require.Contains(w.t, w.one(review.HeldLong).Sentence, "100%")
		},
		"approvals within seconds": func(w *world) {
			for i := range 5 {
				w.none(review.FastApproval)
				w.ask("alice", workday(period.From, i, 0), by("mallory", 4*time.Second))
				w.ask("bob", workday(period.From, i, 0), by("carol", 11*time.Second))
			}
			require.Equal(w.t, []string{"mallory"}, w.one(review.FastApproval).People)
			for i := range 6 {
				w.ask("alice", workday(period.From, i, 30), by("mallory", time.Hour))
			}
			w.none(review.FastApproval) // most of what mallory approves takes time
		},
		"one person approves nearly everything": func(w *world) {
			for i := range 15 {
				w.none(review.OneApprover)
				w.ask(fmt.Sprint("person", i), workday(period.From, i, 0), by("mallory", time.Hour))
			}
			require.Equal(w.t, "mallory", w.one(review.OneApprover).Subject)
			for i := range 3 {
				w.ask("alice", workday(period.From, i, 30), by("carol", time.Hour))
			}
			w.none(review.OneApprover)
		},
		"two who approve each other": func(w *world) {
			for i := range 6 {
				w.none(review.ApprovalPair)
				w.ask("eve", workday(period.From, i, 0), by("mallory", time.Hour))
				w.ask("mallory", workday(period.From, i, 10), by("eve", time.Hour))
			}
			f := w.one(review.ApprovalPair)
			require.Equal(w.t, []string{"eve", "mallory"}, f.People)
			require.Len(w.t, f.Evidence, 12)
			for i := range 7 {
				w.ask("eve", workday(period.From, i, 30), by("carol", time.Hour))
			}
			w.none(review.ApprovalPair) // most of what eve asks is approved by others
		},
		"a time at which neither person nor team ask": func(w *world) {
			w.history("mallory", "alice")
			w.ask("mallory", workday(period.From, 3, 0))
			w.none(review.OffHours)
			w.ask("mallory", workday(period.From, 4, 0).Add(-6*time.Hour))
			w.ask("mallory", workday(period.From, 4, 10).Add(-6*time.Hour))
			w.none(review.OffHours) // one night: somebody was called
			w.ask("mallory", workday(period.From, 6, 0).Add(-6*time.Hour))
			require.Contains(w.t, w.one(review.OffHours).Sentence, "Friday, 30 October 2026 at 03:00 UTC")
		},
		"who is on call at night, and whose team is, is usual": func(w *world) {
			w.history("mallory", "alice")
			for d := range 5 {
				w.ask("alice", workday(period.From.Add(-20*day), d, 0).Add(-6*time.Hour))
			}
			w.ask("mallory", workday(period.From, 4, 0).Add(-6*time.Hour))
			w.ask("mallory", workday(period.From, 6, 0).Add(-6*time.Hour))
			w.none(review.OffHours)
		},
		"nobody's history says nothing": func(w *world) {
			w.ask("mallory", workday(period.From, 4, 0).Add(-6*time.Hour))
			w.ask("mallory", workday(period.From, 6, 0).Add(-6*time.Hour))
			w.none(review.OffHours)
			w.none(review.FirstTime)
		},
		"an emergency comes when it comes": func(w *world) {
			w.history("mallory")
			for _, n := range []int{4, 6} {
				w.ask("mallory", workday(period.From, n, 0).Add(-6*time.Hour), func(r *review.Request) {
					r.BreakGlass = &review.BreakGlass{ReviewBy: r.AskedAt.Add(day), ReviewedAt: r.AskedAt.Add(time.Hour)}
				})
			}
			w.none(review.OffHours)
			w.none(review.GlassReview)
		},
		"a contract that nobody of the team had before": func(w *world) {
			w.history("mallory", "alice")
			for i := range 15 {
				w.ask("zoe", workday(period.From.Add(-40*day), i, 0), under("payroll"), func(r *review.Request) { r.Requester.Team = "people" })
			}
			w.ask("mallory", workday(period.From, 3, 0), under("payroll"))
			w.ask("mallory", workday(period.From, 5, 0), under("payroll"))
			w.ask("alice", workday(period.From, 6, 0), under("brand-new")) // new to everybody
			f := w.one(review.FirstTime)
			require.Equal(w.t, "payroll", f.Contract)
			require.Len(w.t, f.Evidence, 2)
		},
		"many more requests than by the own history": func(w *world) {
			for d := range 8 {
				w.ask("mallory", workday(period.From.Add(-80*day), 4*d, 0))
				w.ask("alice", workday(period.From.Add(-80*day), 4*d, 0))
			}
			for d := range 15 {
				w.none(review.Unusual)
				w.ask("mallory", workday(period.From, d, 0))
			}
			w.ask("alice", workday(period.From, 2, 0))
			require.Equal(w.t, "mallory", w.one(review.Unusual).Subject)
		},
		"much longer than ever before": func(w *world) {
			w.history("mallory")
			w.ask("mallory", workday(period.From, 3, 0), length(3*time.Hour))
			require.Contains(w.t, w.one(review.Unusual).Sentence, "asked for 3h under orders; their median is 30m")
		},
		"as long as others ask for under the same contract": func(w *world) {
			w.history("mallory")
			w.ask("bob", workday(period.From.Add(-20*day), 0, 0), length(3*time.Hour))
			w.ask("mallory", workday(period.From, 3, 0), length(3*time.Hour))
			w.none(review.Unusual)
		},
		"reasons that are copies": func(w *world) {
			reason := func(text, ticket string) func(*review.Request) {
				return func(r *review.Request) { r.Reason, r.Ticket = text, ticket }
			}
			for i, text := range []string{"Look into it", "look into it.", "LOOK  into it", "look, into it!", "(look) into it"} {
				w.none(review.CopiedReason)
				w.ask("mallory", workday(period.From, i, 0), reason(text, ""))
				w.ask("alice", workday(period.From, i, 0), reason("look into it", fmt.Sprint("OPS-", i)))
				w.ask("bob", workday(period.From, i, 0), reason("look into it", ""), ended(access.StateDenied))
			}
			f := w.one(review.CopiedReason)
			require.Equal(w.t, []string{"mallory"}, f.People)
			require.NotContains(w.t, f.Sentence, "ook", "what people wrote is in the log, not in the report")
		},
		"break glass that nobody reviewed, from an earlier period too": func(w *world) {
			glass := func(r *review.Request) {
				r.BreakGlass, r.Events.Glass = &review.BreakGlass{ReviewBy: r.AskedAt.Add(day)}, w.event()
			}
			w.ask("alice", until.Add(-12*time.Hour), glass) // not due yet
			w.none(review.GlassReview)
			w.ask("mallory", period.From.Add(-10*day), glass)
			f := w.one(review.GlassReview)
			require.Equal(w.t, []string{"mallory"}, f.People)
			require.Greater(w.t, f.Score, 30.0)
		},
		"endings that took too long, and drift": func(w *world) {
			w.ask("alice", period.From.Add(-day), func(r *review.Request) {
				r.OverdueAt, r.Events.Overdue = period.From.Add(time.Hour), 901
				r.Drifts, r.Events.Drifts = []time.Time{period.From.Add(-time.Hour), period.From.Add(time.Hour)}, []int64{902, 903}
			})
			require.Equal(w.t, []int64{901}, w.one(review.Overdue).Evidence)
			require.Equal(w.t, []int64{903}, w.one(review.Drift).Evidence, "what was before the period was in another review")
		},
		"denials and refusals that repeat": func(w *world) {
			for i := range 3 {
				w.none(review.Denials)
				w.ask("mallory", workday(period.From, i, 0), ended(access.StateDenied))
			}
			require.Equal(w.t, "orders", w.one(review.Denials).Contract)
			refuse := func(times int) {
				w.refusals = append(w.refusals, review.Refusal{By: "mallory", Act: "request", Code: "not_eligible", At: period.From.Add(time.Hour), Times: times, Event: w.event()})
			}
			refuse(9)
			w.none(review.Refusals)
			refuse(1)
			require.Equal(w.t, "Ramp refused asking for access of mallory 10 times, with not_eligible.", w.one(review.Refusals).Sentence)
		},
		"requests that nobody decides": func(w *world) {
			for i := range 6 {
				w.none(review.ApproversIdle)
				w.ask("alice", workday(period.From, i, 0), ended(access.StateLapsed))
			}
			w.one(review.ApproversIdle)
		},
	} {
		t.Run(name, func(t *testing.T) { test(newWorld(t)) })
	}
}

func under(contract string) func(*review.Request) {
	return func(r *review.Request) { r.Contract, r.Owner = contract, "" }
}
