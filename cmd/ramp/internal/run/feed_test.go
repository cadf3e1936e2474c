package run

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestFeedStatus: who follows the events, how far, and why not further.
func TestFeedStatus(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now().Add(-time.Minute), Kind: access.EventActRefused, Actor: "dave"}))
	}
	for name, at := range map[string]int64{"done": 3, "late": 1, "lost": 9} {
		_, err := l.OpenCursor(t.Context(), name, at, time.Now())
		require.NoError(t, err)
	}
	require.NoError(t, l.FailCursor(t.Context(), "late", 1, time.Now(), "the sink is down"))
	cursors, err := l.Cursors(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	var list []consumer
	for _, c := range cursors {
		list = append(list, consumer{Cursor: c, Lag: c.Lag(), Gap: c.Gap()})
	}
	var out bytes.Buffer
	printConsumers(&out, list, time.Now())
	require.Regexp(t, `done +3 of 3 +0 +– +works`, out.String())
	require.Regexp(t, `late +1 of 3 +2 +1m\d*s +fails since .*: the sink is down`, out.String())
	require.Contains(t, out.String(), "GAP: event 9 was handled, and the log ends at 3")
	out.Reset()
	printConsumers(&out, nil, time.Now())
	require.Contains(t, out.String(), "Nothing has followed")

	file := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(file, []byte("ledger: {url: \"sqlite:"+filepath.Join(dir, "ledger.db")+"\"}\n"), 0o600))
	c := feedCommand()
	out.Reset()
	c.SetOut(&out)
	c.SetArgs([]string{"status", "--config", file, "--output", "json"})
	require.NoError(t, c.Execute())
	var read []map[string]any
	require.NoError(t, json.NewDecoder(&out).Decode(&read))
	require.Len(t, read, 3)
	require.Equal(t, "done", read[0]["name"])
	require.EqualValues(t, 2, read[1]["lag"])
	require.Equal(t, true, read[2]["gap"])
}
