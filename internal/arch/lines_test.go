package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLinesOfTargets: the page of targets says about how much code each of them is.
func TestLinesOfTargets(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "targets", "README.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## How much code it is\n")
	require.True(t, found)
	said := regexp.MustCompile("`([a-z/]+)` ([0-9,]+)").FindAllStringSubmatch(section, -1)
	require.Greater(t, len(said), 15)
	for _, one := range said {
		says, err := strconv.Atoi(strings.ReplaceAll(one[2], ",", ""))
		require.NoError(t, err)
		is := linesOf(t, filepath.Join("..", "..", "integrations", one[1]))
		require.Positive(t, is, "integrations/%s is gone", one[1])
		require.InDelta(t, is, says, max(150, float64(is)/4), "docs/targets/README.md says that integrations/%s has %d lines of code", one[1], says)
	}
}

// linesOf counts a package's lines of code, without comments, blank lines and tests.
func linesOf(t *testing.T, dir string) (n int) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				n++
			}
		}
	}
	return n
}
