package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCase37DeployByCommand is docs/deploys.md, as an operator does it: build 1
// is gone for good while access is open, and build 2 ends it when it is asked to.
func TestCase37DeployByCommand(t *testing.T) {
	in := install(t)
	in.start(nil, "dev", "--without", "worker")
	config := filepath.Join(in.dir, "ramp.yaml")
	in.eventually(2*time.Minute, "the configuration is written", func() bool {
		_, err := os.Stat(config)
		return err == nil
	})
	deploy := func(args ...string) string {
		in.Helper()
		out, err := exec.Command(binary, append([]string{"deploy", "--config", config}, args...)...).CombinedOutput()
		require.NoError(in, err, "deploy %v: %s", args, out)
		return string(out)
	}
	one := in.start([]string{"RAMP_BUILD_ID=1"}, "worker", "--config", config).ready()
	require.Contains(t, deploy("current", "1"), "current")
	r, k := in.opened(in.as("alice"), "ssh-demo", "30m")
	session := k.session()

	in.start([]string{"RAMP_BUILD_ID=2"}, "worker", "--config", config)
	require.Contains(t, deploy("current", "2"), "current")
	one.kill()
	in.eventually(time.Minute, "one request lives on build 1", func() bool {
		out := deploy("status", "-o", "json")
		return regexp.MustCompile(`"build": "1",\s+"current": false,\s+"requests": 1`).MatchString(out)
	})
	require.Contains(t, deploy("move", "1"), "1 request moved from build 1 to build 2.")
	require.True(t, alive(session))
	in.as("alice").sends("/api/v1/requests/"+r.ID+"/release", map[string]any{})
	in.as("alice").awaits(r.ID, "ended", 60*time.Second)
	in.isCut(session)
	require.False(t, k.works())
}
