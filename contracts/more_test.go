package contracts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestMoreIsNeverEasier: whatever a contract has more of (a stage, a window, a quota, an
// engagement, people who decide extensions, a condition on who may ask), it admits nobody
// whom it did not admit without, gives nobody longer access, and asks everybody who was
// asked before.
func TestMoreIsNeverEasier(t *testing.T) {
	const one = "{name: a, from: [x], approvals: 2}"
	text := func(who, stages, more string) *contracts.Contract {
		return parsed(t, contract("c", who, `{default: 30m, max: 4h}`, "{pendingFor: 2h, stages: ["+stages+"]}")+more).Contracts[0]
	}
	const who, extend = `"a" in person.groups`, "extend: {times: 2, upTo: 6h}\n"
	less := text(who, one, extend)
	for name, more := range map[string]*contracts.Contract{
		"a stage":               text(who, one+`, {name: b, from: [y], when: 'duration > duration("1h")'}`, extend),
		"a window":              text(who, one, extend+"during: {zone: Asia/Kolkata, windows: [{days: [mon, tue, fri], from: '06:00', to: '19:00'}]}\n"),
		"a window of one's own": text(who, one, extend+"during: {zoneOf: requester, windows: [{days: [mon, tue, fri], from: '20:00', to: '07:00'}]}\n"),
		"a quota":               text(who, one, extend+"limits: {open: 1, cooldown: 1h, quota: {within: 48h, times: 2, total: 5h}}\n"),
		"an engagement":         text(who, one, extend+"engagement: {until: ends, zone: UTC}\n"),
		"decided extensions":    text(who, one, "extend: {times: 2, upTo: 6h, approval: same}\n"),
		"fewer who ask":         text(who+` && person.team == "t"`, one, extend),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := access.Person{ID: "p", Kind: access.KindHuman, Attributes: map[string]string{}, Groups: rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b"}), rapid.ID).Draw(t, "groups")}
				for attribute, values := range map[string][]string{"team": {"", "t", "u"}, "zoneinfo": {"", "Europe/Berlin", "America/Lima", "Mars"}, "ends": {"", "2026-11-25", "2027-01-01", "soon"}} {
					p.Attributes[attribute] = rapid.SampledFrom(values).Draw(t, attribute)
				}
				at := now.Add(time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "minute")) * time.Minute)
				h := &access.History{}
				for range rapid.IntRange(0, 3).Draw(t, "uses") {
					ended := at.Add(-time.Duration(rapid.IntRange(1, 50*60).Draw(t, "ago")) * time.Minute)
					h.Uses = append(h.Uses, access.Use{At: ended.Add(-time.Hour), State: access.StateEnded, Outcome: access.OutcomeReleased, Opened: true, EndedAt: &ended, Length: access.Duration(time.Hour)})
				}
				in := contracts.Input{Person: p, Now: at, History: h, Request: access.RequestInput{Reason: "a good reason", Duration: fmt.Sprintf("%dm", rapid.IntRange(1, 5*60).Draw(t, "length"))}}
				with, without := more.Evaluate(in), less.Evaluate(in)
				if with.Err() != nil {
					return
				}
				require.NoError(t, without.Err())
				a, b := with.Draft, without.Draft
				require.Equal(t, b.Duration, a.Duration)
				require.False(t, a.PendingUntil.After(b.PendingUntil))
				require.Equal(t, b.Rule.Stages, a.Rule.Stages[:len(b.Rule.Stages)], "everybody who was asked is asked")
				require.False(t, a.Rule.Auto)
				require.True(t, b.NotAfter == nil)
				if a.Extend != nil {
					require.LessOrEqual(t, a.Extend.UpTo, b.Extend.UpTo)
					require.LessOrEqual(t, a.Extend.Times, b.Extend.Times)
				}
			})
		})
	}
}
