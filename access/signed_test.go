package access_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// signed is the extendable plan, approved by bob at once.
func signed(change ...func(*access.Signed)) access.Signed {
	s := access.Signed{Plan: extendable(), Decisions: []access.Decision{says(human("bob", "leads"), access.Approve)}}
	for _, c := range change {
		c(&s)
	}
	return s
}

func grantOf(s access.Signed) string { return s.Plan.Grants[0].Name }

// opened adds the receipt of an opening some time after the approval.
func opened(after time.Duration) func(*access.Signed) {
	return func(s *access.Signed) {
		until := at.Add(after + s.Plan.Duration.Std())
		s.Openings = append(s.Openings, access.Receipt{RequestID: s.Plan.RequestID, Grant: grantOf(*s), Kind: access.ReceiptOpened, At: at.Add(after), ExpiresAt: &until})
	}
}

func scheduled(after time.Duration) func(*access.Signed) {
	return func(s *access.Signed) { start := at.Add(after); s.Plan.StartAt = &start }
}

// confirmed adds a server's confirmation of the decisions that there are.
func confirmed(after time.Duration) func(*access.Signed) {
	return func(s *access.Signed) {
		s.Confirmations = append(s.Confirmations, access.Confirmation{RequestID: s.Plan.RequestID, PlanDigest: s.Plan.Digest,
			Decisions: access.DecisionKeys(s.Decisions), At: at.Add(after)})
	}
}

func denied(after time.Duration) func(*access.Signed) {
	return func(s *access.Signed) {
		s.Decisions = append(s.Decisions, says(human("carol", "leads"), access.Deny, func(d *access.Decision) { d.At = at.Add(after) }))
	}
}

func ended(after time.Duration) func(*access.Signed) {
	return func(s *access.Signed) {
		s.Ends = append(s.Ends, access.EndOrder{RequestID: s.Plan.RequestID, PlanDigest: s.Plan.Digest, Kind: access.EndRevoke, By: "carol", At: at.Add(after)})
	}
}

// ordered adds an order to extend from an end that is given after the approval.
func ordered(number int, from time.Duration, adds access.Duration) func(*access.Signed) {
	return func(s *access.Signed) {
		o := order(s.Plan, number, adds)
		o.From = at.Add(from)
		s.Extensions = append(s.Extensions, o)
	}
}

func TestTermAllowsOpening(t *testing.T) {
	for name, c := range map[string]struct {
		signed access.Signed
		after  time.Duration
		until  time.Duration // 0: as long as approved, from then on
		code   access.Code
		issue  string
	}{
		"OK":                                   {signed(), 0, 0, "", ""},
		"in the last minute":                   {signed(), access.ActWithin, 0, "", ""},
		"Case61 an approval that is held back": {signed(), 17 * time.Minute, 20 * time.Minute, access.CodeTooLate, access.IssueOpenedTooLate},
		"longer than approved":                 {signed(), 0, 31 * time.Minute, access.CodeEvidence, ""},
		"later than it could have opened":      {signed(), 10*time.Minute + 20*time.Second, 41 * time.Minute, access.CodeEvidence, ""},
		"nobody has approved":                  {signed(func(s *access.Signed) { s.Decisions = nil }), 0, 0, access.CodeEvidence, ""},
		"denied":                               {signed(denied(time.Minute)), time.Minute, 0, access.CodeEvidence, ""},
		"denied in the same instant":           {signed(denied(0)), 0, 0, access.CodeEvidence, ""},
		"denied, and approved again by the one who denied": {signed(func(s *access.Signed) {
			no, yes := says(human("carol", "leads"), access.Deny), says(human("carol", "leads"), access.Approve)
			no.At, yes.At = at.Add(time.Minute), at.Add(2*time.Minute)
			s.Decisions = append(s.Decisions, no, yes)
		}), 3 * time.Minute, 0, access.CodeEvidence, ""},
		"Case57 somebody has ended it": {signed(ended(time.Minute)), 2 * time.Minute, 0, access.CodeConflict, access.IssueStopped},
		"the end of another request":   {signed(ended(time.Minute), func(s *access.Signed) { s.Ends[0].RequestID = "q" }), 2 * time.Minute, 0, "", ""},
		"the approver has left": {signed(func(s *access.Signed) {
			s.Directory = access.DirectorySnapshot{Members: map[string]access.Member{"bob": {ID: "bob"}}}
		}), 0, 0, access.CodeEvidence, ""},
		"out of the window":                                     {signed(func(s *access.Signed) { end := at.Add(30 * time.Minute); s.Plan.NotAfter = &end }), time.Minute, 0, access.CodeEvidence, ""},
		"to the end of the window":                              {signed(func(s *access.Signed) { end := at.Add(30 * time.Minute); s.Plan.NotAfter = &end }), time.Minute, 30 * time.Minute, "", ""},
		"a planned start":                                       {signed(scheduled(3*time.Hour), confirmed(3*time.Hour)), 3 * time.Hour, 0, "", ""},
		"before its planned start":                              {signed(scheduled(3*time.Hour), confirmed(3*time.Hour-access.ConfirmAhead)), 3*time.Hour - 2*time.Second, 3 * time.Hour, access.CodeEvidence, ""},
		"Case60 a planned start that no server confirmed":       {signed(scheduled(3 * time.Hour)), 3 * time.Hour, 0, access.CodeUnavailable, access.IssueNotConfirmed},
		"Case60 confirmed long before":                          {signed(scheduled(3*time.Hour), confirmed(2*time.Hour)), 3 * time.Hour, 0, access.CodeUnavailable, access.IssueNotConfirmed},
		"Case60 confirmed with a decision that is left out now": {signed(denied(time.Hour), scheduled(3*time.Hour), confirmed(3*time.Hour), func(s *access.Signed) { s.Decisions = s.Decisions[:1] }), 3 * time.Hour, 0, access.CodeUnavailable, access.IssueNotConfirmed},
		"Case60 another request's confirmation":                 {signed(scheduled(3*time.Hour), confirmed(3*time.Hour), func(s *access.Signed) { s.Confirmations[0].RequestID = "q" }), 3 * time.Hour, 0, access.CodeUnavailable, access.IssueNotConfirmed},
		"Case61 a confirmation that is held back":               {signed(scheduled(3*time.Hour), confirmed(3*time.Hour)), 3*time.Hour + 11*time.Minute, 0, access.CodeTooLate, access.IssueOpenedTooLate},
		"approved after the planned start":                      {signed(scheduled(-time.Minute)), 0, 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			until := c.until
			if until == 0 {
				until = c.after + 30*time.Minute
			}
			requireRefused(t, c.signed.Term(grantOf(c.signed)).AllowsOpening(at.Add(c.after), at.Add(until)), c.code, c.issue)
		})
	}
}

// TestTermUntil: the end is the opening's, moved by each order that fits, once.
func TestTermUntil(t *testing.T) {
	half := 30 * time.Minute
	for name, c := range map[string]struct {
		signed access.Signed
		want   time.Duration // after the approval
	}{
		"no receipt: at the latest that it could have opened": {signed(), access.ActWithin + half},
		"a receipt":                     {signed(opened(0)), half},
		"a receipt of another grant":    {signed(opened(0), func(s *access.Signed) { s.Openings[0].Grant = "x" }), access.ActWithin + half},
		"a receipt with a later end":    {signed(opened(0), func(s *access.Signed) { end := at.Add(time.Hour); s.Openings[0].ExpiresAt = &end }), access.ActWithin + half},
		"the first of two receipts":     {signed(opened(time.Minute), opened(0)), half},
		"one order":                     {signed(opened(0), ordered(1, half, minutes(20))), 50 * time.Minute},
		"Case55 one order, ten times":   {signed(opened(0), ordered(1, half, minutes(20)), ordered(1, half, minutes(20)), ordered(1, half, minutes(20))), 50 * time.Minute},
		"one, ordered again for longer": {signed(opened(0), ordered(1, half, minutes(20)), ordered(1, half, minutes(25))), 55 * time.Minute},
		"two":                           {signed(opened(0), ordered(2, 50*time.Minute, minutes(10)), ordered(1, half, minutes(20))), time.Hour},
		"the second from the end of the first that failed half way": {signed(opened(0), ordered(1, half, minutes(20)), ordered(1, half, minutes(25)), ordered(2, 50*time.Minute, minutes(10))), time.Hour},
		"Case55 an order that starts from a later end":              {signed(opened(0), ordered(1, 40*time.Minute, minutes(20))), half},
		"Case55 the second where nobody ordered a first":            {signed(opened(0), ordered(2, half, minutes(20))), half},
		"Case55 one order as the first and as the second":           {signed(opened(0), ordered(1, half, minutes(20)), ordered(2, half, minutes(20))), 50 * time.Minute},
		"a third of two":                                         {signed(opened(0), ordered(1, half, minutes(1)), ordered(2, half+time.Minute, minutes(1)), ordered(3, half+2*time.Minute, minutes(1))), 32 * time.Minute},
		"more than approved":                                     {signed(opened(0), ordered(1, half, minutes(91))), half},
		"so long that it overflows":                              {signed(opened(0), ordered(1, half, 1<<62)), half},
		"no receipt: from the end that the order names":          {signed(ordered(1, half, minutes(20))), 50 * time.Minute},
		"no receipt, and an order from an end that could not be": {signed(ordered(1, 41*time.Minute, minutes(20))), access.ActWithin + half},
		"a window that ends":                                     {signed(opened(time.Minute), func(s *access.Signed) { end := at.Add(half); s.Plan.NotAfter, s.Openings[0].ExpiresAt = &end, &end }), half},
		"a plan without extensions":                              {signed(opened(0), ordered(1, half, minutes(20)), func(s *access.Signed) { s.Plan.Extend = nil }), half},
		"ordered after somebody ended it":                        {signed(opened(0), ended(-time.Minute), ordered(1, half, minutes(20))), half},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, at.Add(c.want), c.signed.Term(grantOf(c.signed)).Until)
		})
	}
	s := signed(opened(0), ordered(1, half, minutes(20)), ended(10*time.Minute))
	require.Equal(t, at.Add(10*time.Minute), s.Term(grantOf(s)).End(), "stopped before its end")
	require.Equal(t, access.IssueStopped, access.IssuesOf(s.Term(grantOf(s)).AllowsOpen(at.Add(time.Minute)))[0].Code)
}

func TestCheckExtensions(t *testing.T) {
	half := 30 * time.Minute
	for name, c := range map[string]struct {
		signed access.Signed
		issue  string
	}{
		"none":                     {signed(opened(0)), ""},
		"two":                      {signed(opened(0), ordered(1, half, minutes(20)), ordered(2, 50*time.Minute, minutes(70))), ""},
		"the first made anew":      {signed(opened(0), ordered(1, half, minutes(90)), ordered(1, half, minutes(20))), ""},
		"the second over the rest": {signed(opened(0), ordered(1, half, minutes(20)), ordered(2, 50*time.Minute, minutes(71))), access.IssueExtendedOver},
		"the second only":          {signed(opened(0), ordered(2, half, minutes(20))), access.IssueExtendsNothing},
		"a third":                  {signed(opened(0), ordered(1, half, minutes(1)), ordered(2, 31*time.Minute, minutes(1)), ordered(3, 32*time.Minute, minutes(1))), access.IssueExtensionNumber},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.signed.CheckExtensions(grantOf(c.signed))
			if c.issue == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.issue, access.IssuesOf(err)[0].Code)
		})
	}
}

// anySigned draws what may have been signed about a request, also by a server that
// was told lies about ends.
func anySigned() *rapid.Generator[access.Signed] {
	within := func(t *rapid.T, name string) time.Duration {
		return time.Duration(rapid.IntRange(-5, 130).Draw(t, name)) * time.Minute
	}
	return rapid.Custom(func(t *rapid.T) access.Signed {
		s := access.Signed{Plan: extendable()}
		s.Plan.Extend.Times = rapid.IntRange(1, 4).Draw(t, "times")
		s.Plan.PendingUntil = at.Add(3 * time.Hour)
		s.Plan.StepUp = 0
		if rapid.Bool().Draw(t, "planned start") {
			scheduled(within(t, "start"))(&s)
		}
		if rapid.IntRange(0, 3).Draw(t, "window") == 0 {
			end := at.Add(within(t, "window's end"))
			s.Plan.NotAfter = &end
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "decisions") {
			who := human(rapid.SampledFrom([]string{"bob", "carol", "erin"}).Draw(t, "who"), "leads")
			verdict := rapid.SampledFrom([]access.Verdict{access.Approve, access.Approve, access.Approve, access.Deny}).Draw(t, "verdict")
			when := time.Duration(rapid.IntRange(0, 12).Draw(t, fmt.Sprint("decided ", i))) * 10 * time.Minute
			s.Decisions = append(s.Decisions, says(who, verdict, func(d *access.Decision) { d.At = at.Add(when) }))
		}
		if rapid.Bool().Draw(t, "confirmed") {
			confirmed(within(t, "confirmation"))(&s)
		}
		if rapid.Bool().Draw(t, "opened") {
			opened(within(t, "opening"))(&s)
		}
		for range rapid.IntRange(0, 5).Draw(t, "orders") {
			// Ends that fit are drawn often: multiples of ten from the first.
			ordered(rapid.IntRange(0, 5).Draw(t, "number"), time.Duration(rapid.IntRange(1, 12).Draw(t, "from"))*10*time.Minute,
				minutes(10*rapid.IntRange(-1, 5).Draw(t, "adds")))(&s)
		}
		return s
	})
}

// TestEndsAreSums: whatever is repeated and in whatever order, the end is the same,
// and never later than the opening and each distinct order together.
func TestEndsAreSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySigned().Draw(t, "signed")
		term := s.Term(grantOf(s))
		again := s
		for _, o := range s.Extensions { // a replay, as often as one likes
			for range rapid.IntRange(0, 2).Draw(t, "replays") {
				again.Extensions = append(again.Extensions, o)
			}
		}
		again.Extensions = rapid.Permutation(again.Extensions).Draw(t, "orders")
		again.Decisions = rapid.Permutation(append(append([]access.Decision{}, s.Decisions...), s.Decisions...)).Draw(t, "decisions")
		after := again.Term(grantOf(s))
		require.True(t, term.Until.Equal(after.Until))
		require.True(t, term.Approved.Equal(after.Approved))
		require.Equal(t, term.Tally, after.Tally)

		sum, seen := s.Plan.Duration.Std(), map[string]bool{}
		for _, o := range s.Extensions {
			key := fmt.Sprint(o.Number, o.From, o.Adds)
			if !seen[key] && o.Adds > 0 {
				sum += o.Adds.Std()
			}
			seen[key] = true
		}
		if term.Approved.IsZero() {
			require.Error(t, term.AllowsOpen(time.Time{}))
			return
		}
		opens := term.OpenBy
		if len(s.Openings) > 0 && !term.First.Equal(term.OpenBy.Add(s.Plan.Duration.Std())) {
			opens = term.First.Add(-s.Plan.Duration.Std())
		}
		require.False(t, term.Until.After(opens.Add(sum)), "more than was ordered")
		require.False(t, term.Until.After(opens.Add(max(s.Plan.Extend.UpTo, s.Plan.Duration).Std())), "more than the plan may be extended to")
		if s.Plan.NotAfter != nil {
			require.False(t, term.Until.After(*s.Plan.NotAfter), "out of its window")
		}
	})
}

// TestMoreOrdersToEnd: with one more order to end, or one more denial that denies,
// nothing is open and nothing opens; and no statement that is left out makes an end
// later but one of these two.
func TestMoreOrdersToEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySigned().Draw(t, "signed")
		when := time.Duration(rapid.IntRange(-5, 200).Draw(t, "when")) * time.Minute
		rapid.SampledFrom([]func(time.Duration) func(*access.Signed){ended, denied}).Draw(t, "stop")(when)(&s)
		require.True(t, s.Term(grantOf(s)).Tally == access.TallyDenied || len(s.Ends) > 0)
		now, until := at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "now"))*time.Minute), at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "until"))*time.Minute)
		term := s.Term(grantOf(s))
		require.Error(t, term.AllowsOpening(now, until))
		require.Error(t, term.AllowsOpen(until))
		if !term.Approved.IsZero() {
			require.False(t, term.End().After(at.Add(when)) && term.Stopped.At.After(at.Add(when)), "the stop came later than it was ordered")
		}
	})
}

// TestLeavingOut: somebody who leaves statements out gets no later end, and opens nothing
// that a planned start's confirmation does not cover.
func TestLeavingOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySigned().Draw(t, "signed")
		less := s
		keep := func(n int, what string) []int {
			var kept []int
			for i := range n {
				if rapid.Bool().Draw(t, what) {
					kept = append(kept, i)
				}
			}
			return kept
		}
		less.Extensions = nil
		for _, i := range keep(len(s.Extensions), "extension") {
			less.Extensions = append(less.Extensions, s.Extensions[i])
		}
		require.False(t, less.Term(grantOf(s)).Until.After(s.Term(grantOf(s)).Until), "an order that is left out made the end later")
		less = s
		less.Confirmations = nil
		for _, i := range keep(len(s.Confirmations), "confirmation") {
			less.Confirmations = append(less.Confirmations, s.Confirmations[i])
		}
		now := at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "now")) * time.Minute)
		if err := less.Term(grantOf(s)).AllowsOpening(now, now.Add(time.Minute)); err == nil {
			require.NoError(t, s.Term(grantOf(s)).AllowsOpening(now, now.Add(time.Minute)))
		}
	})
}
