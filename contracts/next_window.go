package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// planned returns a question whose request asks for the next window with the start that
// this means: the first instant from a time on, within the days that Ramp plans ahead, from
// which the whole duration lies in windows. It is done before anything else is evaluated,
// since what is known of tickets and schedules counts as of the start. Now stays now where
// it fits. If no window is long enough, it is the beginning of the next one, so that the
// refusal says what would fit.
func (c *Contract) planned(in Input, from time.Time) Input {
	w, ask := &c.terms.during, in.Request
	if !ask.InNextWindow || ask.StartAt != nil || ask.BreakGlass || w.calendar == nil {
		return in // what cannot go together is refused
	}
	windows, known := w.of(in.Person)
	length := c.terms.duration.usual
	if ask.Duration != "" {
		var err error
		if length, err = access.ParseDuration("duration", ask.Duration); err != nil {
			return in
		}
	}
	if !known {
		return in
	}
	if start := windows.fitting(from, in.Now.Add(maxStartAhead), length.Std()); start.After(in.Now) {
		in.Request.StartAt, in.Request.InNextWindow = &start, false
	}
	return in
}

// windowEnd returns when the windows that are open now end, without a gap.
func (c *Contract) windowEnd(in Input) time.Time {
	w := &c.terms.during
	if w.calendar == nil {
		return in.Now
	}
	windows, known := w.of(in.Person)
	if !known {
		return in.Now
	}
	return windows.until(in.Now, in.Now.Add(maxStartAhead))
}

// fitting returns the first instant from t on from which a length lies in windows; the next
// opening where there is none before limit, and the zero time where nothing opens.
func (c calendar) fitting(t, limit time.Time, length time.Duration) (first time.Time) {
	for {
		at, opens := c.opens(t, limit)
		if !opens {
			return first
		}
		if first.IsZero() {
			first = at
		}
		if t = c.until(at, at.Add(length)); t.Equal(at.Add(length)) {
			return at
		}
	}
}
