package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestSinks: how far they are, and a range that is sent again, with nothing but the ledger.
func TestSinks(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now().Add(-time.Minute), Kind: access.EventActRefused, Actor: "dave"}))
	}
	_, err = l.OpenCursor(t.Context(), "sink:archive", 3, time.Now())
	require.NoError(t, err)
	require.NoError(t, l.FailCursor(t.Context(), "sink:archive", 3, time.Now(), "the disk of the file is full"))
	require.NoError(t, l.Close())
	var got atomic.Int64
	program := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	t.Cleanup(program.Close)
	t.Setenv("RAMP_TEST_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	file := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
ledger: {url: "sqlite:%s"}
worker:
  control: true
  sinks:
    archive: {file: {path: events.jsonl}}
    fresh: {file: {path: other.jsonl}}
  webhooks:
    hook: {url: %q, secrets: ["env:RAMP_TEST_HOOK"]}
`, filepath.Join(dir, "ledger.db"), program.URL), 0o600))
	run := func(args ...string) (string, error) {
		c := sinksCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceUsage = true
		c.SetArgs(append(args, "--config", file))
		err := c.Execute()
		return out.String(), err
	}
	out, err := run("status")
	require.NoError(t, err)
	require.Regexp(t, `archive +file +3 of 5 +2 +1m\d*s +fails since .*: the disk of the file is full`, out)
	require.Contains(t, out, "webhook:hook")
	require.Regexp(t, `fresh +file +– .* no worker has begun with it`, out)
	out, err = run("status", "--output", "json")
	require.NoError(t, err)
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	require.EqualValues(t, 2, list[0]["cursor"].(map[string]any)["lag"])
	require.Nil(t, list[1]["cursor"])

	out, err = run("resend", "archive", "--from", "2", "--to", "4")
	require.NoError(t, err)
	require.Equal(t, "3 events were taken again.\n", out)
	text, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	require.NoError(t, err, "the path is relative to the configuration")
	require.Equal(t, 3, strings.Count(string(text), "\n"))
	_, err = run("resend", "archive", "--from", "4", "--to", "9")
	require.ErrorContains(t, err, "event 6 is not in the log")
	_, err = run("resend", "nothing", "--from", "1", "--to", "1")
	require.EqualError(t, err, "there is no sink nothing: there are [archive fresh webhook:hook]")
	out, err = run("resend", "webhook:hook", "--from", "1", "--to", "5")
	require.NoError(t, err)
	require.Equal(t, "5 events were taken again.\n", out)
	require.EqualValues(t, 5, got.Load())
	_, err = run("resend", "archive", "--from", "1")
	require.Error(t, err)
}
