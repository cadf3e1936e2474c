package plaintext

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCount: one thing, and none or several.
func TestCount(t *testing.T) {
	require.Equal(t, []string{"0 events", "1 event", "12 events"}, []string{Count(0, "event"), Count(1, "event"), Count(12, "event")})
}
