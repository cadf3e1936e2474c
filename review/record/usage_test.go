package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestUsageOfSeveralGrants: access with several grants is unused if all were, and what one
// target does not know, nobody knows of the whole.
func TestUsageOfSeveralGrants(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	never := access.Usage{Kind: access.UsageSessions}
	some := access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(time.Hour), Sessions: 2, For: access.Duration(10 * time.Minute)}
	later := access.Usage{Kind: access.UsageSessions, First: at.Add(time.Minute), Last: at.Add(2 * time.Hour), Sessions: 1, For: access.Duration(5 * time.Minute)}
	last := access.Usage{Kind: access.UsageLast, Last: at.Add(3 * time.Hour)}
	unseen, unknown := access.Usage{Kind: access.UsageSeen}, access.Usage{Kind: access.UsageNotKnown}
	for name, c := range map[string]struct {
		said   []access.Usage
		grants int
		want   *access.Usage
	}{
		"nothing is closed":      {nil, 0, nil},
		"no target says":         {nil, 2, nil},
		"both unused":            {[]access.Usage{never, never}, 2, &never},
		"one of two says":        {[]access.Usage{never}, 2, nil},
		"one of two is not seen": {[]access.Usage{never, unseen}, 2, nil},
		"one is not known":       {[]access.Usage{unknown, never}, 2, nil},
		"both used": {[]access.Usage{later, some}, 2, &access.Usage{Kind: access.UsageSessions, First: at, Last: at.Add(2 * time.Hour), Sessions: 3,
			For: access.Duration(15 * time.Minute)}},
		"one used, one at some time": {[]access.Usage{some, last}, 2, &access.Usage{Kind: access.UsageSeen, First: at, Last: at.Add(3 * time.Hour), Sessions: 2,
			For: access.Duration(10 * time.Minute)}},
	} {
		require.Equal(t, c.want, joined(c.said, c.grants), name)
	}
}
