package contracts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shown reports whether an instant is in a window in another way than the code
// does: from the text that a clock on the wall shows.
func (c calendar) shown(t time.Time) bool {
	local := t.In(c.zone)
	for _, w := range c.windows {
		for back := range 2 {
			date := strings.Split(time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, time.UTC).Format("Mon 2006-01-02"), " ")
			begins := false
			for _, d := range w.days {
				begins = begins || strings.EqualFold(weekdays[d], date[0])
			}
			for _, e := range c.except {
				begins = begins && e != date[1]
			}
			now := local.Format("15:04")
			from, to := clock(w.from), clock(w.to)
			switch {
			case !begins:
			case back == 0 && from < to && from <= now && now < to, back == 0 && from >= to && from <= now, back == 1 && from >= to && now < to:
				return true
			}
		}
	}
	return false
}

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Chatham", "America/Santiago", "Africa/Cairo"}

func anyCalendar(t *rapid.T) calendar {
	zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	require.NoError(t, err)
	c := calendar{zone: zone}
	for range rapid.IntRange(1, 3).Draw(t, "windows") {
		var w window
		for d := range 7 {
			if rapid.Bool().Draw(t, "day") {
				w.days = append(w.days, time.Weekday(d))
			}
		}
		// Often near the hours at which clocks are set.
		minute := rapid.OneOf(rapid.IntRange(0, 240), rapid.IntRange(0, minutesOfDay-1))
		w.from, w.to = minute.Draw(t, "from"), minute.Draw(t, "to")
		if rapid.Bool().Draw(t, "to midnight") {
			w.to = minutesOfDay
		}
		c.windows = append(c.windows, w)
	}
	return c
}

// anyTime is an instant of some years, often within a day of one at which the
// zone's clocks are set.
func anyTime(t *rapid.T, zone *time.Location) time.Time {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 5*365*24*3600).Draw(t, "second")) * time.Second)
	if _, set := at.In(zone).ZoneBounds(); !set.IsZero() && rapid.Bool().Draw(t, "near a change") {
		at = set.Add(time.Duration(rapid.IntRange(-24*3600, 24*3600).Draw(t, "from it")) * time.Second)
	}
	return at.UTC()
}

// TestWindowsAgainstTheClock: for every zone, also when clocks are set, an instant
// is in a window if and only if the clock on the wall says so; and until and opens
// find what looking at every minute finds.
func TestWindowsAgainstTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		at := anyTime(t, c.zone)
		c.except = rapid.SliceOfN(rapid.SampledFrom([]string{at.In(c.zone).Format(time.DateOnly), at.Add(24 * time.Hour).In(c.zone).Format(time.DateOnly)}), 0, 2).Draw(t, "except")
		limit := at.Add(50 * time.Hour)

		end, opens, found := at, at, false
		for m := at; m.Before(limit); m = m.Truncate(time.Minute).Add(time.Minute) {
			require.Equal(t, c.shown(m), c.contains(m), "%s %s", m.In(c.zone), c)
			if !found && c.shown(m) {
				opens, found = m, true
			}
		}
		for end.Before(limit) && c.shown(end) {
			end = end.Truncate(time.Minute).Add(time.Minute)
		}
		if end.After(limit) {
			end = limit
		}
		require.Equal(t, end, c.until(at, limit), "%s %s", at.In(c.zone), c)
		got, ok := c.opens(at, limit)
		require.Equal(t, found, ok)
		if found {
			require.Equal(t, opens, got)
		}
	})
}

// TestClocksAreSet names what happens when they are.
func TestClocksAreSet(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	sundays := calendar{zone: berlin, windows: []window{{days: []time.Weekday{time.Sunday}, from: 2 * 60, to: 3 * 60}}}
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return d
	}
	opens, ok := sundays.opens(day("2027-03-28"), day("2027-03-30"))
	require.False(t, ok, "at 02:00 clocks show 03:00: %s", opens)
	opens, ok = sundays.opens(day("2027-10-31"), day("2027-11-01"))
	require.True(t, ok)
	require.Equal(t, 2*time.Hour, sundays.until(opens, opens.Add(24*time.Hour)).Sub(opens), "the hour from 02:00 is shown twice")

	always := calendar{zone: berlin, windows: []window{{days: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, from: 0, to: minutesOfDay}}}
	require.Equal(t, day("2028-01-01"), always.until(day("2027-01-01"), day("2028-01-01")))
}
