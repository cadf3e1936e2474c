package workflows_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// maxEvents is what one request may leave in Temporal's history: every event is
// work for its database, and what a request costs. A bare workflow that waits
// for the same and runs two empty activities leaves 25 to 28 (docs/bench.md).
const maxEvents = 36

// TestOneRequestCostsFewEvents: whoever adds an activity to every request meets
// this number, and says in the commit why the work cannot ride along with what
// there is. The history is a recorded run; go run ./tools/histories.
func TestOneRequestCostsFewEvents(t *testing.T) {
	for _, file := range histories(t, "unreleased/expired.json") {
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.LessOrEqual(t, len(h.Events), maxEvents)
		require.Greater(t, len(h.Events), 20, "this is not the history of a whole life")
	}
}
