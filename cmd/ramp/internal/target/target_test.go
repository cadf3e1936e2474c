//go:build !lean

package target

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program/programtest"
)

// TestMain is also the suite's process.
func TestMain(m *testing.M) {
	if os.Getenv(programtest.Variable) != "" {
		programtest.Main()
	}
	os.Exit(m.Run())
}

// begun returns a new program of a language, built.
func begun(t *testing.T, language string) string {
	t.Chdir(t.TempDir())
	lines, err := begin(language, "billing")
	require.NoError(t, err)
	require.Contains(t, lines, "ramp target test --probe './billing/billing probe' -- ./billing/billing")
	if language == "go" {
		build := exec.Command("go", "build", "-o", "billing", ".")
		build.Dir = "billing"
		build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	program, err := filepath.Abs("billing/billing")
	require.NoError(t, err)
	return program
}

// tested runs the suite against a program, with its probe.
func tested(t *testing.T, program, only string) programtest.Report {
	own, err := os.Executable()
	require.NoError(t, err)
	r, err := programtest.Run(t.Context(), programtest.Subject{Command: []string{program}, Probe: []string{program, "probe"}, Only: only}, []string{own}, os.Stderr)
	require.NoError(t, err)
	return r
}

// TestNewPasses: what `ramp target new` writes passes `ramp target test` as it stands, and
// every property is tried but those that it says it lacks.
func TestNewPasses(t *testing.T) {
	for _, language := range []string{"python", "go"} {
		t.Run(language, func(t *testing.T) {
			r := tested(t, begun(t, language), "")
			for _, f := range r.Findings {
				require.NotEqual(t, programtest.Fail, f.Result, "%s: %q", f.Property, f.Why)
				if f.Result == programtest.Lacks {
					require.NotEmpty(t, f.Why, f.Property)
				}
			}
			require.True(t, r.Passed)
			require.Greater(t, len(r.Findings), 20)
		})
	}
}

// TestFlawsAreFound: what a program does wrong is named in words, with how to mend it.
func TestFlawsAreFound(t *testing.T) {
	program := begun(t, "python")
	b, err := os.ReadFile(program)
	require.NoError(t, err)
	for what, flaw := range map[string]struct{ from, to, property string }{
		"opens again":  {`raise Refused("conflict", "the grant was revoked; it never opens again")`, "pass", "what was revoked never opens again"},
		"blind list":   {`for g in there if g]`, `for g in there if not g]`, "grant opens, inspect and list see it, revoke ends it"},
		"no deadline":  {"if datetime.now(timezone.utc) >= deadline:", "if False:", "a call after its deadline is refused"},
		"any version":  {`if call.get("ramp") != 1:`, "if False:", "a call of another version is refused"},
		"revoke fails": {"    except FileNotFoundError:\n        pass", "    except ZeroDivisionError:\n        pass", "revoking what never was succeeds"},
	} {
		require.Contains(t, string(b), flaw.from, what)
		require.NoError(t, os.WriteFile(program, []byte(strings.ReplaceAll(string(b), flaw.from, flaw.to)), 0o700))
		require.NoError(t, os.RemoveAll(filepath.Join(filepath.Dir(program), "access")))
		r := tested(t, program, "core|protocol")
		require.False(t, r.Passed, what)
		var failed []string
		for _, f := range r.Findings {
			if f.Result == programtest.Fail {
				failed = append(failed, f.Property)
				require.NotEmpty(t, f.Why, "%s: %s", what, f.Property)
			}
		}
		require.Contains(t, failed, flaw.property, what)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"cobol", "x"}, {"go", "../x"}, {"go", "X"}, {"go", ""}} {
		_, err := begin(args[0], args[1])
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), args)
	}
	require.NoError(t, os.Mkdir("there", 0o700))
	_, err := begin("go", "there")
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
}

func TestSubject(t *testing.T) {
	for _, s := range []subjectFlags{{}, {url: "https://example.com"}, {url: "http://example.com", secret: "x"}} {
		_, err := s.caller(nil)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), s)
	}
	_, err := (&subjectFlags{url: "https://example.com", secret: "x"}).caller([]string{"/bin/true"})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
