package api

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestExportIsWhole: what does not fit is refused, since a file that ended early would look
// whole.
func TestExportIsWhole(t *testing.T) {
	search := func(size int) ([]int, error) {
		return all(func(cursor string) ([]int, string, error) {
			n, _ := strconv.Atoi(cursor)
			if n += 1000; n >= size {
				return make([]int, size-n+1000), "", nil
			}
			return make([]int, 1000), strconv.Itoa(n), nil
		})
	}
	for _, size := range []int{0, 1, 1000, 1001, maxExport - 1, maxExport} {
		items, err := search(size)
		require.NoError(t, err, size)
		require.Len(t, items, size)
	}
	_, err := search(maxExport + 1)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, "ramp audit export")
}
