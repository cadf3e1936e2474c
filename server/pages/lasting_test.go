package pages

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestWhatStaysIsInForce: the page and the list of a change of contracts say that it was
// taken into force, and nothing that is true only of access.
func TestWhatStaysIsInForce(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	for _, state := range []access.State{access.StateActive, access.StateEnding, access.StateEnded} {
		r := example(state)
		r.Plan.Change, r.Outcome = &access.ContractChange{}, access.OutcomeExpired
		r.Timeline = append(r.Timeline, access.Event{Kind: access.EventAccessEnded, At: r.CreatedAt})
		html := shown(t, p, "request", requestPage{Request: r}) + shown(t, p, "requests", listPage{Items: []access.Request{r}})
		require.Contains(t, html, "Taken into force at")
		require.Contains(t, html, "In force since")
		require.NotRegexp(t, `class="left"|Expires<|expired|gone|Verified on the target|being revoked|access is open`, html)
	}
}
