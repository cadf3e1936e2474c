package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStories plays every story on the real engine: what Temporal's test
// environment does not do as the server does (waiting for a cancelled activity,
// above all) is proven here.
func TestStories(t *testing.T) {
	all := stories()
	w, err := begin(t.Context(), t.TempDir(), all)
	require.NoError(t, err)
	t.Cleanup(w.end)
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			got, err := w.tell(ctx, s)
			require.NoError(t, err)
			require.Equal(t, s.want, got)
		})
	}
}
