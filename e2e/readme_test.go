package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmesWalkThrough runs the commands of README.md, as they stand there,
// against `ramp dev`, in a shell whose input is a person at the demo host.
func TestReadmesWalkThrough(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh walk-through\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block, "README.md has no walk-through")
	commands := strings.Split(strings.TrimSpace(string(block[1])), "\n")
	require.Len(t, commands, 5)

	in := install(t)
	p := in.start(nil, "dev").ready()
	welcome := strings.ReplaceAll(p.out.tail(8000), binary, "bin/ramp")
	welcome = strings.ReplaceAll(welcome, " --dir "+in.dir, "")
	for _, c := range commands {
		require.Contains(t, welcome, "  "+c+"\n", "`ramp dev` prints another walk-through than README.md")
	}

	place := t.TempDir() // where the commands are typed: bin/ramp and .ramp are here
	require.NoError(t, os.Mkdir(filepath.Join(place, "bin"), 0o755))
	require.NoError(t, os.Symlink(binary, filepath.Join(place, "bin", "ramp")))
	require.NoError(t, os.Symlink(in.dir, filepath.Join(place, ".ramp")))
	shell := exec.Command("bash", "-euc", string(block[1]))
	shell.Dir = place
	shell.Env = append(os.Environ(), "RAMP_SERVER="+in.url(), "XDG_CONFIG_HOME="+filepath.Join(place, "config"), "RAMP_TOKEN=", "NO_COLOR=1")
	shell.Stdin = strings.NewReader("whoami\nexit\n")
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `(?m)^demo\r?$`, string(out), "whoami on the demo host")
	require.Regexp(t, `ssh-demo`, string(out))
	require.Contains(t, string(out), "Open since", "the last line shows the request")
}
