package worker

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestListsAreDocumented: the page on contracts has every list that a target of this build
// has, and no other.
func TestListsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	table := regexp.MustCompile("(?s)\\| kind \\| `list` \\| values \\|\n(.*?)\n\n").FindSubmatch(page)
	require.NotNil(t, table)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\|[^|]*\\| `([a-z-]+)` \\|").FindAllSubmatch(table[1], -1) {
		documented = append(documented, string(row[1]))
	}
	slices.Sort(documented)
	documented = slices.Compact(documented) // two kinds may each have roles
	require.Equal(t, documented, Lists())
	for kind := range integrationKinds() {
		one := NewTargetConfig(kind, integrationKinds()[kind].empty)
		for _, list := range one.Lists() {
			require.Contains(t, documented, list, kind)
		}
	}
}
