package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestWorkerKeysAreSaid: a server says which workers' keys it accepts, again before that is
// old, and puts right what somebody else wrote or put back; what a server says that started
// later stands, until that one is gone.
func TestWorkerKeysAreSaid(t *testing.T) {
	c := newClosed(t)
	w := c.workerKeys
	w.since = testTime
	said := func() access.WorkerKeys {
		said, err := w.said(t.Context())
		require.NoError(t, err)
		return said
	}
	keep := func(after time.Duration) {
		c.now = testTime.Add(after)
		require.NoError(t, w.keep(t.Context()))
	}
	require.Empty(t, said().Keys)
	keep(0)
	require.Equal(t, []access.WorkerKey{{ID: c.production.KeyID(), Targets: []string{"postgres/orders"}},
		{ID: c.second.KeyID(), Targets: []string{"postgres/orders", "ssh/orders"}}, {ID: c.staging.KeyID(), Targets: []string{"postgres/staging"}}}, said().Keys)
	first, err := c.book.WorkerKeys(t.Context())
	require.NoError(t, err)
	keep(30 * time.Second)
	require.Equal(t, testTime, said().At)
	keep(time.Minute)
	require.Equal(t, testTime.Add(time.Minute), said().At)

	require.NoError(t, c.book.KeepWorkerKeys(t.Context(), []byte("junk")))
	require.Empty(t, said().Keys)
	keep(time.Minute)
	require.Len(t, said().Keys, 3)
	require.NoError(t, c.book.KeepWorkerKeys(t.Context(), first))
	keep(2 * time.Minute)
	require.Equal(t, testTime.Add(2*time.Minute), said().At, "an earlier one was put back")

	later := *w
	later.since, later.accepted = testTime.Add(time.Second), evidence.Keyring{}
	require.NoError(t, later.keep(t.Context()))
	require.Empty(t, said().Keys, "a server without keys.workers believes every worker")
	keep(4 * time.Minute)
	require.Equal(t, later.since, said().Since)
	keep(5*time.Minute + time.Second)
	require.Equal(t, w.since, said().Since, "the later one has not spoken for long")
}
