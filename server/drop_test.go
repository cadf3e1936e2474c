package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// TestDropConfig: nothing that is still needed can be dropped by a configuration.
func TestDropConfig(t *testing.T) {
	long := review.Thresholds{History: access.Duration(300 * 24 * time.Hour)}
	for _, c := range []struct {
		drop   DropConfig
		limits review.Thresholds
		wrong  string
	}{
		{DropConfig{}, review.Thresholds{}, ""},
		{DropConfig{RequestsAfterDays: 180, EventsAfterDays: 36500}, review.Thresholds{}, ""},
		{DropConfig{RequestsAfterDays: 179}, review.Thresholds{}, "server.drop.requestsAfterDays: days are 180 to 36500"},
		{DropConfig{RequestsAfterDays: -1}, review.Thresholds{}, "server.drop.requestsAfterDays: days are 180 to 36500"},
		{DropConfig{EventsAfterDays: 36501}, review.Thresholds{}, "server.drop.eventsAfterDays: days are 180 to 36500"},
		{DropConfig{RequestsAfterDays: 341, EventsAfterDays: 180}, long, "reads requests of 342 days"},
		{DropConfig{RequestsAfterDays: 342}, long, ""},
	} {
		issues := c.drop.Validate(c.limits)
		if c.wrong == "" {
			require.Empty(t, issues)
			continue
		}
		require.Len(t, issues, 1)
		require.Contains(t, issues[0].String(), c.wrong)
	}
	require.Equal(t, 365*24*time.Hour, DropConfig{RequestsAfterDays: 365}.app().Requests)
}
