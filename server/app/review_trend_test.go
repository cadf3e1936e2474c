package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/review"
)

// TestWeeksBefore: reviews of four weeks each, one made each week, have each week once in the
// charts, also with the clocks changed between them.
func TestWeeksBefore(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	until := time.Date(2026, 11, 9, 0, 0, 0, 0, berlin)
	var shown []review.Week
	for i := range 5 {
		period := review.WeeklyUntil(until.AddDate(0, 0, -7*i), berlin)
		weeks := review.Make(nil, nil, nil, period, review.Thresholds{}).Weeks
		require.Len(t, weeks, review.Weeks)
		shown = append(shown, weeksBefore(shown, weeks, period.To)...)
	}
	require.Len(t, shown, 8)
	sums := weeksBefore([]review.Week{{From: until.AddDate(0, 0, -28)}}, []review.Week{{From: until.AddDate(0, 0, -35)}}, until.AddDate(0, 0, -7))
	require.Empty(t, sums, "a sum that overlaps a later one is left out")
}
