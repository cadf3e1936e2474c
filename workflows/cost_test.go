package workflows_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/workflows"
)

// maxEvents is what one request may leave in Temporal's history, not counting
// workflow tasks, whose number depends on what comes at the same time: every event
// is work for its database, and what a request costs. A bare workflow that waits
// for the same and runs two empty activities leaves 25 to 28 with its workflow
// tasks, this one 26 (docs/bench.md).
const maxEvents = 14

// maxBytes is how large one request's history may be, as in the scenario it was recorded
// in: whatever stands in it twice is kept for every request.
const maxBytes = 5_700

// TestOneRequestCostsFewEvents: anybody who adds an activity to every request meets
// this number, and says in the commit why the work cannot be done by the activities
// there are. The history is a recorded run; go run ./tools/histories.
func TestOneRequestCostsFewEvents(t *testing.T) {
	for _, file := range histories(t, "unreleased/expired.json") {
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err)
		events, bytes := 0, 0
		for _, e := range h.Events {
			bytes += e.Size()
			if !strings.Contains(e.EventType.String(), "WorkflowTask") {
				events++
			}
		}
		require.LessOrEqual(t, events, maxEvents)
		require.LessOrEqual(t, bytes, maxBytes)
		require.Greater(t, events, 12, "this is not the history of a whole request")
	}
}

// TestNoTimerIsLeft: a timer that is no longer needed is cancelled. Left running it
// would fire, and wake a workflow that sleeps, for nothing.
func TestNoTimerIsLeft(t *testing.T) {
	for _, file := range histories(t, "unreleased/*.json") {
		f, err := os.Open(file)
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		f.Close()
		require.NoError(t, err)
		if h.Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowType.Name != workflows.AccessRequestType ||
			h.Events[len(h.Events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes() != nil {
			continue // a run that gives way to the next leaves what the next does again
		}
		running := map[string]bool{}
		for _, e := range h.Events {
			switch {
			case e.GetTimerStartedEventAttributes() != nil:
				running[e.GetTimerStartedEventAttributes().TimerId] = true
			case e.GetTimerFiredEventAttributes() != nil:
				delete(running, e.GetTimerFiredEventAttributes().TimerId)
			case e.GetTimerCanceledEventAttributes() != nil:
				delete(running, e.GetTimerCanceledEventAttributes().TimerId)
			}
		}
		require.Empty(t, running, file)
	}
}
