package calendar

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

func file(events ...string) string {
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n" + strings.Join(events, "") + "END:VCALENDAR\n"
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func event(uid, lines string, attendees ...string) string {
	text := "BEGIN:VEVENT\nUID:" + uid + "\nDTSTAMP:20260101T000000Z\n" + lines + "\n"
	for _, a := range attendees {
		text += "ATTENDEE;CN=root:mailto:" + a + "\n"
	}
	return text + "END:VEVENT\n"
}

const weekly = "DTSTART;TZID=Europe/Berlin:20260302T090000\nDTEND;TZID=Europe/Berlin:20260309T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2"

func TestShifts(t *testing.T) {
	rota := file(
		event("a", weekly+"\nEXDATE;TZID=Europe/Berlin:20260330T090000,20260413T090000", "alice@example.com"),
		event("b", strings.NewReplacer("0302T", "0309T", "0309T", "0316T").Replace(weekly), "bob@example.com"),
		// Of the shift that begins on 23 March, erin takes bob's.
		event("b", "RECURRENCE-ID;TZID=Europe/Berlin:20260323T090000\nDTSTART;TZID=Europe/Berlin:20260323T090000\nDTEND;TZID=Europe/Berlin:20260330T090000", "erin@example.com"),
		event("c", "STATUS:CANCELLED\nDTSTART:20260101T000000Z\nDTEND:20270101T000000Z", "mallory@example.com"),
		event("d", "DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260502", "may@example.com"),
	)
	list, err := parse([]byte(rota))
	require.NoError(t, err)
	for at, want := range map[string]string{
		"2026-03-02T07:59:00Z": "", // nine in Berlin is eight in UTC, in winter
		"2026-03-02T08:00:00Z": "alice@example.com until 2026-03-09T08:00:00Z",
		"2026-03-09T08:00:00Z": "bob@example.com until 2026-03-16T08:00:00Z",
		"2026-03-22T12:00:00Z": "alice@example.com until 2026-03-23T08:00:00Z",
		"2026-03-23T12:00:00Z": "erin@example.com until 2026-03-30T07:00:00Z", // summer time from the 29th on
		"2026-03-31T12:00:00Z": "",
		"2026-04-28T12:00:00Z": "alice@example.com until 2026-05-01T00:00:00Z",
	} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		on := list.at(when)
		got := strings.Join(on.names, ",")
		if want != "" {
			got += " until " + on.until.Format(time.RFC3339)
		}
		require.Equal(t, want, got, at)
	}
}

func TestMalformed(t *testing.T) {
	for text, want := range map[string]string{
		"<html>":    "no iCalendar file",
		file()[:40]: "no iCalendar file",
		file(event("a", "DTSTART;TZID=Nowhere/Land:20260302T090000\nDTEND:20260303T090000Z")):     "a time zone is one of the IANA's",
		file(event("a", "DTSTART:20260303T090000Z\nDTEND:20260302T090000Z")):                      "DTEND",
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nRRULE:FREQ=SECONDLY")): "more often than daily",
		// 632 bytes that say "every second" took a core for half a minute.
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nRRULE:FREQ=DAILY;BYHOUR=0,1")):    "BYHOUR",
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nRRULE:FREQ=DAILY;BYMINUTE=0")):    "BYHOUR",
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nRRULE:FREQ=WEEKLY;BYSECOND=0,1")): "BYHOUR",
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nRRULE:FREQ=SOMETIMES")):           "RRULE",
		file(event("a", "DTSTART:20260302T090000Z\nDTEND:20260303T090000Z\nEXDATE:x")):                       "EXDATE",
	} {
		_, err := parse([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func start(t *testing.T) (*sourcetest.Server, *Calendar) {
	s := sourcetest.Start(t, "", "")
	path := filepath.Join(t.TempDir(), "address")
	require.NoError(t, os.WriteFile(path, []byte(s.URL+"/private-MARKED/basic.ics?key=MARKED\n"), 0o600))
	c, err := Open(source.Config{Calendars: map[string]field.Secret{"db": field.SecretFile(path)}, Emails: true})
	require.NoError(t, err)
	return s, c
}

func TestAsk(t *testing.T) {
	s, c := start(t)
	now := time.Now()
	during := fmt.Sprintf("DTSTART:%s\nDTEND:%s", now.Add(-time.Hour).UTC().Format("20060102T150405Z"), now.Add(time.Hour).UTC().Format("20060102T150405Z"))
	s.Has("/private-MARKED/basic.ics?key=MARKED", file(
		event("a", during, "alice@example.com", "Root <x>"),
		event("b", during+"\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.com")))
	r, err := c.Ask(t.Context(), access.FactOnCall, "db")
	require.NoError(t, err)
	require.Equal(t, []string{"alice@example.com"}, r.OnCall.People)
	require.WithinDuration(t, now.Add(time.Hour), *r.OnCall.Until, 2*time.Second)
	require.NoError(t, c.Ping(t.Context()))
	r, err = c.Ask(t.Context(), access.FactOnCall, "other")
	require.NoError(t, err)
	require.True(t, r.Absent)
	_, err = c.Ask(t.Context(), access.FactTicket, "1")
	require.Error(t, err)
}

// TestFaults: the address is a secret, and in no error.
func TestFaults(t *testing.T) {
	s, c := start(t)
	elsewhere := sourcetest.Start(t, "", "")
	for what, fault := range map[string]http.HandlerFunc{
		"gone":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		"down":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"a page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>MARKED")) },
		"huge":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) },
		"throttled": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(429)
		},
		"cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		s.Fault(fault)
		r, err := c.Ask(t.Context(), access.FactOnCall, "db")
		require.Error(t, err, what)
		require.Equal(t, source.Reply{}, r)
		require.NotContains(t, err.Error(), "MARKED", what)
		require.NotContains(t, c.Ping(t.Context()).Error(), "MARKED", what)
		if what == "throttled" {
			require.Equal(t, 9*time.Second, access.RetryAfterOf(err))
		}
	}
	require.Empty(t, elsewhere.Asked())
	t.Setenv("RAMP_TEST_ADDRESS", "http://rota.example.com/MARKED")
	c, err := Open(source.Config{Calendars: map[string]field.Secret{"db": field.SecretEnv("RAMP_TEST_ADDRESS")}, Emails: true})
	require.NoError(t, err)
	_, err = c.Ask(t.Context(), access.FactOnCall, "db")
	require.EqualError(t, err, "the address of the calendar is not https")
}
