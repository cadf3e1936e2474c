package review_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// until is the end of the reviewed period, a Monday; it is 28 days long.
var until = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

var period = review.Period{From: until.Add(-28 * day), To: until}

const day = 24 * time.Hour

// world is requests that are made up for one test.
type world struct {
	t         *testing.T
	requests  []review.Request
	refusals  []review.Refusal
	contracts []review.Contract
	next      int64
}

func newWorld(t *testing.T) *world {
	return &world{t: t, contracts: []review.Contract{{Name: "orders", Version: "sha256:1", Owner: "team-data", Usual: access.Duration(30 * time.Minute),
		Max: access.Duration(time.Hour), Stages: true, Groups: []string{"engineering"}}}}
}

// event returns the number of the next event.
func (w *world) event() int64 { w.next++; return w.next }

// ask adds a request under the contract orders that carol approved a minute later, and that
// was open for half an hour; change makes it another.
func (w *world) ask(who string, at time.Time, change ...func(*review.Request)) {
	r := review.Request{ID: fmt.Sprintf("r%04d", len(w.requests)), Contract: "orders", Owner: "team-data", Targets: []string{"postgres/orders"},
		Requester: review.Person{ID: who, Team: "data", Groups: []string{"engineering"}}, Reason: fmt.Sprintf("order %d is stuck", len(w.requests)), AskedAt: at,
		Asked: access.Duration(30 * time.Minute), Given: access.Duration(30 * time.Minute), DecidedAt: at.Add(time.Minute), State: access.StateEnded, Outcome: access.OutcomeReleased}
	r.Events.Asked = w.event()
	r.Decisions = []review.Decision{{By: review.Person{ID: fmt.Sprintf("approver%d", len(w.requests)%4)}, Verdict: access.Approve, At: at.Add(time.Minute), Event: w.event()}}
	r.OpenedAt, r.ClosedAt, r.PlannedEnd = at.Add(2*time.Minute), at.Add(32*time.Minute), at.Add(32*time.Minute)
	r.Events.Opened, r.Events.Closed = w.event(), w.event()
	for _, c := range change {
		c(&r)
	}
	w.requests = append(w.requests, r)
}

// workday returns a time on the n-th working day after another (0 is the first), in the
// morning, and later by minutes.
func workday(after time.Time, n, minutes int) time.Time {
	at := after
	for {
		if d := at.Weekday(); d != time.Saturday && d != time.Sunday {
			if n == 0 {
				return at.Truncate(day).Add(9*time.Hour + time.Duration(minutes)*time.Minute)
			}
			n--
		}
		at = at.Add(day)
	}
}

// history adds a request by each person on each of 30 working days before the period.
func (w *world) history(people ...string) {
	for d := range 30 {
		for i, who := range people {
			w.ask(who, workday(period.From.Add(-60*day), d, 20*i))
		}
	}
}

func (w *world) report() review.Report {
	slices.SortStableFunc(w.requests, func(a, b review.Request) int { return a.AskedAt.Compare(b.AskedAt) })
	return review.Make(w.requests, w.refusals, w.contracts, period, review.Thresholds{})
}

// one returns the only finding of a kind.
func (w *world) one(kind review.Kind) review.Finding {
	w.t.Helper()
	var found []review.Finding
	r := w.report()
	for _, f := range r.Findings {
		if f.Kind == kind {
			found = append(found, f)
		}
	}
	require.Len(w.t, found, 1, "%s among %+v", kind, r.Findings)
	f := found[0]
	require.NotEmpty(w.t, f.ID)
	require.NotEmpty(w.t, f.Sentence)
	require.GreaterOrEqual(w.t, f.Score, 1.0)
	require.True(w.t, slices.IsSorted(f.Evidence))
	return f
}

// none fails if there is a finding of a kind.
func (w *world) none(kind review.Kind) {
	w.t.Helper()
	for _, f := range w.report().Findings {
		require.NotEqual(w.t, kind, f.Kind, "%s", f.Sentence)
	}
}

// used says that the target reports all sessions, of these minutes after opening.
func used(from, to int) func(*review.Request) {
	return func(r *review.Request) {
		var sessions []access.Session
		if to > from {
			sessions = append(sessions, access.Session{From: r.OpenedAt.Add(time.Duration(from) * time.Minute), To: r.OpenedAt.Add(time.Duration(to) * time.Minute)})
		}
		u := access.UsageOf(sessions)
		r.Usage = &u
	}
}

// length has access open for so long.
func length(d time.Duration) func(*review.Request) {
	return func(r *review.Request) {
		r.Asked, r.Given, r.ClosedAt = access.Duration(d), access.Duration(d), r.OpenedAt.Add(d)
		r.PlannedEnd = r.ClosedAt
	}
}

// by has one person approve after so long.
func by(approver string, after time.Duration) func(*review.Request) {
	return func(r *review.Request) {
		r.Decisions[0].By.ID, r.Decisions[0].At = approver, r.AskedAt.Add(after)
	}
}

// ended has a request come to nothing.
func ended(s access.State) func(*review.Request) {
	return func(r *review.Request) {
		r.State, r.Outcome, r.OpenedAt, r.ClosedAt, r.Given, r.Decisions = s, "", time.Time{}, time.Time{}, 0, nil
		r.Events.Decided = r.Events.Asked + 1
	}
}
