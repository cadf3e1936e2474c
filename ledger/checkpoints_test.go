package ledger_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var checkpointSuite = map[string]func(b fixture){
	"the largest checkpoint stays, whichever server is the last to write": func(b fixture) {
		_, err := b.LastCheckpoint(ctx)
		b.code(access.CodeNotFound, err)
		for _, size := range []int64{3, 9, 7, 9} {
			require.NoError(b, b.KeepCheckpoint(ctx, "log", size, fmt.Sprint("signed ", size), at.Add(time.Minute)))
		}
		signed, err := b.LastCheckpoint(ctx)
		require.NoError(b, err)
		require.Equal(b, "signed 9", signed)
	},
}
