package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sweep runs the command with a configuration in which Temporal is nowhere.
func (in *installation) sweep(args ...string) (out string, code int) {
	in.Helper()
	b, err := os.ReadFile(filepath.Join(in.dir, "ramp.yaml"))
	require.NoError(in, err)
	alone := strings.ReplaceAll(string(b), in.addr("temporal"), "127.0.0.1:1")
	require.NotEqual(in, string(b), alone)
	config := filepath.Join(in.dir, "sweep.yaml")
	require.NoError(in, os.WriteFile(config, []byte(alone), 0o600))
	text, err := exec.Command(binary, append([]string{"sweep", "--config", config}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(in, err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(text), code
}

// TestSweepWithNoTemporal: nobody is left to end access but a person with the
// ledger and the target's credentials. Server and worker are dead; the host
// lives.
func TestSweepWithNoTemporal(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "server,worker")
	config := filepath.Join(in.dir, "ramp.yaml")
	in.configured()
	worker := in.start(nil, "worker", "--config", config)
	in.start(nil, "server", "--config", config).ready()
	r, k, cut := in.activeFor("10m")
	worker.kill()

	out, code := in.sweep()
	require.Zero(t, code, "live access is nothing wrong: %s", out)
	require.Contains(t, out, "Nothing is wrong.")

	const planted = "ramp-zzzzzzzzzzzzzzzz-a"
	in.edit(func(s string) string { return s + `expiry-time="20991231235959Z" ` + planted + "\n" })
	out, code = in.sweep()
	require.Equal(t, 8, code, out)
	require.Contains(t, out, planted)
	require.Contains(t, out, "Nothing was changed.")
	require.Len(t, in.admitted(), 2, "a dry run changes nothing")
	out, code = in.sweep("--apply", "-o", "json")
	require.Zero(t, code, out)
	var survey struct {
		Targets []struct {
			Findings []struct {
				Kind, Grant string
				Done        bool
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &survey), out)
	require.Equal(t, planted, survey.Targets[0].Findings[0].Grant)
	require.True(t, survey.Targets[0].Findings[0].Done)
	require.Equal(t, []string{r.Plan.Grants[0].Name}, in.admitted())
	require.True(t, k.works())

	out, code = in.sweep("--live", "--apply")
	require.Equal(t, 2, code, "it asks first, and nobody answers: %s", out)
	require.True(t, k.works())
	out, code = in.sweep("--live", "--apply", "--yes")
	require.Zero(t, code, out)
	require.Equal(t, "revoked", in.swept(r, k, cut).Outcome)

	// The workflow that is still there opens nothing again, and tells the same.
	in.start(nil, "worker", "--config", config)
	require.NoError(t, in.temporal().CancelWorkflow(t.Context(), r.ID, ""))
	in.eventually(60*time.Second, "the workflow ends", func() bool {
		d, err := in.temporal().DescribeWorkflowExecution(t.Context(), r.ID, "")
		return err == nil && d.WorkflowExecutionInfo.CloseTime != nil
	})
	in.swept(r, k, cut)
}

// TestReconcileNow: the third line looks when it is told to, and not before.
func TestReconcileNow(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--reconcile-every", "1h").ready()
	r, k, _ := in.activeFor("10m")
	const planted = "ramp-zzzzzzzzzzzzzzzz-a"
	in.edit(func(s string) string { return s + `expiry-time="20991231235959Z" ` + planted + "\n" })
	out, err := exec.Command(binary, "reconcile", "--config", filepath.Join(in.dir, "ramp.yaml")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "under ramp-reconcile-ssh/demo, ramp-reconcile, and in the requests' timelines")
	in.eventually(60*time.Second, "what was planted is gone", func() bool { return len(in.admitted()) == 1 })
	require.Equal(t, []string{r.Plan.Grants[0].Name}, in.admitted())
	require.True(t, k.works())
	out, err = exec.Command(binary, "reconcile", "--config", filepath.Join(in.dir, "ramp.yaml"), "--target", "ssh/none").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 5, exit.ExitCode(), "%s", out)
}
