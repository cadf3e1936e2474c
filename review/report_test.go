package review_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestFigures: sums, weeks and charts of requests that can be counted by hand.
func TestFigures(t *testing.T) {
	w := newWorld(t)
	w.ask("alice", workday(period.From, 0, 0), used(0, 15)) // Monday
	w.ask("bob", workday(period.From, 1, 0), used(0, 30))
	w.ask("bob", workday(period.From, 5, 0), ended(access.StateDenied))
	w.ask("alice", period.From.Add(-time.Hour)) // before, and open for two minutes less than an hour before
	r := w.report()
	require.Equal(t, 3, r.Figures.Requests)
	require.Equal(t, 2, r.Figures.People)
	require.Equal(t, map[string]int{"ended": 2, "denied": 1}, r.Figures.ByState)
	require.Equal(t, review.Spread{Count: 2, Median: access.Duration(time.Minute), P90: access.Duration(time.Minute), Most: access.Duration(time.Minute)}, r.Figures.ToDecide)
	require.Equal(t, 1.0, r.Figures.Hours)
	require.Equal(t, 0.75, r.Figures.Used)
	require.Equal(t, 2, r.Figures.UsedOf)
	require.Len(t, r.Weeks, 4)
	require.Equal(t, map[string]int{"denied": 1}, r.Weeks[1].States)
	require.Equal(t, 0.5, r.Heat[0].Hours[0], "alice's Monday")
	require.Len(t, r.Spans, 2)
	require.Equal(t, "team-data", r.Owners[0].Owner)
	require.Equal(t, 3, r.Owners[0].Uses[0].Figures.Requests)
}

// TestOwnersSeeTheirs: an owner reads what is about their contracts, and nothing of who
// else held access.
func TestOwnersSeeTheirs(t *testing.T) {
	w := newWorld(t)
	w.contracts = append(w.contracts, review.Contract{Name: "payroll", Owner: "team-people"})
	for i := range 4 {
		w.ask("mallory", workday(period.From, i, 0), under("payroll"), ended(access.StateDenied))
		w.ask("eve", workday(period.From, i, 0), ended(access.StateDenied))
	}
	all := w.report()
	theirs := all.For("team-people")
	require.Len(t, theirs.Findings, 1)
	require.Equal(t, "payroll", theirs.Findings[0].Contract)
	b, err := json.Marshal(theirs)
	require.NoError(t, err)
	require.NotContains(t, string(b), "eve")
	require.NotContains(t, string(b), "orders")
	require.Len(t, all.Findings, 2)
	require.Empty(t, all.For("nobody").Findings)

	// What became of a finding on a contract that nobody used since is its owner's to read.
	next := newWorld(t).report()
	next.Remember(&all, nil)
	require.Len(t, next.Changed, 2)
	theirs = next.For("team-people")
	require.Len(t, theirs.Changed, 1)
	require.Equal(t, "payroll", theirs.Changed[0].Contract)
}

// TestRemember: the next report keeps marks, and says what became of what was found.
func TestRemember(t *testing.T) {
	denied := func(n int, who ...string) review.Report {
		w := newWorld(t)
		for _, name := range who {
			for i := range n {
				w.ask(name, workday(period.From, i, 0), ended(access.StateDenied))
			}
		}
		return w.report()
	}
	last := denied(3, "mallory", "eve", "fay")
	last.Period.To = period.From
	require.Len(t, last.Findings, 3)
	id := map[string]string{}
	for _, f := range last.Findings {
		id[f.Subject] = f.ID
	}
	now := denied(5, "mallory", "fay")
	now.Remember(&last, map[string]review.Mark{
		id["mallory"]: {Kind: review.Fixed, By: "carol", At: period.From.Add(-time.Hour)},
		id["fay"]:     {Kind: review.Accepted, By: "carol", Reason: "she learns", At: period.From.Add(-time.Hour)},
	})
	became := map[string]string{}
	for _, c := range now.Changed {
		became[c.Finding] = c.Became
	}
	require.Equal(t, map[string]string{id["mallory"]: "again", id["eve"]: "gone", id["fay"]: "higher"}, became)
	for _, f := range now.Findings {
		require.Equal(t, period.From, f.Since)
		require.Equal(t, "carol", f.Mark.By)
	}
}

// TestReportIsPure: the same requests give the same report to the byte, however often, and
// no order of maps shows in it.
func TestReportIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		make := func(seed int) string {
			w := &world{contracts: []review.Contract{{Name: "orders", Owner: "team-data", Max: access.Duration(8 * time.Hour)}, {Name: "old"}}}
			for i := range 200 {
				n := (i*7919 + seed) % 97
				w.ask(fmt.Sprint("p", n%7), period.From.Add(-40*day+time.Duration(i)*8*time.Hour), by(fmt.Sprint("p", n%5), time.Duration(n%20)*time.Second), used(0, n%9))
			}
			b, err := json.Marshal(w.report())
			require.NoError(t, err)
			return string(b)
		}
		seed := rapid.IntRange(0, 1000).Draw(t, "seed")
		one := make(seed)
		require.Equal(t, one, make(seed))
		require.False(t, strings.Contains(one, "null"), "lists are never null")
	})
}

// TestThresholds: what is zero is the default, and what no figure can be is refused.
func TestThresholds(t *testing.T) {
	require.Empty(t, review.DefaultThresholds().Validate())
	require.Empty(t, review.Thresholds{}.Validate())
	bad := review.Thresholds{HeldLong: 1.5, MaxOver: 0.5, NeverUsed: -1, History: access.Duration(time.Hour)}.Validate()
	require.Len(t, bad, 4)
}
