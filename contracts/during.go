package contracts

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
)

// during is when access may be open, extensions included.
type during struct {
	Zone    string         `yaml:"zone"`
	ZoneOf  string         `yaml:"zoneOf" schema:"enum=requester|"`
	Windows []duringWindow `yaml:"windows" schema:"required minItems=1 maxItems=20"`
	Except  []string       `yaml:"except" schema:"maxItems=400 date"`

	clocks   clocks
	calendar *calendar // nil: at any time; its zone is nil where it is the requester's
}

type duringWindow struct {
	Days []string `yaml:"days" schema:"required minItems=1 maxItems=7 uniqueItems=true enum=mon|tue|wed|thu|fri|sat|sun"`
	From string   `yaml:"from" schema:"required pattern=^([01][0-9]|2[0-3]):[0-5][0-9]$"`
	To   string   `yaml:"to" schema:"required pattern=^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"`
}

var clockShape = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

func (*during) section() string { return "during" }

func (w *during) check(d *document) {
	if !d.written("during") {
		return
	}
	w.clocks = d.clocks("during", w.Zone, w.ZoneOf)
	w.calendar = &calendar{zone: w.clocks.zone, except: w.Except}
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
}

// of returns the calendar of a requester, and false if their zone is not known.
func (w *during) of(p access.Person) (calendar, bool) {
	c := *w.calendar
	zone, known := w.clocks.of(p)
	c.zone = zone
	return c, known
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

// admit refuses what would begin outside a window, and what would outlast it.
func (w *during) admit(q *query) {
	if w.calendar == nil || q.Request.BreakGlass || q.draft.Duration == 0 {
		return // with no length the request is refused already
	}
	windows, known := w.of(q.Person)
	if !known {
		q.refuseZone("during")
		return
	}
	start := beginning(q)
	step := Step{Field: "during", Expression: windows.String(), Result: Satisfied}
	end := windows.until(start, start.Add(q.draft.Duration.Std()))
	switch {
	case !windows.contains(start):
		step.Result, step.Detail = NotSatisfied, "it would begin "+start.UTC().Format(time.RFC3339)
		q.refuse("outside_window", "startAt", "contract %s gives access %s only; %s", q.contract.Name, windows, windows.next(start))
	case end.Before(start.Add(q.draft.Duration.Std())):
		left := access.Duration(end.Sub(start).Truncate(time.Second))
		step.Result, step.Detail = NotSatisfied, "the window ends "+end.Format(time.RFC3339)
		q.refuse("window_too_short", "duration", "the window of contract %s ends at %s; ask for %s at most, or for a later start: %s",
			q.contract.Name, end.Format(time.RFC3339), left, windows.next(end))
	}
	q.result.Trace = append(q.result.Trace, step)
}

// plan puts the end of the window into the plan, which access outlasts neither by
// opening late nor by an extension.
func (w *during) plan(q *query) {
	if w.calendar == nil || q.Request.BreakGlass {
		return
	}
	windows, _ := w.of(q.Person) // admitted
	end := windows.until(beginning(q), q.latestEnd())
	if !q.endBy(end) {
		q.refuseAtOnce(Refused, "window_too_short", "nobody could decide in time for %s in the window of contract %s; ask for less, or for a later start: %s",
			q.draft.Duration, q.contract.Name, windows.next(end))
	}
}

// HasWindows reports whether access may be open at some times only.
func (c *Contract) HasWindows() bool { return c.terms.during.calendar != nil }

func (w *during) offer(o *Offer) {
	if w.calendar != nil {
		o.During = w.calendar.String()
	}
}

func (w *during) explain(p access.Plan) []Line {
	if w.calendar == nil {
		return nil
	}
	if theirs, known := w.of(p.Requester); known {
		return []Line{{"during", theirs.String()}}
	}
	return []Line{{"during", w.calendar.String()}}
}
