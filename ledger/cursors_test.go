package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

func (b fixture) cursor(name string) ledger.Cursor {
	b.Helper()
	all, err := b.Cursors(ctx)
	require.NoError(b, err)
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	b.Fatalf("there is no cursor %s", name)
	return ledger.Cursor{}
}

var cursorSuite = map[string]func(b fixture){
	"a cursor moves forward only, and says what is left": func(b fixture) {
		for range 3 {
			require.NoError(b, b.AppendEvent(ctx, access.Event{At: at, Kind: access.EventActRefused, Actor: "dave"}))
		}
		last, err := b.LastSeq(ctx)
		require.NoError(b, err)
		move := func(to int64) int64 {
			now, err := b.MoveCursor(ctx, "mover", to, at)
			require.NoError(b, err)
			return now
		}
		_, err = b.MoveCursor(ctx, "nobody", 1, at)
		b.code(access.CodeNotFound, err)
		for _, start := range []int64{last - 3, last} {
			seq, err := b.OpenCursor(ctx, "mover", start, at)
			require.NoError(b, err)
			require.Equal(b, last-3, seq, "a cursor that is there stays where it is")
		}
		c := b.cursor("mover")
		require.Equal(b, ledger.Cursor{Name: "mover", Seq: last - 3, Last: last, NextAt: &at, MovedAt: at}, c)
		require.EqualValues(b, 3, c.Lag())
		require.False(b, c.Gap())

		require.Equal(b, last-1, move(last-1))
		require.Equal(b, last-1, move(last-2), "a late one does not move it back")
		require.NoError(b, b.FailCursor(ctx, "mover", last-2, at, "late"))
		require.Empty(b, b.cursor("mover").Error, "nor does the failure of one that is late count")
		require.NoError(b, b.FailCursor(ctx, "mover", last-1, at, "first"))
		require.NoError(b, b.FailCursor(ctx, "mover", last-1, at.Add(time.Hour), "second"))
		c = b.cursor("mover")
		require.Equal(b, "second", c.Error)
		require.Equal(b, at, *c.FailingSince)
		require.Equal(b, last, move(last))
		require.Equal(b, ledger.Cursor{Name: "mover", Seq: last, Last: last, MovedAt: at}, b.cursor("mover"))
	},
}
