package contracts_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func hours(n float64) access.Duration { return access.Duration(n * float64(time.Hour)) }

// ended is a use that began some hours ago and was open for some.
func ended(ago, length float64) access.Use {
	at := now.Add(-hours(ago).Std())
	end := at.Add(hours(length).Std())
	return access.Use{At: at, State: access.StateEnded, Outcome: access.OutcomeReleased, Opened: true, EndedAt: &end, Length: hours(length)}
}

func pending(length float64) access.Use {
	return access.Use{At: now.Add(-time.Minute), State: access.StatePending, Length: hours(length)}
}

// TestLimits holds requests against what was before.
func TestLimits(t *testing.T) {
	denied := access.Use{At: now.Add(-time.Hour), State: access.StateDenied}
	for _, c := range []struct {
		limits, duration string
		uses             []access.Use
		inAll            int
		want             string
	}{
		{"{open: 1}", "", nil, 0, ""},
		{"{open: 1}", "", []access.Use{ended(2, 1), denied}, 0, ""},
		{"{open: 1}", "", []access.Use{pending(1)}, 1, "limit_open"},
		{"{open: 2}", "", []access.Use{pending(1)}, 1, ""},
		{"{openInAll: 1}", "", nil, 1, "limit_open_in_all"},
		{"{openInAll: 2}", "", nil, 1, ""},
		{"{cooldown: 1h}", "", []access.Use{ended(2, 0.5)}, 0, ""},
		{"{cooldown: 1h}", "", []access.Use{ended(2, 1)}, 0, ""},
		{"{cooldown: 1h}", "", []access.Use{ended(2, 1.01)}, 0, "limit_cooldown"},
		{"{cooldown: 1h}", "", []access.Use{pending(1)}, 0, "limit_cooldown"},
		{"{cooldown: 1h}", "", []access.Use{denied}, 0, ""},
		{"{quota: {within: 24h, times: 2}}", "", []access.Use{ended(2, 1), ended(26, 1)}, 0, ""},
		{"{quota: {within: 24h, times: 2}}", "", []access.Use{ended(2, 1), ended(24.5, 1)}, 0, "limit_times"},
		{"{quota: {within: 24h, times: 1}}", "", []access.Use{denied}, 0, ""},
		{"{quota: {within: 24h, total: 3h}}", "1h", []access.Use{ended(5, 2)}, 0, ""},
		{"{quota: {within: 24h, total: 3h}}", "1h", []access.Use{ended(5, 2.1)}, 0, "limit_total"},
		{"{quota: {within: 24h, total: 3h}}", "1h", []access.Use{pending(2.5)}, 0, "limit_total"},
	} {
		t.Run(c.limits+" "+c.want, func(t *testing.T) {
			set, err := parse(t, "{stages: [{name: a, from: [x]}]}", "limits: "+c.limits)
			require.NoError(t, err)
			in := contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: c.duration}}
			require.True(t, set.Contracts[0].ReadsHistory())
			require.Equal(t, "history_unknown", codes(set.Contracts[0].Evaluate(in).Issues))
			in.History = &access.History{Uses: c.uses, OpenInAll: c.inAll}
			require.Equal(t, c.want, codes(set.Contracts[0].Evaluate(in).Issues))
		})
	}
}

// TestLimitsReserveExtensions: a plan can be extended no further than its quota then
// leaves.
func TestLimitsReserveExtensions(t *testing.T) {
	set, err := parse(t, "{stages: [{name: a, from: [x]}]}", "limits: {quota: {within: 24h, total: 5h}}\nextend: {times: 2, upTo: 4h}")
	require.NoError(t, err)
	for used, want := range map[float64]*access.ExtensionLimits{
		1: {Times: 2, UpTo: hours(4)}, 2: {Times: 2, UpTo: hours(3)}, 4: nil,
	} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: "1h"},
			History: &access.History{Uses: []access.Use{ended(10, used)}}})
		require.NoError(t, e.Err())
		require.Equal(t, want, e.Draft.Extend)
	}
}

// TestHistoryInConditions: a condition reads what was before, and where that is not
// known it cannot be evaluated.
func TestHistoryInConditions(t *testing.T) {
	set, err := parse(t, `{auto: 'history.exists(u, u.same && !u.automatic && u.outcome == "released" && now - u.at < duration("168h"))', stages: [{name: a, from: [x]}]}`)
	require.NoError(t, err)
	in := contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two"}}
	auto := func(h *access.History) bool {
		in.History = h
		e := set.Contracts[0].Evaluate(in)
		require.NoError(t, e.Err())
		return e.Draft.Rule.Auto
	}
	was := ended(24, 1)
	require.True(t, auto(&access.History{Uses: []access.Use{was}}))
	require.False(t, auto(&access.History{}))
	require.False(t, auto(nil), "not known")
	was.Automatic = true
	require.False(t, auto(&access.History{Uses: []access.Use{was}}), "approved by itself")
	was = ended(24*8, 1)
	require.False(t, auto(&access.History{Uses: []access.Use{was}}), "long ago")
	was = ended(24, 1)
	was.Params = map[string]any{"region": "us"}
	require.False(t, auto(&access.History{Uses: []access.Use{was}}), "for something else")
}

var someHistory = rapid.Custom(func(t *rapid.T) *access.History {
	h := &access.History{OpenInAll: rapid.IntRange(0, 3).Draw(t, "in all")}
	for range rapid.IntRange(0, 5).Draw(t, "uses") {
		if rapid.Bool().Draw(t, "open") {
			h.Uses = append(h.Uses, pending(float64(rapid.IntRange(1, 4).Draw(t, "length"))))
			continue
		}
		h.Uses = append(h.Uses, ended(float64(rapid.IntRange(1, 300).Draw(t, "ago")), float64(rapid.IntRange(1, 4).Draw(t, "length"))))
	}
	return h
})

// TestLimitsNeverOpenMore: with a limit, nothing may be requested that may not be
// without; and whatever may be, is for no longer and under the same rule.
func TestLimitsNeverOpenMore(t *testing.T) {
	plain, err := parse(t, "{stages: [{name: a, from: [x]}]}", "extend: {times: 2, upTo: 4h}")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		limits := rapid.SampledFrom([]string{"{open: 1}", "{openInAll: 2}", "{cooldown: 2h}", "{quota: {within: 24h, times: 2}}", "{quota: {within: 168h, total: 5h}}"}).Draw(rt, "limits")
		limited, err := parse(t, "{stages: [{name: a, from: [x]}]}", "extend: {times: 2, upTo: 4h}\nlimits: "+limits)
		require.NoError(rt, err)
		in := contracts.Input{Person: alice, Now: now, History: someHistory.Draw(rt, "history"),
			Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: rapid.SampledFrom([]string{"", "10m", "1h", "2h"}).Draw(rt, "length")}}
		with, without := limited.Contracts[0].Evaluate(in), plain.Contracts[0].Evaluate(in)
		if with.Err() != nil {
			return
		}
		require.NoError(rt, without.Err())
		require.Equal(rt, without.Draft.Rule, with.Draft.Rule)
		require.Equal(rt, without.Draft.Duration, with.Draft.Duration)
		if with.Draft.Extend != nil {
			require.LessOrEqual(rt, with.Draft.Extend.UpTo, without.Draft.Extend.UpTo)
		}
	})
}

// TestEvaluationDependsOnWhatIsRecorded: the plan and the evaluation's statement, read
// back from JSON, evaluate to the same again.
func TestEvaluationDependsOnWhatIsRecorded(t *testing.T) {
	set, err := parse(t, `{auto: 'history.exists(u, u.same && now - u.at < duration("48h"))', stages: [{name: a, from: [x], where: 'approver.id != person.id'}]}`,
		"limits: {quota: {within: 168h, total: 9h}}\nextend: {times: 1, upTo: 4h}")
	require.NoError(t, err)
	c := set.Contracts[0]
	rapid.Check(t, func(t *rapid.T) {
		in := contracts.Input{Person: alice, Now: now, History: someHistory.Draw(t, "history"), Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: "1h"}}
		first := c.Evaluate(in)
		if first.Err() != nil {
			return
		}
		b, err := json.Marshal(struct {
			Plan    access.Plan
			History *access.History
		}{first.Draft, in.History})
		require.NoError(t, err)
		var kept struct {
			Plan    access.Plan
			History *access.History
		}
		require.NoError(t, json.Unmarshal(b, &kept))
		p := kept.Plan
		again := c.Evaluate(contracts.Input{Person: p.Requester, Now: p.CreatedAt, History: kept.History,
			Request: access.RequestInput{Contract: p.Contract, Params: p.Params, Duration: p.Duration.String(), Reason: p.Reason, Ticket: p.Ticket, StartAt: p.StartAt}})
		require.Equal(t, first.Trace, again.Trace)
		require.Equal(t, first.Draft, again.Draft)
	})
}

// TestNarrowerWhoAdmitsNoMore: a condition that is joined to who by && never admits
// somebody whom who alone does not.
func TestNarrowerWhoAdmitsNoMore(t *testing.T) {
	conditions := rapid.SampledFrom([]string{`"engineering" in person.groups`, `person.employment == "employee"`, `duration < duration("1h")`, `person.kind == "human"`, `has(person.team)`, `1 / size(person.groups) == 1`})
	rapid.Check(t, func(rt *rapid.T) {
		wide, narrow := conditions.Draw(rt, "who"), conditions.Draw(rt, "and")
		set := parsed(t, contract("wide", wide, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`),
			contract("narrow", "("+wide+") && ("+narrow+")", `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`))
		p := access.Person{ID: "p", Kind: rapid.SampledFrom([]access.PersonKind{access.KindHuman, access.KindAgent}).Draw(rt, "kind"),
			Groups: rapid.SliceOfN(rapid.SampledFrom([]string{"engineering", "x"}), 0, 2).Draw(rt, "groups")}
		if rapid.Bool().Draw(rt, "attributes") {
			p.Attributes = map[string]string{"employment": "employee"}
		}
		in := contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: rapid.SampledFrom([]string{"", "2h"}).Draw(rt, "length")}}
		w, _ := set.Find("wide")
		n, _ := set.Find("narrow")
		if w.Evaluate(in).Err() != nil {
			require.Error(rt, n.Evaluate(in).Err())
		}
	})
}
