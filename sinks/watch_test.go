package sinks_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/file"
)

func open(t *testing.T) *ledger.Ledger {
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// TestCase114SinkBehindIsAnAlarm: whoever holds a sink back, by its receiver, by Temporal's
// job that streams or by the ledger, is reported in the log once an hour, however many workers look.
func TestCase114SinkBehindIsAnAlarm(t *testing.T) {
	l := open(t)
	log, logged := logs.NewNullLogger()
	began := time.Now()
	var mu sync.Mutex
	now := began
	w := sinks.Watch{Sinks: []sinks.Watched{sinks.Config{AlarmAfter: access.Duration(time.Minute)}.Watched("siem"), {Name: "new", Cursor: "webhook:new", AlarmAfter: 24 * time.Hour}},
		Since: began, Ledger: l, Log: log, Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }, Every: time.Millisecond}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(w)
	figure := func() string {
		out, err := registry.Gather()
		require.NoError(t, err)
		var b strings.Builder
		for _, m := range out[0].GetMetric() {
			b.WriteString(m.GetLabel()[0].GetValue() + "=" + m.GetGauge().String() + " ")
		}
		return b.String()
	}
	alarms := func() (out []access.Event) {
		events, err := l.Events(t.Context(), ledger.EventFilter{})
		require.NoError(t, err)
		for _, e := range events {
			if e.Kind == access.EventSinkBehind {
				out = append(out, e)
			}
		}
		return out
	}
	require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: began, Kind: access.EventActRefused, Actor: "dave"}))
	_, err := l.OpenCursor(t.Context(), "sink:siem", 0, began)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	other, otherLogged := w, new(logs.Hook)
	other.Log, otherLogged = logs.NewNullLogger()
	for _, worker := range []sinks.Watch{w, other} {
		running.Go(func() { worker.Run(ctx) })
	}
	bothLook := func() {
		for _, one := range []*logs.Hook{logged, otherLogged} {
			one.Reset()
			// The first that is logged may have begun before.
			require.Eventually(t, func() bool { return len(one.AllEntries()) > 2 }, time.Minute, time.Millisecond)
		}
	}
	move := func(to time.Time) { mu.Lock(); defer mu.Unlock(); now = to }
	hour := began.Truncate(time.Hour).Add(2 * time.Hour)
	move(hour)
	require.Eventually(t, func() bool { return len(alarms()) == 1 }, time.Minute, time.Millisecond)
	bothLook()
	move(hour.Add(30 * time.Minute))
	bothLook()
	require.Len(t, alarms(), 1, "within an hour there is one")
	move(hour.Add(time.Hour))
	require.Eventually(t, func() bool { return len(alarms()) == 2 }, time.Minute, time.Millisecond)
	bothLook()
	stop()
	running.Wait()
	all := alarms()
	require.Len(t, all, 2, "once an hour, of two workers")
	require.Equal(t, "The receiver of events siem has stood after event 0 for longer than 1m0s.", all[0].Message)
	require.Equal(t, "siem", all[0].Detail["sink"])
	require.Contains(t, figure(), `siem=value:1`)
	require.Contains(t, figure(), `new=value:0`, "no worker has begun with it, and not for long")
	require.NotEmpty(t, logged.AllEntries())
	move(began.Add(25 * time.Hour))
	require.Contains(t, figure(), `new=value:1`, "nobody ever began with it")
	move(hour.Add(time.Hour))

	_, err = l.MoveCursor(t.Context(), "sink:siem", 3, began)
	require.NoError(t, err)
	require.Contains(t, figure(), `siem=value:0`)
	_, err = l.MoveCursor(t.Context(), "sink:siem", 9, began)
	require.NoError(t, err)
	require.Contains(t, figure(), `siem=value:1`, "the log was cut off")
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestValidate(t *testing.T) {
	ok := sinks.Config{File: &file.Config{Path: "x"}}
	for want, change := range map[string]func(*sinks.Config){
		"":                func(*sinks.Config) {},
		"format_unknown":  func(c *sinks.Config) { c.Format = "cef" },
		"start_unknown":   func(c *sinks.Config) { c.Start = "yesterday" },
		"alarm_malformed": func(c *sinks.Config) { c.AlarmAfter = -1 },
		"sink_kind":       func(c *sinks.Config) { c.File = nil },
		"path_missing":    func(c *sinks.Config) { c.File = &file.Config{} },
	} {
		c := ok
		change(&c)
		var got []string
		for _, is := range sinks.Validate("w", map[string]sinks.Config{"siem": c}) {
			got = append(got, is.Code)
		}
		require.Equal(t, want, strings.Join(got, ","))
	}
	require.Len(t, sinks.Validate("w", map[string]sinks.Config{"SIEM": ok}), 1)
}

// TestText: with it what people wrote goes out, and Ramp's own form is one of the two.
func TestText(t *testing.T) {
	l := open(t)
	require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventRequestCreated, RequestID: "r", Actor: "alice", Message: "orders stuck"}))
	path := filepath.Join(t.TempDir(), "events")
	c, err := sinks.New("s", sinks.Config{Text: true, Format: "ramp", File: &file.Config{Path: field.File(path)}}, l, evidence.Keyring{})
	require.NoError(t, err)
	n, err := sinks.Resend(t.Context(), c.Send, l, 1, 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	text := string(read(t, path))
	require.Contains(t, text, "orders stuck")
	require.Contains(t, text, `"dataschema":"urn:ramp:event:1"`)
}
