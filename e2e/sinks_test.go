package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sinkStatus is how far the sink is, as `ramp sinks status` says without a process of Ramp's.
func (in *installation) sinkStatus() (taken, last int64) {
	in.Helper()
	out, err := exec.Command(binary, "sinks", "status", "--config", in.config(), "--output", "json").Output()
	require.NoError(in, err)
	var list []struct{ Cursor *struct{ Seq, Last int64 } }
	require.NoError(in, json.Unmarshal(out, &list), "%s", out)
	require.Len(in, list, 1)
	if list[0].Cursor == nil {
		return 0, -1
	}
	return list[0].Cursor.Seq, list[0].Cursor.Last
}

// TestCase114StreamOutlivesProcesses kills servers and workers while people act: the file
// has every event, in order, and once after what it has twice is removed by number.
func TestCase114StreamOutlivesProcesses(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	in.reconfigure(func(c configuration) {
		c.section("worker")["sinks"] = doc{"archive": doc{"file": doc{"path": path}}}
	})
	worker, server := in.start(nil, "worker", "--config", in.config()), in.start(nil, "server", "--config", in.config()).ready()
	alice := in.as("alice")
	in.eventually(60*time.Second, "the worker serves its target", func() bool {
		status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", map[string]any{"contract": "ssh-demo", "reason": "is everything there?"})
		return err == nil && status == http.StatusOK
	})
	for range 3 {
		alice.asks("ssh-demo", "10s")
		worker.kill()
		alice.asks("ssh-demo", "11s")
		server.kill()
		worker = in.start(nil, "worker", "--config", in.config())
		server = in.start(nil, "server", "--config", in.config()).ready()
		alice.asks("ssh-demo", "12s")
	}
	in.eventually(3*time.Minute, "everything is taken", func() bool {
		taken, last := in.sinkStatus()
		return taken == last
	})
	server.kill() // so that nothing is appended any more
	worker.kill()
	in.start(nil, "worker", "--config", in.config())
	var last int64
	in.eventually(3*time.Minute, "what was left is taken by another worker", func() bool {
		var taken int64
		taken, last = in.sinkStatus() // the worker may append more afterwards, which the file need not have yet
		return taken == last
	})
	require.Greater(t, last, int64(8))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	next := int64(1)
	for lines.Scan() {
		var e struct{ ID string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e), "%q", lines.Bytes())
		var n int64
		_, err := fmt.Sscan(e.ID, &n)
		require.NoError(t, err)
		require.LessOrEqual(t, n, next, "event %d is missing", next)
		if n == next {
			next++
		}
	}
	require.GreaterOrEqual(t, next, last+1)
}
