package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestBatchWriter: writes share transactions and compiled statements, and nothing of
// each other.
func TestBatchWriter(t *testing.T) {
	ctx := context.Background()
	l, err := Open(ctx, "sqlite:"+t.TempDir()+"/ledger.db")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	w := l.writer.(*batchWriter)
	event := func(message string) error {
		return l.AppendEvent(ctx, access.Event{Kind: access.EventActRefused, Actor: "x", Message: message})
	}
	require.NoError(t, event("one"))
	compiled := w.on.kept["BEGIN IMMEDIATE"]
	require.NotNil(t, compiled)
	require.NoError(t, event("two"))
	require.Same(t, compiled, w.on.kept["BEGIN IMMEDIATE"], "it is compiled once")

	t.Run("one that fails leaves what it wrote, and the others stay", func(t *testing.T) {
		failed := errors.New("no")
		results := make([]writeJob, 3)
		for i := range results {
			results[i] = writeJob{result: make(chan error, 1), do: func(on handle) error {
				_, err := on.ExecContext(ctx, `INSERT INTO feed_cursors (name, seq, moved_at) VALUES (?, 0, 0)`, i)
				if i == 1 {
					return failed
				}
				return err
			}}
		}
		w.run(results)
		require.NoError(t, <-results[0].result)
		require.ErrorIs(t, <-results[1].result, failed)
		require.NoError(t, <-results[2].result)
		var names int
		require.NoError(t, l.read.QueryRow(`SELECT count(*) FROM feed_cursors`).Scan(&names))
		require.Equal(t, 2, names)
	})
	t.Run("a connection that is lost is replaced", func(t *testing.T) {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // database/sql gives it up
		require.Error(t, event("lost"))
		require.NoError(t, event("three"))
		last, err := l.LastSeq(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 3, last)
	})
	t.Run("statements beyond the bound are run as they are", func(t *testing.T) {
		p := newPrepared(l.read)
		for i := range maxPrepared + 5 {
			var n int
			require.NoError(t, p.QueryRowContext(ctx, `SELECT `+string(rune('0'+i%10))+` + `+string(rune('0'+i/10%10))+` + `+string(rune('0'+i/100))).Scan(&n))
		}
		require.Len(t, p.kept, maxPrepared)
	})
}
