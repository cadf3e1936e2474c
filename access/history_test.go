package access_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// TestAUseIsReadBack: a history is part of the signed evaluation, and access is never
// open for a whole number of seconds. A pack with what cannot be read back proves
// nothing.
func TestAUseIsReadBack(t *testing.T) {
	opened := time.Date(2026, 11, 26, 2, 28, 39, 123_456_000, time.UTC)
	for open, length := range map[time.Duration]access.Duration{
		1406228 * time.Microsecond: access.Duration(2 * time.Second), time.Second: access.Duration(time.Second), 0: 0,
	} {
		ended := opened.Add(open)
		u := access.UseOf(access.Request{State: access.StateEnded, ActiveAt: &opened, EndedAt: &ended})
		require.Equal(t, length, u.Length)
		b, err := json.Marshal(u)
		require.NoError(t, err)
		var again access.Use
		require.NoError(t, strictjson.Unmarshal(b, &again))
		require.Equal(t, u, again)
	}
}
