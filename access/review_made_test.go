package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReviewMade: what the event about a review says is read back, whatever groups are
// called, and what is damaged is left out.
func TestReviewMade(t *testing.T) {
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	m := ReviewMade{Since: at.Add(-7 * 24 * time.Hour), Until: at, Findings: 4, ByOwner: map[string]int{"team=data & more": 3, "x": 1}, Security: []string{"security", "a,b"}, Digest: "sha256:00"}
	e := m.Event()
	require.Equal(t, m, ReviewMadeOf(e))
	require.Equal(t, []string{"team=data & more", "x"}, m.Owners())
	e.Detail["byOwner"], e.Detail["since"], e.Detail["findings"] = "%zz", "yesterday", "many"
	read := ReviewMadeOf(e)
	require.Empty(t, read.ByOwner)
	require.Zero(t, read.Since)
	require.Zero(t, read.Findings)
	require.Equal(t, m.Security, read.Security)
}
