package workflows_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/workflows"
)

// replay runs today's code against a recorded history, and returns how the request
// ended in it, and how it ends now: as nothing, if the run was continued as new,
// which the replayer checks.
func replay(t *testing.T, file string) (then, now workflows.AccessRequestResult, err error) {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
	require.NoError(t, err)
	payloads := codec.Plain()
	options := sdk.WorkflowReplayerOptions{DisableDeadlockDetection: true, DataConverter: payloads} // a loaded machine is no defect
	if filepath.Base(filepath.Dir(file)) == "sealed" {
		sealed, err := codec.New(codec.Key{7}) // tools/histories
		require.NoError(t, err)
		payloads = converter.NewCodecDataConverter(codec.Plain(), recordedCodec{sealed})
		options.DataConverter = payloads
		options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: payloads, EncodeCommonAttributes: true})
	}
	r, err := sdk.NewWorkflowReplayerWithOptions(options)
	require.NoError(t, err)
	workflows.Register(r)
	id, then, renewed := readHistory(t, h, payloads)
	err = r.ReplayWorkflowHistoryWithOptions(quiet{}, h, sdk.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}})
	if err == nil && !renewed {
		// The SDK has this method and forgot it in its interface.
		require.NoError(t, r.(interface{ GetWorkflowResult(string, any) error }).GetWorkflowResult(id, &now))
	}
	return then, now, err
}

// readHistory reads a history's workflow id and result from its first and last event,
// and whether it has no result because it was continued as new.
func readHistory(t *testing.T, h *historypb.History, payloads converter.DataConverter) (id string, res workflows.AccessRequestResult, renewed bool) {
	first := h.Events[0].GetWorkflowExecutionStartedEventAttributes()
	if h.Events[len(h.Events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes() != nil {
		return first.WorkflowId, res, true
	}
	last := h.Events[len(h.Events)-1].GetWorkflowExecutionCompletedEventAttributes()
	require.NotNil(t, last, "a history that did not end proves little")
	require.NoError(t, payloads.FromPayloads(last.Result, &res))
	return first.WorkflowId, res, false
}

func histories(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "histories", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files, "go run ./tools/histories records them")
	return files
}

// renewed stands for the state of a run that was continued as new.
const renewed = "continued as new"

// TestCase37ReplayOfHistories: code that is deployed while requests run must go
// on where the old code was, whatever version it was.
func TestCase37ReplayOfHistories(t *testing.T) {
	ends := map[string][]string{} // version to how its histories end
	for _, file := range histories(t, "*/*.json") {
		version := filepath.Base(filepath.Dir(file))
		if version == "bad" {
			continue
		}
		t.Run(version+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			then, now, err := replay(t, file)
			require.NoError(t, err)
			require.Equal(t, then, now)
			if then.State == "" {
				then.State = renewed
			}
			ends[version] = append(ends[version], strings.TrimSpace(fmt.Sprint(then.State, " ", then.Outcome)))
		})
	}
	require.Contains(t, ends, "first-shape")
	require.Contains(t, ends, "lean-shape")
	require.NotEmpty(t, ends["sealed"])
	delete(ends, "sealed") // a few courses, with payload keys
	require.Len(t, ends["naming-shape"], 2)
	delete(ends, "naming-shape") // with one grant it is today's
	for version, have := range ends {
		for _, s := range access.States() {
			if s.Final() && s != access.StateEnded && !slices.Contains(have, string(s)) {
				t.Errorf("%s has no history that ends as %s", version, s)
			}
		}
		if !slices.Contains(have, renewed) {
			t.Errorf("%s has no history that was continued as new", version)
		}
		for _, o := range []access.Outcome{access.OutcomeExpired, access.OutcomeReleased, access.OutcomeRevoked, access.OutcomeOffboarded, access.OutcomeFailed} {
			if !slices.Contains(have, "ended "+string(o)) {
				t.Errorf("%s has no history that ends as %s", version, o)
			}
		}
	}
}

// TestReplayNotices: a history that this code could not have written fails, and
// for that reason.
func TestReplayNotices(t *testing.T) {
	for _, file := range histories(t, "bad/*.json") {
		_, _, err := replay(t, file)
		require.ErrorContains(t, err, "nondeterministic", file)
		require.ErrorContains(t, err, "Forget", file)
	}
}

// quiet drops the replayer's log lines; it returns its errors, too.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// recordedCodec opens what was encrypted in the namespace in which histories are
// recorded: a replay has a namespace of its own, and payloads are bound to theirs.
type recordedCodec struct{ converter.PayloadCodec }

func (c recordedCodec) WithSerializationContext(ctx converter.SerializationContext) converter.PayloadCodec {
	switch at := ctx.(type) {
	case converter.WorkflowSerializationContext:
		at.Namespace = "default"
		ctx = at
	case converter.ActivitySerializationContext:
		at.Namespace = "default"
		ctx = at
	}
	return recordedCodec{c.PayloadCodec.(converter.PayloadCodecWithSerializationContext).WithSerializationContext(ctx)}
}
