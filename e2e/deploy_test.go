package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/workflows"
)

// TestCase37DeployByCommand is docs/deploys.md, as an operator does it: build 1
// is gone for good while access is open, and build 2 ends it when it is asked to.
func TestCase37DeployByCommand(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "worker")
	config := filepath.Join(in.dir, "ramp.yaml")
	in.configured()
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

// TestCase37DeployWhileRequestsLive: server and worker are replaced while requests of an
// earlier shape wait, are open and expire. What began in that shape goes on in it under
// the new worker, beside requests of the new one; each ends on time, and is told once.
func TestCase37DeployWhileRequestsLive(t *testing.T) {
	t.Parallel()
	for name, earlier := range map[string]int{"first": workflows.FirstShape, "lean": workflows.LeanShape} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			install(t).deploysFrom(earlier)
		})
	}
}

func (in *installation) deploysFrom(earlier int) {
	oldServer, oldWorker := in.apart([]string{fmt.Sprintf("RAMP_SHAPE=%d", earlier)}, nil)
	alice, bob := in.as("alice"), in.as("bob")
	during, long, extended := alice.asks("ssh-demo", "40s"), alice.asks("ssh-demo", "30m"), alice.asks("ssh-demo", "70s")
	for _, r := range []request{during, long, extended} {
		bob.approves(r)
		alice.awaits(r.ID, "active", time.Minute)
	}
	waiting := alice.asks("ssh-demo", "10s")
	k := alice.picksUp(long.ID)
	session := k.session()

	in.start(nil, "worker", "--config", in.config())
	between := alice.asks("ssh-demo", "10s") // both workers run
	oldWorker.kill()
	oldServer.kill()
	in.start(nil, "server", "--config", in.config()).ready()

	newest := alice.asks("ssh-demo", "15s")
	for _, r := range []request{newest, waiting, between} {
		bob.approves(r)
	}
	require.Equal(in, http.StatusOK, alice.call("POST", "/api/v1/requests/"+extended.ID+"/extend", map[string]any{"for": "10s"}, nil))
	require.True(in, alive(session))
	require.True(in, k.works())
	require.Equal(in, http.StatusOK, alice.call("POST", "/api/v1/requests/"+long.ID+"/release", map[string]any{}, nil))
	in.isCut(session)
	require.False(in, k.works())
	for _, r := range []request{during, extended, waiting, between, newest} {
		in.onTime(alice, r.ID, "expired")
	}
	in.onTime(alice, long.ID, "released")
	require.Empty(in, in.admitted(), "something is left on the host")
	for _, r := range []request{during, long, extended, waiting, between} {
		require.Equal(in, earlier, in.shapeOf(r.ID))
	}
	require.Greater(in, in.shapeOf(newest.ID), earlier, "a new server begins requests in the new shape")
}

// shapeOf is the shape in which a request's workflow began, by its history.
func (in *installation) shapeOf(id string) int {
	in.Helper()
	sealed, err := codec.Load(in.Context(), field.SecretFile(filepath.Join(in.dir, "keys", "payload.key")))
	require.NoError(in, err)
	began, err := in.temporal().GetWorkflowHistory(in.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Next()
	require.NoError(in, err)
	inputs, err := sealed.Decode(began.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads())
	require.NoError(in, err)
	var input workflows.AccessRequestInput
	require.NoError(in, json.Unmarshal(inputs[0].GetData(), &input))
	return input.Shape
}
