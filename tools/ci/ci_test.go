package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/gittest"
)

// ramp builds the command line and returns a PATH on which it is.
func ramp(t *testing.T) string {
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-tags", "lean", "-o", filepath.Join(dir, "ramp"), "ramp.dev/ramp/cmd/ramp").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir + ":" + os.Getenv("PATH")
}

// author is a repository of contracts, with a bare one behind it as origin.
type author struct {
	*testing.T
	dir, path, summary string
}

func newAuthor(t *testing.T, path string) author {
	a := author{t, filepath.Join(t.TempDir(), "repo"), path, filepath.Join(t.TempDir(), "summary")}
	require.NoError(t, os.MkdirAll(filepath.Join(a.dir, "contracts"), 0o700))
	for _, name := range []string{"again.yaml", "again_test.yaml"} {
		b, err := os.ReadFile(filepath.Join("../../contracts/examples/patterns", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, "contracts", name), b, 0o600))
	}
	origin := a.dir + ".git"
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "first"}, {"clone", "-q", "--bare", ".", origin}, {"remote", "add", "origin", origin}} {
		a.must("git", args...)
	}
	return a
}

func (a author) run(env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = a.dir
	cmd.Env = append(append(gittest.Environ(), "PATH="+a.path, "GITHUB_STEP_SUMMARY="+a.summary), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (a author) must(name string, args ...string) {
	a.Helper()
	out, err := a.run(nil, name, args...)
	require.NoError(a, err, out)
}

// edit replaces words in the contract.
func (a author) edit(old, with string) {
	a.Helper()
	path := filepath.Join(a.dir, "contracts", "again.yaml")
	b, err := os.ReadFile(path)
	require.NoError(a, err)
	require.Contains(a, string(b), old)
	require.NoError(a, os.WriteFile(path, []byte(strings.Replace(string(b), old, with, 1)), 0o600))
}

// action is what GitHub reads of a composite action.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Using string
		Steps []struct {
			Name, Shell, Run, If string
			Env                  map[string]string
		}
	}
}

// input is an expression of GitHub's that stands for an input.
var input = regexp.MustCompile(`\$\{\{ inputs\.([a-z]+) \}\}`)

// runAction runs the steps of the action as a runner does: each a script in
// `bash --noprofile --norc -eo pipefail`, with inputs filled into its environment. It
// returns the step that failed, if one did.
func (a author) runAction(with map[string]string) (failed, said string) {
	b, err := os.ReadFile("contracts/action.yml")
	require.NoError(a, err)
	var read action
	require.NoError(a, yaml.Unmarshal(b, &read))
	require.Equal(a, "composite", read.Runs.Using)
	value := func(name string) string {
		if v, given := with[name]; given {
			return v
		}
		declared, known := read.Inputs[name]
		require.True(a, known, name)
		return declared.Default
	}
	for _, step := range read.Runs.Steps {
		require.Equal(a, "bash", step.Shell)
		if step.If != "" {
			require.Equal(a, "inputs.base != ''", step.If)
			if value("base") == "" {
				continue
			}
		}
		var env []string
		for k, v := range step.Env {
			env = append(env, k+"="+input.ReplaceAllStringFunc(v, func(m string) string { return value(input.FindStringSubmatch(m)[1]) }))
		}
		require.NotContains(a, step.Run, "${{", "what an input says is never a part of a script")
		script := filepath.Join(a.TempDir(), "step.sh")
		require.NoError(a, os.WriteFile(script, []byte(step.Run), 0o600))
		out, err := a.run(env, "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		said += out
		if err != nil {
			return step.Name, said
		}
	}
	return "", said
}

// TestAction: the action passes on good contracts, stops at each kind of mistake, and
// writes into the summary what a change decides differently.
func TestAction(t *testing.T) {
	path := ramp(t)
	a := newAuthor(t, path)
	failed, said := a.runAction(map[string]string{"base": "main", "strict": "true"})
	require.Empty(t, failed, said)
	summary, err := os.ReadFile(a.summary)
	require.NoError(t, err)
	require.Contains(t, string(summary), "Nothing is decided differently.")

	a.edit(`"engineering" in person.groups`, `("engineering" in person.groups || "sales" in person.groups)`)
	failed, said = a.runAction(map[string]string{"base": "main"})
	require.Empty(t, failed, said)
	summary, err = os.ReadFile(a.summary)
	require.NoError(t, err)
	require.Contains(t, string(summary), "BECOMES POSSIBLE")

	for want, edit := range map[string][2]string{"lint": {"kind: Contract", "kind: Contrakt"}, "layout": {"kind: Contract", "kind:   Contract"}, "test": {"engineering", "nobody-at-all"}} {
		a := newAuthor(t, path)
		a.edit(edit[0], edit[1])
		failed, said := a.runAction(nil)
		require.Equal(t, want, failed, said)
	}
	failed, said = a.runAction(map[string]string{"directory": "$(touch broken-out); echo"})
	require.Equal(t, "lint", failed, said)
	require.NoFileExists(t, filepath.Join(a.dir, "broken-out"))
}

// TestHooks runs the hooks as pre-commit does: the entry with its arguments, from the
// repository's root, without the names of files.
func TestHooks(t *testing.T) {
	b, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	require.NoError(t, err)
	var hooks []struct {
		ID, Entry, Language, Files string
		Args                       []string
		PassFilenames              bool `yaml:"pass_filenames"`
	}
	require.NoError(t, yaml.Unmarshal(b, &hooks))
	require.Len(t, hooks, 3)
	path := ramp(t)
	a := newAuthor(t, path)
	wrong := newAuthor(t, path)
	wrong.edit("kind: Contract", "kind: Contrakt")
	for _, h := range hooks {
		require.Equal(t, "system", h.Language)
		require.False(t, h.PassFilenames)
		require.Regexp(t, h.Files, "contracts/again.yaml")
		command := append(strings.Fields(h.Entry), h.Args...)
		out, err := a.run(nil, "env", command...) // which looks for ramp on that path
		require.NoError(t, err, "%s: %s", h.ID, out)
		if _, err := wrong.run(nil, "env", command...); !strings.HasSuffix(h.ID, "fmt") {
			require.Error(t, err, h.ID)
		}
	}
}
