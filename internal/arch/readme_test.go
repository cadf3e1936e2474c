package arch

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmeNamesEachFolder: the map in README.md has every folder below the
// root, and no other.
func TestReadmeNamesEachFolder(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(b), "| folder | what |\n")
	require.True(t, found, "README.md has no map of folders")
	table, _, _ = strings.Cut(table, "\n\n")
	named := map[string]bool{}
	for row := range strings.Lines(table) {
		folders, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for _, name := range strings.Split(folders, ",") {
			named[strings.Trim(name, " `")] = true
		}
	}
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	require.NoError(t, err)
	there := map[string]bool{}
	for name := range strings.Lines(string(out)) {
		if folder, _, below := strings.Cut(name, "/"); below && !strings.HasPrefix(folder, ".") {
			there[folder] = true
		}
	}
	for folder := range there {
		if !named[folder] {
			t.Errorf("README.md's map has no row for %s", folder)
		}
	}
	for folder := range named {
		if !there[folder] && folder != "---" {
			t.Errorf("README.md's map has a row for %s, which is not there", folder)
		}
	}
}
