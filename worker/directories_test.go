package worker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/terraform"
)

// TestTargetsShareNoDirectory: two targets that keep their files in one place are a mistake in
// the configuration, however its path is written.
func TestTargetsShareNoDirectory(t *testing.T) {
	shared := func(one, other terraform.Config) (out []access.Issue) {
		c := Config{Targets: map[string]TargetConfig{"terraform/a": NewTargetConfig("terraform", one), "terraform/b": NewTargetConfig("terraform", other)}}
		for _, is := range c.Validate() {
			if is.Code == "directory_shared" {
				out = append(out, is)
			}
		}
		return out
	}
	at := func(directory string) terraform.Config {
		return terraform.Config{Directory: field.File(directory), Runtime: "/run/shared"}
	}
	require.Empty(t, shared(at("/state/a"), at("/state/b")))
	require.Equal(t, []access.Issue{{Code: "directory_shared", Field: "worker.targets.terraform/b.directory", Message: "terraform/a has its files in /state/a: give each target a directory of its own"}},
		shared(at("/state/a"), at("/state/../state/a/")))

	// Also where the path leads by links, and where it is made later.
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	require.NoError(t, os.Symlink("state", filepath.Join(dir, "link")))
	state, link := filepath.Join(dir, "state"), filepath.Join(dir, "link")
	require.Len(t, shared(at(state), at(link)), 1)
	require.Len(t, shared(at(state+"/a/b"), at(link+"/a/b")), 1)
	require.Empty(t, shared(at(state+"/a"), at(link+"/b")))
	require.Empty(t, shared(at(state), at(link+"/b")))
}
