package contracts

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// weekdays are the names of days in a contract, by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const minutesOfDay = 24 * 60

// window is a part of certain days, in minutes of the day as clocks show them. One
// that ends no later than it begins runs into the next day.
type window struct {
	days     []time.Weekday
	from, to int
}

// calendar is when something may be: in windows, as clocks in a zone show the time,
// on all dates but some.
type calendar struct {
	zone    *time.Location // nil: the requester's own, which is not known yet
	windows []window
	except  []string // dates on which no window begins, such as 2026-12-25
}

// contains reports whether an instant is in a window. It asks what clocks show at
// that instant, so an hour that clocks skip is in no window, and one that they
// show twice is in it twice.
func (c calendar) contains(t time.Time) bool {
	local := t.In(c.zone)
	minute := local.Hour()*60 + local.Minute()
	// The day before, by the calendar: 24 hours before may be another date.
	before := time.Date(local.Year(), local.Month(), local.Day()-1, 12, 0, 0, 0, time.UTC)
	for _, w := range c.windows {
		overnight := w.to <= w.from
		if w.from <= minute && (minute < w.to || overnight) && c.begins(w, local) {
			return true
		}
		if overnight && minute < w.to && c.begins(w, before) {
			return true
		}
	}
	return false
}

// begins reports whether a window begins on the date that day shows.
func (c calendar) begins(w window, day time.Time) bool {
	return slices.Contains(w.days, day.Weekday()) && !slices.Contains(c.except, day.Format(time.DateOnly))
}

// nextChange returns an instant after t up to which contains does not change: the
// next time that clocks show the begin or end of a window or midnight, or are set.
func (c calendar) nextChange(t time.Time) time.Time {
	local := t.In(c.zone)
	second := local.Hour()*3600 + local.Minute()*60 + local.Second()
	wait := minutesOfDay * 60 // to midnight at the latest
	for _, w := range append([]window{{}}, c.windows...) {
		for _, minute := range []int{w.from, w.to} {
			ahead := minute*60 - second
			if ahead <= 0 {
				ahead += minutesOfDay * 60
			}
			wait = min(wait, ahead)
		}
	}
	next := t.Truncate(time.Second).Add(time.Duration(wait) * time.Second)
	if _, set := local.ZoneBounds(); !set.IsZero() && set.Before(next) {
		return set.UTC()
	}
	return next.UTC()
}

// until returns when the windows that contain t end, without a gap; no later than
// limit.
func (c calendar) until(t, limit time.Time) time.Time {
	for t.Before(limit) && c.contains(t) {
		t = c.nextChange(t)
	}
	if t.After(limit) {
		return limit
	}
	return t
}

// opens returns the first instant from t on that is in a window, none if there is
// none before limit.
func (c calendar) opens(t, limit time.Time) (time.Time, bool) {
	for !c.contains(t) {
		if t = c.nextChange(t); !t.Before(limit) {
			return time.Time{}, false
		}
	}
	return t, true
}

// next returns in words when the next window opens after an instant that is in none.
func (c calendar) next(t time.Time) string {
	at, ok := c.opens(t, t.Add(maxStartAhead))
	if !ok {
		return "no window opens in the next 30 days"
	}
	return "the next window opens at " + at.UTC().Format(time.RFC3339) + ", which may be given as its start"
}

// String returns the calendar in words.
func (c calendar) String() string {
	parts := make([]string, len(c.windows))
	for i, w := range c.windows {
		days := make([]string, len(w.days))
		for j, d := range w.days {
			days[j] = d.String()[:3]
		}
		parts[i] = fmt.Sprintf("%s %s to %s", strings.Join(days, ", "), clock(w.from), clock(w.to))
	}
	zone := "the requester's own zone"
	if c.zone != nil {
		zone = c.zone.String()
	}
	out := strings.Join(parts, "; ") + " (" + zone + ")"
	if len(c.except) > 0 {
		out += ", not on " + strings.Join(c.except, ", ")
	}
	return out
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
