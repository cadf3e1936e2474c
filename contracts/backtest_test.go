package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestBacktest: what was recorded is decided under the same contracts as it was then, and
// under others as they say.
func TestBacktest(t *testing.T) {
	text := contract("c", `"engineering" in person.groups`, `{default: 30m, max: 2h}`, `{auto: 'history.exists(u, u.outcome == "released")', stages: [{name: a, from: [x]}]}`)
	set := parsed(t, text)
	rapid.Check(t, func(t *rapid.T) {
		h := someHistory.Draw(t, "history")
		in := contracts.Input{Person: alice, Now: now, History: h, Request: access.RequestInput{Contract: "c", Reason: "the orders are stuck since two", Duration: rapid.SampledFrom([]string{"", "2h"}).Draw(t, "length")}}
		recorded := contracts.Recorded{Plan: set.Contracts[0].Evaluate(in).Draft, History: h}
		var report contracts.BacktestReport
		set.Backtest(&report, "pack.json", recorded)
		require.Equal(t, contracts.BacktestReport{Requests: 1}, report)
	})
	plan := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, History: &access.History{}, Request: access.RequestInput{Contract: "c", Reason: "the orders are stuck since two", Duration: "2h"}}).Draft
	for who, want := range map[string]string{`"sales" in person.groups`: "impossible", `"engineering" in person.groups`: "harder"} {
		other := parsed(t, contract("c", who, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x], approvals: 2}]}`))
		var report contracts.BacktestReport
		other.Backtest(&report, "pack.json", contracts.Recorded{Plan: plan, History: &access.History{}})
		require.Equal(t, want, report.Changes[0].Kind)
	}
	var report contracts.BacktestReport
	(&contracts.Set{}).Backtest(&report, "pack.json", contracts.Recorded{Plan: plan})
	require.Equal(t, "refused: there is no such contract", report.Changes[0].After)
}
