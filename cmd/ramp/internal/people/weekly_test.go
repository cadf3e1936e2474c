package people

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestPrintReview: people read what was found, by which events, what would be changed, and
// the command that proposes it.
func TestPrintReview(t *testing.T) {
	r := review.Report{Period: review.Period{From: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)},
		Figures: review.Figures{Requests: 3, People: 2, ByState: map[string]int{"ended": 2, "denied": 1}},
		Unknown: []string{"Something."},
		Findings: []review.Finding{{ID: "0123456789abcdef", Kind: review.MaxTooLong, Owner: "team-data", Sentence: "orders gives up to 8h.", Evidence: []int64{4, 9}, More: 3,
			Mark:     &review.Mark{Kind: review.Accepted, By: "carol", Reason: "for the migration\x1b[2J"},
			Proposal: &review.Proposal{Sentence: "Lower it.", Effects: []string{"orders: longest access (duration.max): 8h → 1h"}, Tried: 40, Otherwise: 1, Changed: []string{"r1 by alice"}}},
			{ID: "1123456789abcdef", Kind: review.ValueIdle, Sentence: "None chose it.", Proposal: &review.Proposal{Sentence: "Take it out.", Problem: "it comes from base production"}}},
		Changed: []review.Changed{{Finding: "2123456789abcdef", Kind: review.Denials, Contract: "orders", Became: "gone", Sentence: "It is gone."}}}
	var b strings.Builder
	printReview(&b, r, "")
	for _, want := range []string{"3 by 2 people: 1 denied, 2 ended", "Not known: Something.", "2 findings", "0123456789abcdef  longer than is used (max_over_use), owner team-data", "Shown by events 4, 9 and 3 more",
		"accepted by carol", "Proposed: Lower it.", "8h → 1h", "Of 40 requests of the period, 1 would have been decided otherwise.", "ramp review propose 0123456789abcdef\n",
		"No patch: it comes from base production", "denied again and again (denials_repeat) orders: It is gone."} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), "\x1b", "what people wrote moves no cursor")
	require.NotContains(t, b.String(), "propose 1123456789abcdef")

	// Of a review that is made now, the same time is needed to find it again; and what is
	// fixed may have no reason.
	r.Findings[0].Mark.Reason = ""
	b.Reset()
	printReview(&b, r, "30d")
	require.Contains(t, b.String(), "ramp review propose 0123456789abcdef --since 30d\n")
	require.Regexp(t, `(?m)accepted by carol at .*[^: ]$`, b.String())
}

// TestOwnerOfTheReview: an owner whom the review does not have is a mistake, and no review
// without findings.
func TestOwnerOfTheReview(t *testing.T) {
	r := review.Report{Owners: []review.OwnerPart{{Owner: "team-data"}, {Owner: "team-people"}, {}}}
	err := (&weekly{owner: "team-dat"}).narrow(&r)
	require.ErrorContains(t, err, `no contracts of an owner "team-dat" for you; it has those of team-data, team-people`)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.Len(t, r.Owners, 3)
	require.NoError(t, (&weekly{owner: "team-people"}).narrow(&r))
	require.Equal(t, []review.OwnerPart{{Owner: "team-people"}}, r.Owners)
}
