package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"
)

// clocks is the clock of each database.
var clocks = map[string]func(f fixture){
	"Now": func(f fixture) {
		before := time.Now()
		now, err := f.Now(ctx)
		require.NoError(f, err)
		// On one machine, and a database may keep less of the time than Go does.
		require.False(f, now.Before(before.Add(-time.Second)), "%s before it was asked", before.Sub(now))
		require.False(f, now.After(time.Now().Add(time.Second)), "%s too late", time.Until(now))
		require.Equal(f, time.UTC, now.Location())
	},
}
