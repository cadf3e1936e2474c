//go:build !lean

package target

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program/programtest"
	"ramp.dev/ramp/internal/ports"
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
	dir := t.TempDir()
	lines, err := begin(dir, language, "billing", false)
	require.NoError(t, err)
	require.Contains(t, lines, "ramp target test --probe './billing/billing probe' -- ./billing/billing")
	return built(t, language, filepath.Join(dir, "billing", "billing"))
}

// served returns a new service of a language: what it runs, and what calls it.
func served(t *testing.T, language string) programtest.Subject {
	dir := t.TempDir()
	lines, err := begin(dir, language, "my-orders", true)
	require.NoError(t, err)
	require.Contains(t, lines, "--secret my-orders.secret --probe './my-orders/my-orders probe'")
	program, secret := built(t, language, filepath.Join(dir, "my-orders", "my-orders")), filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600))
	address := ports.PortForTest(t).Addr()
	service := exec.Command(program, address, secret)
	service.Stderr = os.Stderr
	require.NoError(t, service.Start())
	t.Cleanup(func() {
		require.NoError(t, service.Process.Kill())
		_ = service.Wait()
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "the service listens")
	return programtest.Subject{URL: "http://" + address, Secret: secret, Probe: []string{program, "probe"}}
}

// built builds a program in the directory that it is to be in, and returns its path.
func built(t *testing.T, language, program string) string {
	if language == "go" {
		build := exec.Command("go", "build", "-trimpath", "-o", program, ".") // so that the compiled packages are the same in each directory
		build.Dir = filepath.Dir(program)
		build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return program
}

// tested runs the suite against a program, with its probe.
func tested(t *testing.T, program, only string) programtest.Report {
	return reported(t, programtest.Subject{Command: []string{program}, Probe: []string{program, "probe"}, Only: only})
}

func reported(t *testing.T, s programtest.Subject) programtest.Report {
	own, err := os.Executable()
	require.NoError(t, err)
	r, err := programtest.Run(t.Context(), s, []string{own}, os.Stderr)
	require.NoError(t, err)
	return r
}

// TestNewPasses: what `ramp target new` writes passes `ramp target test` as it stands, and
// every property is tried but those that it says it lacks.
func TestNewPasses(t *testing.T) {
	for _, language := range []string{"python", "go"} {
		t.Run(language, func(t *testing.T) {
			program := begun(t, language)
			t.Parallel() // not before: while a program is being written, no process may begin that inherits the open file
			passes(t, tested(t, program, ""))
		})
		t.Run(language+" service", func(t *testing.T) {
			s := served(t, language)
			t.Parallel()
			passes(t, reported(t, s))
		})
	}
}

func passes(t *testing.T, r programtest.Report) {
	t.Helper()
	for _, f := range r.Findings {
		require.NotEqual(t, programtest.Fail, f.Result, "%s: %q", f.Property, f.Why)
		if f.Result == programtest.Lacks {
			require.NotEmpty(t, f.Why, f.Property)
		}
	}
	require.True(t, r.Passed)
	require.Greater(t, len(r.Findings), 20)
}

// TestNewServiceRefuses: a new service takes no call that nobody signed just now, and none
// twice.
func TestNewServiceRefuses(t *testing.T) {
	for _, language := range []string{"python", "go"} {
		t.Run(language, func(t *testing.T) {
			s := served(t, language)
			key, err := standardwebhooks.NewWebhook("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
			require.NoError(t, err)
			other, err := standardwebhooks.NewWebhook("OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2")
			require.NoError(t, err)
			send := func(by *standardwebhooks.Webhook, id string, at time.Time, body, signed string) int {
				req, err := http.NewRequest(http.MethodPost, s.URL, strings.NewReader(body))
				require.NoError(t, err)
				signature, err := by.Sign(id, at, []byte(signed))
				require.NoError(t, err)
				req.Header.Set("webhook-id", id)
				req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
				req.Header.Set("webhook-signature", signature)
				resp, err := http.DefaultClient.Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				return resp.StatusCode
			}
			const call = `{"ramp": 1, "call": "call_1", "operation": "describe", "deadline": "2999-01-01T00:00:00Z"}`
			now := time.Now()
			require.Equal(t, 401, send(other, "call_1", now, call, call), "another's secret")
			require.Equal(t, 401, send(key, "call_1", now, call, call+" "), "another message")
			require.Equal(t, 401, send(key, "call_1", now.Add(-6*time.Minute), call, call), "an old call")
			require.Equal(t, 401, send(key, "call_1", now.Add(6*time.Minute), call, call), "a call of later")
			require.Equal(t, 200, send(key, "call_1", now, call, call))
			require.Equal(t, 409, send(key, "call_1", now, call, call), "the same call again")
			require.Equal(t, 200, send(key, "call_2", now, call, call))
		})
	}
}

// TestFlawsAreFound: what a program does wrong is named in words, with how to mend it.
func TestFlawsAreFound(t *testing.T) {
	for what, flaw := range map[string]struct{ from, to, property string }{
		"opens again":  {`raise Refused("conflict", "the grant was revoked; it never opens again")`, "pass", "what was revoked never opens again"},
		"blind list":   {`for g in there if g]`, `for g in there if not g]`, "grant opens, inspect and list see it, revoke ends it"},
		"no deadline":  {"if datetime.now(timezone.utc) >= deadline:", "if False:", "a call after its deadline is refused"},
		"any version":  {`if call.get("ramp") != 1:`, "if False:", "a call of another version is refused"},
		"revoke fails": {"    except FileNotFoundError:\n        pass", "    except ZeroDivisionError:\n        pass", "revoking what never was succeeds"},
	} {
		t.Run(what, func(t *testing.T) {
			program := begun(t, "python")
			b, err := os.ReadFile(program)
			require.NoError(t, err)
			require.Contains(t, string(b), flaw.from)
			require.NoError(t, os.WriteFile(program, []byte(strings.ReplaceAll(string(b), flaw.from, flaw.to)), 0o700))
			t.Parallel() // not before, as above
			r := tested(t, program, "core|protocol")
			require.False(t, r.Passed)
			var failed []string
			for _, f := range r.Findings {
				if f.Result == programtest.Fail {
					failed = append(failed, f.Property)
					require.NotEmpty(t, f.Why, f.Property)
				}
			}
			require.Contains(t, failed, flaw.property)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"cobol", "x"}, {"go", "../x"}, {"go", "X"}, {"go", ""}} {
		_, err := begin(dir, args[0], args[1], false)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), args)
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "there"), 0o700))
	_, err := begin(dir, "go", "there", true)
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
