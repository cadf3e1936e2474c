package calendar

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"

	"ramp.dev/ramp/access"
)

// shift is an event with the e-mail addresses of those who attend it.
type shift struct {
	start, end time.Time
	names      []string
	again      *rrule.RRule // nil: once
	also, not  []time.Time  // starts beside those of the rule, and starts that are left out
}

type shifts []shift

// malformed returns the error for a calendar that says nothing at all: half a rota would
// name the wrong people.
func malformed(why string) error {
	return access.Errorf(access.CodeUnavailable, "the calendar cannot be read: %s", why)
}

// maxEvents bounds the events of a calendar.
const maxEvents = 10_000

// parse reads a calendar. Times that have no zone are in UTC.
func parse(b []byte) (shifts, error) {
	calendar, err := ical.NewDecoder(bytes.NewReader(b)).Decode()
	if err != nil {
		return nil, malformed("it is no iCalendar file")
	}
	events := calendar.Events()
	if len(events) > maxEvents {
		return nil, malformed("it has too many events")
	}
	var out shifts
	var moved []change
	master := map[string]int{} // the event that recurs, by UID
	for _, e := range events {
		if status, err := e.Status(); err != nil {
			return nil, malformed("the status of an event")
		} else if status == ical.EventCancelled && e.Props.Get(ical.PropRecurrenceID) == nil {
			continue
		}
		s, err := shiftOf(e)
		if err != nil {
			return nil, err
		}
		uid, _ := e.Props.Text(ical.PropUID)
		if id := e.Props.Get(ical.PropRecurrenceID); id != nil {
			at, err := id.DateTime(time.UTC)
			if err != nil {
				return nil, malformed("RECURRENCE-ID of an event")
			}
			moved = append(moved, change{uid, at})
			if status, _ := e.Status(); status == ical.EventCancelled {
				continue
			}
		} else if s.again != nil {
			master[uid] = len(out)
		}
		out = append(out, s)
	}
	for _, m := range moved {
		if i, there := master[m.uid]; there {
			out[i].not = append(out[i].not, m.at)
		}
	}
	return out, nil
}

// change is one time of an event that recurs which another event takes the place of.
type change struct {
	uid string
	at  time.Time
}

func shiftOf(e ical.Event) (s shift, err error) {
	if s.start, err = e.DateTimeStart(time.UTC); err != nil || s.start.IsZero() {
		return s, malformed("DTSTART of an event; a time zone is one of the IANA's, such as Europe/Berlin")
	}
	if s.end, err = e.DateTimeEnd(time.UTC); err != nil || s.end.Before(s.start) {
		return s, malformed("DTEND of an event")
	}
	for _, attendee := range e.Props.Values(ical.PropAttendee) {
		address := attendee.Value
		if len(address) < len("mailto:") || !strings.EqualFold(address[:len("mailto:")], "mailto:") {
			continue
		}
		if strings.EqualFold(attendee.Params.Get(ical.ParamParticipationStatus), "DECLINED") {
			continue
		}
		s.names = append(s.names, address[len("mailto:"):])
	}
	if s.not, err = times(e, ical.PropExceptionDates); err != nil {
		return s, err
	}
	if s.also, err = times(e, ical.PropRecurrenceDates); err != nil {
		return s, err
	}
	s.again, err = rule(e, s.start)
	return s, err
}

// rule returns how an event recurs; nil if it does not. Rules by the hour and shorter are
// refused, and lists of hours, minutes or seconds, by which a daily one is as frequent:
// counting them from a start of years ago would take long.
func rule(e ical.Event, start time.Time) (*rrule.RRule, error) {
	option, err := e.Props.RecurrenceRule()
	if err != nil {
		return nil, malformed("RRULE of an event")
	}
	if option == nil {
		return nil, nil
	}
	if option.Freq > rrule.DAILY {
		return nil, malformed("an event recurs more often than daily")
	}
	if len(option.Byhour)+len(option.Byminute)+len(option.Bysecond) > 0 {
		return nil, malformed("an event recurs by BYHOUR, BYMINUTE or BYSECOND; the time of day is that of DTSTART")
	}
	option.Dtstart = start
	r, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, malformed("RRULE of an event")
	}
	return r, nil
}

// times returns the times in a property that may have several, here and there.
func times(e ical.Event, name string) (out []time.Time, err error) {
	for _, p := range e.Props.Values(name) {
		for _, text := range strings.Split(p.Value, ",") {
			one := p
			one.Value = text
			at, err := one.DateTime(time.UTC)
			if err != nil {
				return nil, malformed(name + " of an event")
			}
			out = append(out, at)
		}
	}
	return out, nil
}

// onCall are those who are on call at a time, and when that changes.
type onCall struct {
	names []string
	until *time.Time
}

// at returns who is on call at a time.
func (list shifts) at(now time.Time) (out onCall) {
	changes := func(at time.Time) {
		if at.After(now) && (out.until == nil || at.Before(*out.until)) {
			out.until = new(at.UTC())
		}
	}
	for _, s := range list {
		for _, start := range s.starts(now) {
			end := start.Add(s.end.Sub(s.start))
			changes(start)
			changes(end)
			if !now.Before(start) && now.Before(end) {
				out.names = append(out.names, s.names...)
			}
		}
	}
	slices.Sort(out.names)
	out.names = slices.Compact(out.names)
	return out
}

// ahead is how far the next change of a shift that recurs is looked for.
const ahead = 32 * 24 * time.Hour

// starts returns the starts of a shift that may have to do with a time: those of what may
// last still, and of what comes.
func (s shift) starts(now time.Time) (out []time.Time) {
	out = append([]time.Time{s.start}, s.also...)
	if s.again != nil {
		// DTSTART is one of the set even if the rule does not give it (RFC 5545, 3.8.5.3).
		out = append(out, s.again.Between(now.Add(s.start.Sub(s.end)), now.Add(ahead), true)...)
	}
	return slices.DeleteFunc(out, func(at time.Time) bool { return slices.ContainsFunc(s.not, at.Equal) })
}
