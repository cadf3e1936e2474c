package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/review"
	"ramp.dev/ramp/tools/year/company"
)

// floor is what a kind's findings must reach on the year of the test.
type floor struct{ precision, recall float64 }

// TestFindingsOfAYear: a year has the same findings on every machine, so a change of a
// statistic or of a threshold that makes them worse shows here. docs/review.md has how good
// they are on nine other years.
func TestFindingsOfAYear(t *testing.T) {
	y, err := company.Make(14, 1)
	require.NoError(t, err)
	got := measure(y, review.DefaultThresholds())
	total := scores{}
	total.add(got)
	var table strings.Builder
	require.NoError(t, total.print(&table))
	t.Log("\n" + table.String())
	require.Len(t, floors, len(kinds()))
	for kind, least := range floors {
		s := got[kind]
		require.Positive(t, s.planted, kind)
		require.GreaterOrEqual(t, s.precision(), least.precision, "%s: %s", kind, strings.Join(s.lines, "\n"))
		require.GreaterOrEqual(t, s.recall(), least.recall, "%s: %s", kind, strings.Join(s.lines, "\n"))
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string][]uint64{"3": {3}, "2..4": {2, 3, 4}} {
		got, err := parseSeeds(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "0", "x", "4..2", "1..", "1..5000", "-1"} {
		_, err := parseSeeds(text)
		require.Error(t, err, text)
	}
}
