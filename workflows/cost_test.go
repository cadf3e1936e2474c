package workflows_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// maxEvents is what one request may leave in Temporal's history, not counting
// workflow tasks, whose number depends on what comes at the same time: every event
// is work for its database, and what a request costs. A bare workflow that waits
// for the same and runs two empty activities leaves 25 to 28 with its workflow
// tasks, this one 35 to 38 (docs/bench.md).
const maxEvents = 20

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
		events := 0
		for _, e := range h.Events {
			if !strings.Contains(e.EventType.String(), "WorkflowTask") {
				events++
			}
		}
		require.LessOrEqual(t, events, maxEvents)
		require.Greater(t, events, 12, "this is not the history of a whole request")
	}
}
