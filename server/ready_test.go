package server

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase84NotReady: who asks whether the server is ready is told why it is not, in
// Ramp's own words, and has the ledger written every two seconds at most.
func TestCase84NotReady(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, http.StatusOK, f.call("", "GET", "/readyz", "", "").Code)
	asked := 0
	ping := func(context.Context) error {
		asked++
		return access.Errorf(access.CodeUnavailable, "the disk of the ledger is full: %w", context.DeadlineExceeded)
	}
	f.dependencies[0].ping = seldom(ping)
	for range 5 {
		w := f.call("", "GET", "/readyz", "", "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.JSONEq(t, `{"ready": false, "notReady": {"ledger": "the disk of the ledger is full"}}`, w.Body.String())
	}
	require.Equal(t, 1, asked)
}

// TestReadyOutlivesItsCaller: somebody who asks and goes away has nobody told that the
// server is not ready.
func TestReadyOutlivesItsCaller(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	ping := seldom(func(ctx context.Context) error { return ctx.Err() })
	require.NoError(t, ping(gone))
	require.NoError(t, ping(t.Context()))
}
