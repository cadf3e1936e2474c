package company_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/tools/year/company"
)

func text(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// TestOneSeedOneYear: what is reported of a seed can be measured again.
func TestOneSeedOneYear(t *testing.T) {
	first, err := company.Make(7, 0.3)
	require.NoError(t, err)
	again, err := company.Make(7, 0.3)
	require.NoError(t, err)
	require.Equal(t, text(t, first), text(t, again))
	other, err := company.Make(8, 0.3)
	require.NoError(t, err)
	require.NotEqual(t, text(t, first), text(t, other))
}

// TestYearIsWhole: it has the people, contracts and noise that docs/review.md says, every
// kind is planted, and each request's times are in the order of its life.
func TestYearIsWhole(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		y, err := company.Make(seed, 1)
		require.NoError(t, err)
		require.Len(t, y.Contracts, 40)
		people, states := map[string]bool{}, map[access.State]int{}
		glass := 0
		for i, r := range y.Requests {
			people[r.Requester.ID] = true
			states[r.State]++
			require.False(t, i > 0 && r.AskedAt.Before(y.Requests[i-1].AskedAt), "in the order of AskedAt")
			require.False(t, r.DecidedAt.Before(r.AskedAt), "%+v", r)
			require.Positive(t, r.Events.Asked)
			if r.Opened() {
				require.True(t, !r.OpenedAt.Before(r.DecidedAt) && r.ClosedAt.After(r.OpenedAt) && r.ClosedAt.Before(y.To), "%+v", r)
			}
			for _, d := range r.Decisions {
				require.NotEqual(t, r.Requester.ID, d.By.ID, "nobody decides their own request")
			}
			if u := r.Usage; u != nil && u.Used() {
				require.Empty(t, u.Validate())
				require.True(t, (u.First.IsZero() || !u.First.Before(r.OpenedAt.Truncate(time.Second))) && !u.Last.After(r.ClosedAt), "%+v", r)
			}
			if r.BreakGlass != nil {
				glass++
			}
		}
		require.Greater(t, len(people), 190)
		require.Greater(t, len(y.Requests), 10_000)
		for _, s := range []access.State{access.StateEnded, access.StateDenied, access.StateLapsed, access.StateCancelled} {
			require.Greater(t, states[s], 50, s)
		}
		require.Greater(t, glass, 20)
		require.Greater(t, len(y.Refusals), 200)
		planted := map[review.Kind]int{}
		for _, p := range y.Planted {
			planted[p.Kind]++
		}
		for _, kind := range company.Kinds() {
			require.Positive(t, planted[kind], "seed %d has no %s", seed, kind)
		}
	}
}

// TestAsOfKnowsNothingLater: a review of last month knows nothing of this one.
func TestAsOfKnowsNothingLater(t *testing.T) {
	y, err := company.Make(1, 1)
	require.NoError(t, err)
	for day := 30; day < 364; day += 30 {
		at := y.From.AddDate(0, 0, day).Add(11 * time.Hour)
		requests, refusals := y.AsOf(at)
		require.NotEmpty(t, requests)
		for _, r := range requests {
			times := []time.Time{r.AskedAt, r.DecidedAt, r.OpenedAt, r.ClosedAt, r.OverdueAt}
			times = append(times, r.Drifts...)
			for _, d := range r.Decisions {
				times = append(times, d.At)
			}
			if r.Usage != nil {
				times = append(times, r.Usage.First, r.Usage.Last)
			}
			if r.BreakGlass != nil {
				times = append(times, r.BreakGlass.ReviewedAt)
			}
			require.False(t, slices.ContainsFunc(times, func(t time.Time) bool { return !t.Before(at) }), "at %s: %+v", at, r)
			if r.Opened() && r.ClosedAt.IsZero() {
				require.Equal(t, access.StateActive, r.State)
			}
		}
		for _, r := range refusals {
			require.True(t, r.At.Before(at))
		}
	}
}
