package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func TestClosedAgain(t *testing.T) {
	onEach(t, map[string]func(b fixture){
		"what is recorded is not recorded again, and what is not, is": func(b fixture) {
			g := b.opened("ssh/a")
			problem := ""
			ending := access.Ending(g.RequestID, access.OutcomeExpired, at)
			ending.Problem = &problem
			steps := []access.Transition{ending, access.Ended(g.RequestID, access.OutcomeExpired, at)}
			require.NoError(b, b.MarkClosed(ctx, g.Name, at, steps...))
			before, tree := b.reload(g.RequestID), b.checkpoint()
			require.Equal(b, access.StateEnded, before.State)
			require.NoError(b, b.MarkClosed(ctx, g.Name, at.Add(time.Minute), steps...))
			require.Equal(b, before, b.reload(g.RequestID))
			require.Equal(b, tree, b.checkpoint())

			problem = "closing took long"
			require.NoError(b, b.MarkClosed(ctx, g.Name, at, steps...))
			require.Equal(b, problem, b.reload(g.RequestID).Problem)

			more := access.Ended(g.RequestID, access.OutcomeExpired, at)
			more.Statements = []access.Statement{{RequestID: g.RequestID, Key: "closed " + g.Name, Envelope: []byte(`{}`)}}
			require.NoError(b, b.MarkClosed(ctx, g.Name, at, more))
			statements, err := b.Statements(ctx, g.RequestID)
			require.NoError(b, err)
			require.Contains(b, statements, []byte(`{}`), "the receipt of the second closing is kept where the first left none")
		},
		"what ended without its events gets them": func(b fixture) {
			g := b.opened("ssh/a")
			require.NoError(b, b.MarkClosed(ctx, g.Name, at))
			_, err := b.raw.Exec(`UPDATE requests SET state = 'ended' WHERE id = '` + g.RequestID + `'`)
			require.NoError(b, err)
			require.NoError(b, b.MarkClosed(ctx, g.Name, at, access.Ended(g.RequestID, access.OutcomeExpired, at)))
			last := b.timeline(g.RequestID)
			require.Equal(b, access.EventAccessEnded, last[len(last)-1].Kind)
		},
	})
}
