package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestUsageThatNoRecordCanHold: a target, or somebody with all rights on it, that says that
// access was used in a year that no record can hold keeps nothing from being closed.
func TestUsageThatNoRecordCanHold(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	far := time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)
	w.reports(true, func() (access.Usage, error) {
		return access.Usage{Kind: access.UsageSessions, First: far, Last: far, Sessions: 1}, nil
	})
	require.NoError(t, a.close())
	event, receipt := a.recordedUsage()
	require.Equal(t, access.UsageNotKnown, event.Kind)
	require.Equal(t, access.UsageNotKnown, receipt.Kind)
}
