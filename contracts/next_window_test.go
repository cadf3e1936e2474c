package contracts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

const mornings = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true', reason: {optional: true}}
duration: {default: 30m, max: 12h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {auto: 'oncall("db")', stages: [{name: a, from: [x]}]}
breakGlass: {who: 'true', max: 1h, reviewWithin: 1h, reviewers: [y]}
during: {zone: Europe/Berlin, windows: [{days: [mon, tue], from: '08:00', to: '10:00'}, {days: [fri], from: '08:00', to: '18:00'}]}
`

// TestInNextWindow: a request outside of its windows begins in the next that is long
// enough, and one that fits now begins now.
func TestInNextWindow(t *testing.T) {
	set, err := Parse(map[string][]byte{"c.yaml": []byte(mornings)})
	require.NoError(t, err)
	c := set.Contracts[0]
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for _, c2 := range []struct{ now, length, start, refused string }{
		{"2026-11-24T07:00:00Z", "", "", ""}, // a Tuesday, 08:00 in Berlin
		{"2026-11-24T07:30:00Z", "30m", "", ""},
		{"2026-11-24T07:30:00Z", "90m", "2026-11-27T07:00:00Z", ""}, // it fits, and nobody could decide in time
		{"2026-11-24T06:59:59.5Z", "", "2026-11-24T07:00:00Z", ""},
		{"2026-11-24T08:45:00Z", "30m", "2026-11-27T07:00:00Z", ""},
		{"2026-11-24T07:00:00Z", "3h", "2026-11-27T07:00:00Z", ""},
		{"2026-11-27T17:00:00Z", "1h", "2026-11-30T07:00:00Z", ""},
		{"2026-11-23T12:00:00Z", "3h", "2026-11-27T07:00:00Z", ""}, // the next one is too short
		{"2026-11-24T12:00:00Z", "11h", "", "window_too_short"},
		{"2026-11-24T12:00:00Z", "soon", "", "duration_malformed"},
	} {
		e := c.Evaluate(Input{Person: access.Person{ID: "alice", Kind: access.KindHuman}, Now: at(c2.now), Request: access.RequestInput{InNextWindow: true, Duration: c2.length}})
		if c2.refused != "" {
			require.Equal(t, c2.refused, e.Issues[0].Code)
			continue
		}
		require.NoError(t, e.Err(), c2)
		if c2.start == "" {
			require.Nil(t, e.Draft.StartAt, c2)
			continue
		}
		require.Equal(t, at(c2.start), *e.Draft.StartAt, c2)
	}
	for want, ask := range map[string]access.RequestInput{
		"start_twice":       {InNextWindow: true, StartAt: new(at("2026-11-30T07:00:00Z"))},
		"break_glass_start": {InNextWindow: true, BreakGlass: true},
	} {
		e := c.Evaluate(Input{Person: access.Person{ID: "alice"}, Now: at("2026-11-24T12:00:00Z"), History: &access.History{}, Request: ask})
		require.Contains(t, messagesOf(e.Issues), want)
	}
	anytime, err := Parse(map[string][]byte{"c.yaml": []byte(strings.Split(mornings, "during:")[0])})
	require.NoError(t, err)
	e := anytime.Contracts[0].Evaluate(Input{Person: access.Person{ID: "alice"}, Now: at("2026-11-24T12:00:00Z"), Request: access.RequestInput{InNextWindow: true}})
	require.NoError(t, e.Err())
	require.Nil(t, e.Draft.StartAt, "a contract without windows gives access at once")
}

// TestInNextWindowReadsFactsAsOfTheStart: who is on call for one more minute does not get
// access next week approved by that (docs/threats.md, case 92).
func TestInNextWindowReadsFactsAsOfTheStart(t *testing.T) {
	set, err := Parse(map[string][]byte{"c.yaml": []byte(mornings)})
	require.NoError(t, err)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	until := now.Add(time.Minute)
	fact := access.Fact{FactQuestion: onCallQuestion("db"), State: access.FactKnown, At: now, AsOf: &now, OnCall: &access.OnCall{People: []string{"alice"}, Until: &until}}
	for automatic, shift := range map[bool]time.Time{false: until, true: now.Add(7 * 24 * time.Hour)} {
		fact.OnCall.Until = &shift
		e := set.Contracts[0].Evaluate(Input{Person: access.Person{ID: "alice", Kind: access.KindHuman}, Now: now, Facts: []access.Fact{fact}, Request: access.RequestInput{InNextWindow: true}})
		require.NoError(t, e.Err())
		require.NotNil(t, e.Draft.StartAt)
		require.Equal(t, automatic, e.Draft.Rule.Auto, "a shift until %s", shift)
	}
}

// TestFittingAgainstTheClock: for every calendar, the start is the first minute at which
// the whole length lies in windows.
func TestFittingAgainstTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		at := anyTime(t, c.zone).Truncate(time.Minute)
		length := time.Duration(rapid.IntRange(1, 300).Draw(t, "minutes")) * time.Minute
		limit := at.Add(30 * time.Hour)
		var first, fits time.Time
		for m := at; m.Before(limit) && fits.IsZero(); m = m.Add(time.Minute) {
			if !c.shown(m) {
				continue
			}
			if first.IsZero() {
				first = m
			}
			n := m
			for n.Before(m.Add(length)) && c.shown(n) {
				n = n.Add(time.Minute)
			}
			if !n.Before(m.Add(length)) {
				fits = m
			}
		}
		if fits.IsZero() {
			fits = first
		}
		require.Equal(t, fits, c.fitting(at, limit, length), "%s %s %s", at.In(c.zone), length, c)
	})
}
