package flags

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPairs(t *testing.T) {
	var p Pairs
	require.Empty(t, p.Params())
	for _, text := range []string{"table=orders", "id=4711", "filter=a=b,c", "empty="} {
		require.NoError(t, p.Set(text))
	}
	require.Equal(t, map[string]any{"table": "orders", "id": "4711", "filter": "a=b,c", "empty": ""}, p.Params(), "a value is text, whatever it looks like")
	require.Equal(t, "empty= filter=a=b,c id=4711 table=orders", p.String())
	require.Error(t, p.Set("table"))
	require.Error(t, p.Set("=orders"))
}

func TestTime(t *testing.T) {
	var at Time
	require.Empty(t, at.String())
	require.NoError(t, at.Set("2026-01-31T14:00:00Z"))
	require.Equal(t, time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC), at.At.UTC())
	require.Error(t, at.Set("tomorrow"))
}
