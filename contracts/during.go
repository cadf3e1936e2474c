package contracts

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	_ "time/tzdata" // zones are known on a machine without a zone database

	"ramp.dev/ramp/access"
)

// during is when access may be open. It is a feature of contracts without extend:
// an extension would lead out of a window.
type during struct {
	Zone    string         `yaml:"zone" schema:"required minLength=1"`
	Windows []duringWindow `yaml:"windows" schema:"required minItems=1 maxItems=20"`
	Except  []string       `yaml:"except" schema:"maxItems=400 date"`

	calendar *calendar // nil: at any time
}

type duringWindow struct {
	Days []string `yaml:"days" schema:"required minItems=1 maxItems=7 uniqueItems=true enum=mon|tue|wed|thu|fri|sat|sun"`
	From string   `yaml:"from" schema:"required pattern=^([01][0-9]|2[0-3]):[0-5][0-9]$"`
	To   string   `yaml:"to" schema:"required pattern=^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"`
}

// leastToDecide is what must be left to decide in when a window is about to end.
const leastToDecide = time.Minute

var clockShape = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

func (*during) section() string { return "during" }

func (w *during) check(d *document) {
	if !d.written("during") {
		return
	}
	zone, err := time.LoadLocation(w.Zone)
	if err != nil || w.Zone == "" || w.Zone == "Local" {
		d.issue("during_zone", "during.zone must be a name of the IANA zone database, such as Europe/Berlin or UTC", "during", "zone")
		zone = time.UTC
	}
	w.calendar = &calendar{zone: zone, except: w.Except}
	if len(w.Windows) == 0 || len(w.Windows) > 20 {
		d.issue("during_windows", "during.windows has 1 to 20 windows", "during", "windows")
	}
	for i, written := range w.Windows {
		w.calendar.windows = append(w.calendar.windows, written.check(d, i))
	}
	if len(w.Except) > 400 {
		d.issue("during_except", "during.except has 400 dates at most", "during", "except")
	}
	for i, date := range w.Except {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			d.issue("during_except", fmt.Sprintf("%q is no date; write it like 2026-12-25", access.Clip(date, 20)), "during", "except", i)
		}
	}
	if d.written("extend") {
		d.issue("during_extend", "an extension would lead out of a window of during; choose one of extend and during", "extend")
	}
}

func (w duringWindow) check(d *document, i int) window {
	out := window{from: readClock(d, w.From, false, "during", "windows", i, "from"), to: readClock(d, w.To, true, "during", "windows", i, "to")}
	if len(w.Days) == 0 {
		d.issue("during_days", "a window needs days, such as [mon, tue]", "during", "windows", i, "days")
	}
	for j, name := range w.Days {
		day := slices.Index(weekdays, name)
		if day < 0 || slices.Contains(out.days, time.Weekday(day)) {
			d.issue("during_days", "a day is mon, tue, wed, thu, fri, sat or sun, each once", "during", "windows", i, "days", j)
			continue
		}
		out.days = append(out.days, time.Weekday(day))
	}
	return out
}

// readClock reads a time of day as minutes; 24:00 is one only as an end.
func readClock(d *document, text string, end bool, path ...any) int {
	if end && text == "24:00" {
		return minutesOfDay
	}
	m := clockShape.FindStringSubmatch(text)
	if m == nil {
		d.issue("during_time", fmt.Sprintf("%q is no time of day; write it like '08:00'", access.Clip(text, 20)), path...)
		return 0
	}
	hours, _ := strconv.Atoi(m[1]) // two digits
	minutes, _ := strconv.Atoi(m[2])
	return hours*60 + minutes
}

// beginning is when access is to begin at the earliest.
func beginning(q *query) time.Time {
	if q.draft.StartAt != nil {
		return *q.draft.StartAt
	}
	return q.Now
}

// admit refuses what would begin outside a window, and what would outlast it.
func (w *during) admit(q *query) {
	if w.calendar == nil || q.Request.BreakGlass || q.draft.Duration == 0 {
		return // with no length the request is refused already
	}
	start := beginning(q)
	step := Step{Field: "during", Expression: w.calendar.String(), Result: Satisfied}
	end := w.calendar.until(start, start.Add(q.draft.Duration.Std()))
	switch {
	case !w.calendar.contains(start):
		step.Result, step.Detail = NotSatisfied, "it would begin "+start.UTC().Format(time.RFC3339)
		q.refuse("outside_window", "startAt", "contract %s gives access %s only; %s", q.contract.Name, w.calendar, w.next(start))
	case end.Before(start.Add(q.draft.Duration.Std())):
		left := access.Duration(end.Sub(start).Truncate(time.Second))
		step.Result, step.Detail = NotSatisfied, "the window ends "+end.Format(time.RFC3339)
		q.refuse("window_too_short", "duration", "the window of contract %s ends at %s; ask for %s at most, or for a later start: %s",
			q.contract.Name, end.Format(time.RFC3339), left, w.next(end))
	}
	q.result.Trace = append(q.result.Trace, step)
}

// next returns in words when the next window opens after an instant that is in none.
func (w *during) next(t time.Time) string {
	at, ok := w.calendar.opens(t, t.Add(maxStartAhead))
	if !ok {
		return "no window opens in the next 30 days"
	}
	return "the next window opens at " + at.UTC().Format(time.RFC3339) + ", which may be given as its start"
}

// plan puts the end of the window into the plan, and moves the end of the time for
// decisions so far forward that access which opens on the last approval still ends in
// the window.
func (w *during) plan(q *query) {
	if w.calendar == nil || q.Request.BreakGlass {
		return
	}
	start := beginning(q)
	// An approval opens access for some minutes yet: with the window's end in the plan
	// no access outlasts it, however late it opens.
	limit := start.Add(q.draft.Duration.Std() + w.pendingAtMost(q) + access.ActWithin + access.ClockSkew)
	if end := w.calendar.until(start, limit); end.Before(limit) {
		q.draft.NotAfter = new(end.UTC())
	}
	if q.draft.Rule.Auto {
		return
	}
	latest := w.calendar.until(start, start.Add(q.draft.Duration.Std()+w.pendingAtMost(q))).Add(-q.draft.Duration.Std())
	if latest.Before(q.draft.PendingUntil) {
		q.draft.PendingUntil = latest
	}
	if q.draft.PendingUntil.Sub(q.Now) < leastToDecide {
		q.refuseAtOnce(Refused, "window_too_short", "nobody could decide in time for %s in the window of contract %s; ask for less, or for a later start: %s",
			q.draft.Duration, q.contract.Name, w.next(latest.Add(q.draft.Duration.Std())))
	}
}

// pendingAtMost is how long after its beginning a request may still be decided.
func (*during) pendingAtMost(q *query) time.Duration {
	return max(q.draft.PendingUntil.Sub(beginning(q)), 0)
}

// HasWindows reports whether access may be open at some times only.
func (c *Contract) HasWindows() bool { return c.terms.during.calendar != nil }

func (w *during) offer(o *Offer) {
	if w.calendar != nil {
		o.During = w.calendar.String()
	}
}

func (w *during) explain(access.Plan) []Line {
	if w.calendar == nil {
		return nil
	}
	return []Line{{"during", w.calendar.String()}}
}
