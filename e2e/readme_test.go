package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

	shell := in.shell(string(block[1]))
	shell.Stdin = strings.NewReader("whoami\nexit\n")
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `(?m)^demo\r?$`, string(out), "whoami on the demo host")
	require.Regexp(t, `ssh-demo`, string(out))
	require.Contains(t, string(out), "Open since", "the last line shows the request")
}

// shell is bash with commands of README.md, in a directory where bin/ramp and .ramp are.
func (in *installation) shell(commands string) *exec.Cmd {
	in.Helper()
	place := in.TempDir()
	require.NoError(in, os.Mkdir(filepath.Join(place, "bin"), 0o755))
	require.NoError(in, os.Symlink(binary, filepath.Join(place, "bin", "ramp")))
	require.NoError(in, os.Symlink(in.dir, filepath.Join(place, ".ramp")))
	shell := exec.Command("bash", "-euc", commands)
	shell.Dir = place
	shell.Env = append(os.Environ(), "RAMP_SERVER="+in.url(), "XDG_CONFIG_HOME="+filepath.Join(place, "config"), "RAMP_TOKEN=", "NO_COLOR=1")
	return shell
}

// TestReadmesProposal runs the commands of README.md that change a contract by a proposal,
// until it is in force.
func TestReadmesProposal(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh proposal\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block, "README.md has no proposal")
	in := install(t)
	in.start(nil, "dev", "--proposals").ready()
	alice := in.as("alice")
	in.eventually(time.Minute, "the worker serves its target", func() bool {
		status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", map[string]any{"contract": "ssh-demo", "reason": "is everything there?"})
		return err == nil && status == http.StatusOK
	})
	shell := in.shell(string(block[1]))
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, said := range []string{"longest access (duration.max): 2h → 3h", "must be approved by 1 of approvers", "Still needed: stage owner approvers"} {
		require.Contains(t, string(out), said)
	}
	require.NotContains(t, string(out), "Warning:", "each owner of the examples is a group that somebody is in")
	var now struct{ Revision struct{ Number int } }
	in.eventually(time.Minute, "the contracts are in force", func() bool {
		return alice.call("GET", "/api/v1/contracts", nil, &now) == http.StatusOK && now.Revision.Number == 2
	})
	require.Equal(t, http.StatusCreated, alice.call("POST", "/api/v1/requests", map[string]any{"contract": "ssh-demo", "duration": "3h",
		"reason": "the release of the billing service takes longer than two hours tonight, as agreed in the incident channel"}, nil))
}
