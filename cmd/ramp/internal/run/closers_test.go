package run

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClosers(t *testing.T) {
	var closed []int
	var on Closers
	for i := range 3 {
		on.Add(func() { closed = append(closed, i) })
	}
	on.Close()
	on.Close()
	require.Equal(t, []int{2, 1, 0}, closed, "the latest first, each once")
}
