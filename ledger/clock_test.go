package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"
)

// clocks is the clock of each database.
var clocks = map[string]func(f fixture){
	"Now": func(f fixture) {
		now, err := f.Now(ctx)
		require.NoError(f, err)
		require.WithinDuration(f, time.Now(), now, 5*time.Second)
		require.Equal(f, time.UTC, now.Location())
	},
}
