package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	caseRow   = regexp.MustCompile(`(?m)^\| ([0-9]+) \|.*\|$`)
	namedTest = regexp.MustCompile("`([a-z0-9/]+) (?:((?:Test|Fuzz)[A-Za-z0-9]+)|(\"[^\"`]+\"))`")
)

// TestThreatsAreTested: each case is in docs/threats.md once, by its number, with a test
// of its number, the reason why there is none, or the word that it is open, and
// every test that is named there exists.
func TestThreatsAreTested(t *testing.T) {
	b, err := os.ReadFile("../../docs/threats.md")
	require.NoError(t, err)
	sources := map[string]string{}
	for _, m := range namedTest.FindAllStringSubmatch(string(b), -1) {
		dir := m[1]
		if _, read := sources[dir]; !read {
			sources[dir] = goText(t, dir)
		}
		if wanted := "func " + m[2] + "("; m[2] != "" && !strings.Contains(sources[dir], wanted) {
			t.Errorf("there is no %s in %s", m[2], dir)
		}
		if m[3] != "" && !strings.Contains(sources[dir], m[3]) {
			t.Errorf("no test of %s has a part named %s", dir, m[3])
		}
	}
	rows := caseRow.FindAllStringSubmatch(string(b), -1)
	require.GreaterOrEqual(t, len(rows), 105)
	last := 0
	for _, row := range rows {
		n, err := strconv.Atoi(row[1])
		require.NoError(t, err)
		require.Greater(t, n, last, "the cases are in order, each once")
		last = n
		number := fmt.Sprintf("Case%02d", n)
		cells := strings.Split(strings.Trim(row[0], "|"), "|")
		require.Len(t, cells, 4, number)
		tests := namedTest.FindAllString(cells[3], -1)
		reasoned := strings.HasPrefix(strings.TrimSpace(cells[2]), "none: ")
		switch {
		case reasoned && len(tests) == 0:
		case strings.HasPrefix(strings.TrimSpace(cells[2]), "open") && n > 48:
		case len(tests) == 0:
			t.Errorf("%s has neither a test, nor \"none: \" and the reason, nor \"open\"", number)
		case !strings.Contains(strings.Join(tests, " "), number):
			t.Errorf("no test of %s carries its number", number)
		}
	}
}

// goText is all of a package's Go, tests too: a suite's parts are no tests by
// their file's name.
func goText(t *testing.T, dir string) string {
	names, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, names, dir)
	var all strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(b)
	}
	return all.String()
}
