package contracts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

const office = `
during:
  zone: Europe/Berlin
  windows:
    - {days: [mon, tue, wed, thu, fri], from: '08:00', to: '18:00'}
    - {days: [fri], from: '22:00', to: '02:00'}
  except: ['2026-12-25']
`

func withWindows(t *testing.T, windows, approval string) *contracts.Contract {
	return parsed(t, contract("c", "true", `{default: 30m, max: 12h}`, approval)+windows).Contracts[0]
}

// TestDuring: a request is refused unless all of its access fits into a window, and
// the refusal has the time at which the next one opens.
func TestDuring(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct{ now, start, length, want, says string }{
		{"2026-11-24T07:00:00Z", "", "30m", "", ""},
		{"2026-11-24T06:59:59Z", "", "30m", "outside_window", "Mon, Tue, Wed, Thu, Fri 08:00 to 18:00; Fri 22:00 to 02:00 (Europe/Berlin), not on 2026-12-25 only; the next window opens at 2026-11-24T07:00:00Z"},
		{"2026-11-24T06:59:59Z", "2026-11-24T07:00:00Z", "10h", "", ""},
		{"2026-11-24T06:59:59Z", "2026-11-24T07:00:00Z", "11h", "window_too_short", "ends at 2026-11-24T17:00:00Z; ask for 10h at most, or for a later start: the next window opens at 2026-11-25T07:00:00Z"},
		{"2026-11-24T17:00:00Z", "", "30m", "outside_window", "opens at 2026-11-25T07:00:00Z"},
		{"2026-11-27T22:00:00Z", "", "3h", "", ""},
		{"2026-11-27T23:30:00Z", "", "90m", "", ""},
		{"2026-11-28T01:00:00Z", "", "30m", "outside_window", "opens at 2026-11-30T07:00:00Z"},
		{"2026-12-24T17:00:00Z", "", "30m", "outside_window", "opens at 2026-12-28T07:00:00Z"},
		{"2026-12-24T12:00:00Z", "2026-12-25T12:00:00Z", "30m", "outside_window", "opens at 2026-12-28T07:00:00Z"},
		{"2026-11-24T16:30:00Z", "", "30m1s", "window_too_short", "ask for 30m at most"},
		{"2026-11-24T12:00:00Z", "2026-07-01T12:00:00Z", "30m", "start_in_past outside_window", ""},
	} {
		t.Run(c.now+" "+c.start+" "+c.length, func(t *testing.T) {
			in := contracts.Input{Person: alice, Now: at(c.now), Request: access.RequestInput{Reason: "a good reason", Duration: c.length}}
			if c.start != "" {
				in.Request.StartAt = new(at(c.start))
			}
			e := withWindows(t, office, `{auto: 'true'}`).Evaluate(in)
			if strings.HasPrefix(c.want, "start_in_past") {
				require.Contains(t, codes(e.Issues), "start_in_past")
				return
			}
			require.Equal(t, c.want, codes(e.Issues), "%v", e.Issues)
			if c.says != "" {
				require.Contains(t, e.Issues[0].Message, c.says)
			}
			step := e.Trace[len(e.Trace)-1]
			if c.want == "" {
				step = e.Trace[1]
			}
			require.Equal(t, "during", step.Field)
			require.Equal(t, c.want == "", step.Result == contracts.Satisfied)
		})
	}
}

// TestDuringBoundsDecisions: whenever within the time for decisions the last
// approval comes, access that opens then ends in the window.
func TestDuringBoundsDecisions(t *testing.T) {
	c := withWindows(t, office, `{pendingFor: 4h, stages: [{name: a, from: [x]}]}`)
	evaluate := func(now time.Time, length string) contracts.Evaluation {
		return c.Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "a good reason", Duration: length}})
	}
	ends := time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		now := ends.Add(-time.Duration(rapid.IntRange(1, 10*3600).Draw(t, "before the end")) * time.Second)
		length := time.Duration(rapid.IntRange(60, 12*3600).Draw(t, "length")) * time.Second
		e := evaluate(now, length.String())
		if e.Err() != nil {
			require.Equal(t, "window_too_short", codes(e.Issues))
			require.Greater(t, now.Add(length+time.Minute), ends)
			return
		}
		require.False(t, e.Draft.PendingUntil.Add(length).After(ends), "an approval at %s", e.Draft.PendingUntil)
		require.False(t, e.Draft.PendingUntil.After(now.Add(4*time.Hour)))
		require.GreaterOrEqual(t, e.Draft.PendingUntil.Sub(now), time.Minute)
		// An approval opens access for some minutes yet.
		latest := e.Draft.PendingUntil.Add(access.ActWithin + length)
		require.True(t, !latest.After(ends) || e.Draft.NotAfter != nil && e.Draft.NotAfter.Equal(ends), "the plan says when its window ends")
	})
	require.Equal(t, ends.Add(-30*time.Minute), evaluate(ends.Add(-time.Hour), "30m").Draft.PendingUntil)
	require.Contains(t, evaluate(ends.Add(-30*time.Minute-time.Second), "30m").Issues[0].Message, "nobody could decide in time")
}

// TestWindowNeverWidens: a window only ever refuses.
func TestWindowNeverWidens(t *testing.T) {
	open := withWindows(t, "", `{stages: [{name: a, from: [x]}]}`)
	bounded := withWindows(t, office, `{stages: [{name: a, from: [x]}]}`)
	rapid.Check(t, func(t *rapid.T) {
		in := contracts.Input{Person: alice, Now: now.Add(time.Duration(rapid.IntRange(0, 60*24*60).Draw(t, "minute")) * time.Minute),
			Request: access.RequestInput{Reason: "a good reason", Duration: fmt.Sprintf("%dm", rapid.IntRange(1, 13*60).Draw(t, "length"))}}
		with, without := bounded.Evaluate(in), open.Evaluate(in)
		if with.Err() == nil {
			require.NoError(t, without.Err())
			require.Equal(t, without.Draft.Rule, with.Draft.Rule)
			require.False(t, with.Draft.PendingUntil.After(without.Draft.PendingUntil))
		}
	})
}

func TestDuringIsChecked(t *testing.T) {
	for _, c := range []struct{ of, instead, want string }{
		{"Europe/Berlin", "Europe/Berlln", "during_zone"},
		{"Europe/Berlin", "Local", "during_zone"},
		{"Europe/Berlin", "../../etc/passwd", "during_zone"},
		{"zone: Europe/Berlin", "zoneOf: requester", ""},
		{"zone: Europe/Berlin", "zone: Europe/Berlin\n  zoneOf: requester", "during_zone"},
		{"zone: Europe/Berlin", "zoneOf: approver", "during_zone"},
		{"  zone: Europe/Berlin\n", "", "during_zone"},
		{"'08:00'", "'8:00'", "during_time"},
		{"'08:00'", "'24:00'", "during_time"},
		{"'18:00'", "'24:01'", "during_time"},
		{"'18:00'", "'24:00'", ""},
		{"'18:00'", "18:00", ""},
		{"[fri]", "[friday]", "during_days"},
		{"[fri]", "[fri, fri]", "during_days"},
		{"[fri]", "[]", "during_days"},
		{"2026-12-25", "2026-12-32", "during_except"},
		{"except:", "extend: {}\n  except:", "unknown_field"},
	} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(contract("c", "true", `{default: 30m, max: 1h}`, `{auto: 'true'}`) + strings.Replace(office, c.of, c.instead, 1))})
		require.Equal(t, c.want, codes(access.IssuesOf(err)), "%s: %v", c.instead, err)
	}
}

// TestOwnZone: windows count by the clocks of the requester's own zone, and a zone that
// is not known refuses.
func TestOwnZone(t *testing.T) {
	c := withWindows(t, strings.Replace(office, "zone: Europe/Berlin", "zoneOf: requester", 1), `{auto: 'true'}`)
	require.Contains(t, c.Offer().During, "(the requester's own zone)")
	for _, k := range []struct{ zone, want string }{
		{"Europe/Berlin", ""},             // 16:30
		{"America/New_York", ""},          // 10:30
		{"Asia/Tokyo", "outside_window"},  // 00:30
		{"Etc/UTC", ""},                   // 15:30
		{"", "zone_unknown"},              // nobody's clocks are UTC's because nobody knows them
		{"Local", "zone_unknown"},         // the server's
		{"CET+1", "zone_unknown"},         // no name of the database
		{"../etc/passwd", "zone_unknown"}, // no file either
		{"europe / berlin", "zone_unknown"},
	} {
		p := alice
		p.Attributes = map[string]string{"zoneinfo": k.zone}
		e := c.Evaluate(contracts.Input{Person: p, Now: time.Date(2026, 11, 24, 15, 30, 0, 0, time.UTC), Request: access.RequestInput{Reason: "a good reason"}})
		require.Equal(t, k.want, codes(e.Issues), k.zone)
		if k.want == "zone_unknown" {
			require.Equal(t, contracts.CouldNotEvaluate, e.Result)
			require.Equal(t, "during.zoneOf", e.Trace[len(e.Trace)-1].Field)
			continue
		}
		require.Contains(t, e.Trace[1].Expression, "("+k.zone+")", "the trace says whose clocks")
	}
}

// TestExtensionsStayInTheWindow: whatever zone and however clocks are set, all that a
// plan allows, opened late and extended as far as it can be, lies in the window.
func TestExtensionsStayInTheWindow(t *testing.T) {
	const night = "\nduring:\n  zoneOf: requester\n  windows: [{days: [sat, sun], from: '22:00', to: '05:30'}, {days: [mon, wed], from: '01:00', to: '24:00'}]\nextend: {times: 3, upTo: 20h}\n"
	free := withWindows(t, strings.Replace(night, "during:\n  zoneOf: requester\n  windows: [{days: [sat, sun], from: '22:00', to: '05:30'}, {days: [mon, wed], from: '01:00', to: '24:00'}]\n", "", 1), `{stages: [{name: a, from: [x]}]}`)
	bounded := withWindows(t, night, `{stages: [{name: a, from: [x]}]}`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "UTC"}).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		p := alice
		p.Attributes = map[string]string{"zoneinfo": name}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 2*365*24*60).Draw(t, "minute")) * time.Minute)
		if _, set := at.In(zone).ZoneBounds(); !set.IsZero() && rapid.Bool().Draw(t, "near a change") {
			at = set.Add(time.Duration(rapid.IntRange(-24*60, 24*60).Draw(t, "from it")) * time.Minute).UTC()
		}
		in := contracts.Input{Person: p, Now: at, Request: access.RequestInput{Reason: "a good reason", Duration: fmt.Sprintf("%dm", rapid.IntRange(1, 12*60).Draw(t, "length"))}}
		e := bounded.Evaluate(in)
		if e.Err() != nil {
			return
		}
		require.NoError(t, free.Evaluate(in).Err(), "a window admits nobody")
		last := e.Draft.PendingUntil.Add(access.ActWithin + access.ClockSkew + e.Draft.Extend.UpTo.Std())
		if e.Draft.NotAfter != nil && e.Draft.NotAfter.Before(last) {
			last = *e.Draft.NotAfter
		}
		for m := at; m.Before(last); m = m.Add(time.Minute) {
			local := m.In(zone)
			clock, today, yesterday := local.Format("15:04"), local.Weekday(), (local.Weekday()+6)%7
			weekend := func(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }
			in := weekend(today) && clock >= "22:00" || weekend(yesterday) && clock < "05:30" || (today == time.Monday || today == time.Wednesday) && clock >= "01:00"
			require.True(t, in, "%s: open until %s", local, last.In(zone))
		}
	})
}
