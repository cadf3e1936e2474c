package contracts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzTemplate: a template that is accepted is filled in as reading it from left to right
// does, whatever the value holds: a value is never read as a template. One that is not
// accepted has its problem said.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "plain", "{{ params.table }}", "{{params.table}}{{ person.id }}", "a{{ params.table }}b{{ person.id }}c", "{{", "}}", "{{ }}",
		"{{ params.none }}", "{{ params.free }}", "{{ {{ params.table }} }}", "{{ params.table }", "{ {params.table} }", "{{ params.table }}}", "{{{ params.table }}", "{{\n\tparams.table\n}}", "{{ params.table\u00a0}}", "$1${0}\\1{{ params.table }}"} {
		for _, value := range []string{"orders", "", "{{ person.id }}", "}}", "{{", "$1"} {
			f.Add(text, value)
		}
	}
	params := map[string]param{"table": {Type: "string", Required: true}, "free": {Type: "string"}}
	f.Fuzz(func(t *testing.T, text, value string) {
		problems := checkTemplates(map[string]any{"a": []any{text}}, params)
		if !strings.Contains(text, "{{") && !strings.Contains(text, "}}") {
			require.Empty(t, problems)
		}
		if len(problems) > 0 {
			for _, p := range problems {
				require.NotEmpty(t, p)
			}
			return
		}
		values := map[string]string{"person.id": "alice", "params.table": value}
		got := fill(map[string]any{"a": []any{text}}, values)
		require.Equal(t, map[string]any{"a": []any{read(t, text, values)}}, got)
		require.NotEmpty(t, checkTemplates(map[string]any{text + "{{ person.id }}": "x"}, params), "nothing is filled in in a key")
	})
}

// read fills in a template in another way than the code does: from left to right.
func read(t *testing.T, text string, values map[string]string) string {
	before, rest, more := strings.Cut(text, "{{")
	if !more {
		return before
	}
	for strings.HasPrefix(rest, "{") { // the innermost two are the reference's
		before, rest = before+"{", rest[1:]
	}
	name, rest, closed := strings.Cut(rest, "}}")
	require.True(t, closed)
	value, known := values[strings.Trim(name, " \t\n\f\r")]
	require.True(t, known, "%q", name)
	return before + value + read(t, rest, values)
}

// FuzzWindow: windows that the parser takes mean what the clock on the wall shows, in
// every zone and on every date; what it does not take has its place.
func FuzzWindow(f *testing.F) {
	for _, zone := range append([]string{"", "Local", "Mars/Olympus", "../UTC"}, zones...) {
		f.Add(zone, "mon", "08:00", "18:00", "2026-12-25", int64(1_795_000_000))
		f.Add(zone, "sun", "02:00", "03:00", "", int64(1_806_199_200)) // clocks are set in Berlin
	}
	f.Add("UTC", "sat", "22:00", "02:00", "2026-11-28", int64(1_795_831_200))
	f.Add("UTC", "fri", "00:00", "24:00", "2026-02-30", int64(0))
	f.Add("UTC", "day", "24:00", "8:00", "today", int64(-1))
	f.Fuzz(func(t *testing.T, zone, day, from, to, except string, second int64) {
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		text := "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1h}\n" +
			"grants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x]}]}\n" +
			"during: {zone: " + quote(zone) + ", windows: [{days: [" + quote(day) + "], from: " + quote(from) + ", to: " + quote(to) + "}]"
		if except != "" {
			text += ", except: [" + quote(except) + "]"
		}
		set, err := Parse(map[string][]byte{"c.yaml": []byte(text + "}\n")})
		if err != nil {
			require.Contains(t, err.Error(), "c.yaml:")
			return
		}
		c := set.Contracts[0].terms.during.calendar
		require.Equal(t, from, clock(c.windows[0].from))
		require.Equal(t, to, clock(c.windows[0].to))
		const years = 80 * 365 * 24 * 3600
		at := time.Unix(((second%years)+years)%years, 0).UTC()
		limit := at.Add(25 * time.Hour)
		end, ended := at, false
		for m := at; m.Before(limit); m = m.Truncate(time.Minute).Add(time.Minute) {
			require.Equal(t, c.shown(m), c.contains(m), "%s %s", m.In(c.zone), c)
			if !ended && c.shown(m) {
				end = m.Truncate(time.Minute).Add(time.Minute)
			} else {
				ended = true
			}
		}
		if end.After(limit) {
			end = limit
		}
		require.Equal(t, end, c.until(at, limit), "%s %s", at.In(c.zone), c)
	})
}
