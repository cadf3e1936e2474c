package contracts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDiffHidesNothing: a request that was refused for two reasons is listed beside others
// unless each of its reasons is listed by itself.
func TestDiffHidesNothing(t *testing.T) {
	gathered := func(reasons ...[]string) (out []int) {
		found := map[string]*difference{}
		for _, r := range reasons {
			d := &difference{Change: Change{Kind: "possible", After: "by 1 of x", Times: 1}, open: "by 1 of x", reasons: r}
			found[d.key()] = d
		}
		for _, c := range oneEach(found) {
			out = append(out, c.Times)
		}
		return out
	}
	require.Equal(t, []int{2, 2}, gathered([]string{"a"}, []string{"b"}, []string{"a", "b"}), "counted with both")
	require.Equal(t, []int{1, 1}, gathered([]string{"a"}, []string{"a", "b"}), "that b is no longer a reason, nothing else shows")
	require.Equal(t, []int{1}, gathered([]string{"a", "b"}))
	require.Equal(t, []int{2, 2}, gathered([]string{"a", "b"}, []string{"b", "c"}, []string{"a", "b", "c"}))
}
