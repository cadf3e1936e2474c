package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/file"
)

// TestCase114AnotherWorkerStreamsOn: every event arrives, in order, though the worker that
// streams is stopped and another takes over.
func TestCase114AnotherWorkerStreamsOn(t *testing.T) {
	s := newSite(t, nil)
	path := filepath.Join(t.TempDir(), "events.jsonl")
	s.config.Sinks = map[string]sinks.Config{"archive": {File: &file.Config{Path: field.File(path)}}}
	require.Empty(t, s.config.Validate())
	add := func() {
		for range 20 {
			require.NoError(t, s.ledger.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
		}
	}
	has := func(n int) bool {
		text, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(text), fmt.Sprintf(`"sequence":"%020d"`, n))
	}
	add()
	s.start()
	s.eventually(func() bool { return has(20) }, "it streams what was before")
	n, err := testutil.GatherAndCount(s.worker.metrics.registry, "ramp_sink_behind", "ramp_feed_lag_events")
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 2)
	s.stop()
	add()
	s.start()
	s.eventually(func() bool { return has(40) }, "another worker streams on")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	last := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, fmt.Sprintf(`"sequence":"%020d"`, last+1)) {
			last++
		}
	}
	require.GreaterOrEqual(t, last, 40)
}

func TestSinksNeedControl(t *testing.T) {
	c := Config{Sinks: map[string]sinks.Config{"archive": {File: &file.Config{Path: "x"}}}, Targets: map[string]TargetConfig{}}
	var codes []string
	for _, is := range c.Validate() {
		codes = append(codes, is.Code)
	}
	require.Contains(t, codes, "sinks_control")
}
