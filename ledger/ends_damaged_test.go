package ledger_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestCase100DamagedEvent: an event whose detail somebody damaged keeps neither the events
// of other requests nor its own time from who looks when access ends.
func TestCase100DamagedEvent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(t.Context(), "sqlite:"+file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: at, RequestID: "good", Kind: access.EventConditionUnknown, Key: access.KeyConditionUnknown(0, 1)}))
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key) VALUES (999999, 1, 'damaged', 'condition.unknown', '', '', 'x', ?)`, access.KeyConditionUnknown(0, 1))
	require.NoError(t, err)
	events, err := l.ConditionEvents(t.Context(), "good", "damaged")
	require.NoError(t, err)
	require.Equal(t, access.UnknownPeriod{Number: 1, Since: at}, access.LastUnknownPeriod(events["good"], 0))
	require.Equal(t, 1, access.LastUnknownPeriod(events["damaged"], 0).Number)
}
