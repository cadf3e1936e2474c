package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestScenarios plays every scenario on the real engine: what Temporal's test
// environment does not do as the server does (waiting for a cancelled activity,
// above all) is proven here.
func TestScenarios(t *testing.T) {
	all := inEveryShape(scenarios())
	e, err := start(t.Context(), t.TempDir(), all)
	require.NoError(t, err)
	t.Cleanup(e.stop)
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			got, err := e.play(ctx, s)
			require.NoError(t, err)
			require.Equal(t, s.want, got)
		})
	}
}
