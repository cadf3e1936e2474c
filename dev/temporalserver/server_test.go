package temporalserver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/ports"
)

func await(ctx workflow.Context) (out string, err error) {
	workflow.GetSignalChannel(ctx, "go on").Receive(ctx, &out)
	return out, nil
}

// TestARestartLosesNothing: a workflow that waits in one run of the server goes on in
// the next, and a database that was half made by a crash is made again.
func TestARestartLosesNothing(t *testing.T) {
	c := Config{Dir: t.TempDir(), Addr: ports.ForTest(t), SearchAttributes: map[string]enumspb.IndexedValueType{"RampState": enumspb.INDEXED_VALUE_TYPE_KEYWORD}}
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "temporal.db.new"), []byte("half made"), 0o600))
	state := sdk.NewSearchAttributeKeyKeyword("RampState")
	s, err := Start(t.Context(), c)
	require.NoError(t, err)
	temporal := dial(t, s.Addr)
	run, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "waiting", TaskQueue: "q",
		TypedSearchAttributes: sdk.NewSearchAttributes(state.ValueSet("pending"))}, "await")
	require.NoError(t, err)
	temporal.Close()
	require.NoError(t, s.Stop())

	c.Addr = s.Addr // where people's clients look
	s, err = Start(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	temporal = dial(t, s.Addr)
	defer temporal.Close()
	w := worker.New(temporal, "q", worker.Options{})
	w.RegisterWorkflowWithOptions(await, workflow.RegisterOptions{Name: "await"})
	require.NoError(t, w.Start())
	defer w.Stop()
	require.NoError(t, temporal.SignalWorkflow(t.Context(), "waiting", "", "go on", "went on"))
	var out string
	require.NoError(t, temporal.GetWorkflow(t.Context(), "waiting", run.GetRunID()).Get(t.Context(), &out))
	require.Equal(t, "went on", out)
	require.Eventually(t, func() bool {
		found, err := temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: Namespace, Query: `RampState = "pending"`})
		return err == nil && len(found.GetExecutions()) == 1
	}, time.Minute, 50*time.Millisecond, "it is found by its search attribute")

	_, err = Start(t.Context(), Config{Dir: t.TempDir(), Addr: s.Addr})
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "the port is taken")
}

func dial(t *testing.T, addr string) client.Client {
	temporal, err := client.Dial(client.Options{HostPort: addr, Namespace: Namespace})
	require.NoError(t, err)
	return temporal
}

// TestLoopbackOnly: Temporal has no authentication here.
func TestLoopbackOnly(t *testing.T) {
	_, err := Start(t.Context(), Config{Dir: t.TempDir(), Addr: "0.0.0.0:0"})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = StartUI("0.0.0.0:0", "127.0.0.1:1", "")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
