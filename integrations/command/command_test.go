package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

const description = `{"ramp":1,"name":"orders","fields":[{"name":"what","required":true,"pattern":"[a-z]+"}],"summary":"Read {what}","ends":"never","endsByItself":false}`

// script returns the configuration of a program that is written in sh, and its directory.
func script(t *testing.T, text string) (Config, string) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "description.json"), []byte(description), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program"), []byte("dir="+dir+"\n"+text), 0o700))
	return Config{Command: []string{"/bin/sh", filepath.Join(dir, "program")}, Description: field.File(filepath.Join(dir, "description.json"))}, dir
}

func opened(t *testing.T, c Config) *integrations.Guarded {
	target, err := c.Open(t.Context(), "exec/orders")
	require.NoError(t, err)
	return integrations.Guard(target)
}

func grant() access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Principal: "alice", Entitlement: access.Entitlement{"what": "orders"}, ExpiresAt: time.Now().Add(time.Hour)}
}

// replies replies to every call with the call's id and what is given.
func replies(with string) string {
	return `call=$(sed 's/.*"call":"\([^"]*\)".*/\1/'); printf '{"ramp":1,"call":"%s",` + with + `}' "$call"` + "\n"
}

// TestCase133Hangs: a program that hangs, and what it started, ends at the deadline, and
// nothing that it has not said is taken for an ending.
func TestCase133Hangs(t *testing.T) {
	// The child holds the output open, and is another process of the group.
	c, dir := script(t, `sh -c 'echo $$ >"$0/child"; sleep 3600' "$dir" & wait`)
	c.Timeout = access.Duration(2 * time.Second)
	_, err := opened(t, c).Inspect(t.Context(), grant())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "killed")
	b, err := os.ReadFile(filepath.Join(dir, "child"))
	if os.IsNotExist(err) {
		return // it was killed before it had started its child
	}
	require.NoError(t, err)
	var pid int
	if n, _ := fmt.Sscan(string(b), &pid); n == 0 {
		return
	}
	require.Eventually(t, func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(state), ") Z ") || syscall.Kill(pid, 0) != nil
	}, time.Minute, 10*time.Millisecond, "the program's child lives on")
}

// TestCase133Lies: what is no reply of the protocol proves nothing, and no code of the
// program's keeps an ending from being tried again.
func TestCase133Lies(t *testing.T) {
	for what, text := range map[string]string{
		"nothing":         "exit 0",
		"fails":           "exit 3",
		"no JSON":         "echo gone",
		"two objects":     replies(`"open":false,"done":true`) + "echo '{}'",
		"another's call":  `echo '{"ramp":1,"call":"call_X","open":false,"done":true}'`,
		"another version": strings.Replace(replies(`"open":false,"done":true`), `"ramp":1`, `"ramp":2`, 1),
		"does not say":    replies(`"x":1`),
		"both at once":    replies(`"done":false,"open":null`),
		"fails at last":   replies(`"open":false,"done":true`) + "exit 1",
		"much":            "yes | head -c 5000000",
	} {
		c, _ := script(t, text)
		target := opened(t, c)
		_, err := target.Inspect(t.Context(), grant())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%s: inspect: %v", what, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(t.Context(), grant())), "%s: revoke", what)
		require.Error(t, target.Grant(t.Context(), grant()), what)
	}
	for code, want := range map[access.Code]access.Code{"invalid": access.CodeInternal, "not_found": access.CodeInternal, "evidence": access.CodeInternal, "": access.CodeInternal,
		"forbidden": access.CodeForbidden, "throttled": access.CodeThrottled, "conflict": access.CodeConflict} {
		c, _ := script(t, replies(`"error":{"code":"`+string(code)+`","message":"no\\u202e\\nBcc: x","retryAfterSeconds":99999999}`))
		err := opened(t, c).Revoke(t.Context(), grant())
		require.Equal(t, want, access.CodeOf(err), "%q: %v", code, err)
		require.Contains(t, err.Error(), "no Bcc: x")
		require.LessOrEqual(t, access.RetryAfterOf(err), time.Hour)
	}
}

// TestEnvironment: the program has what the configuration says and nothing of the worker's,
// no shell reads its arguments, and what it writes to the log is lines that show.
func TestEnvironment(t *testing.T) {
	t.Setenv("WORKERS_OWN", "hunter2")
	t.Setenv("OTHER", "of the program")
	c, dir := script(t, `env >"$dir/env"; printf '%s' "$1" >"$dir/argument"; printf 'one\033[2J\ntwo' >&2;`+replies(`"open":true`))
	c.Command = append(c.Command, "$(touch x); *")
	c.Environment = map[string]field.Secret{"TOKEN": field.SecretEnv("OTHER")}
	var log bytes.Buffer
	logrus.SetOutput(&log)
	defer logrus.SetOutput(os.Stderr)
	found, err := opened(t, c).Inspect(t.Context(), grant())
	require.NoError(t, err)
	require.True(t, found.Open)
	b, err := os.ReadFile(filepath.Join(dir, "env"))
	require.NoError(t, err)
	require.NotContains(t, string(b), "hunter2")
	require.Contains(t, string(b), "TOKEN=of the program\n")
	b, err = os.ReadFile(filepath.Join(dir, "argument"))
	require.NoError(t, err)
	require.Equal(t, "$(touch x); *", string(b))
	require.Contains(t, log.String(), "one [2J")
	require.Contains(t, log.String(), "two")
}

func TestConfig(t *testing.T) {
	issues := Config{Command: []string{"program"}, Timeout: access.Duration(time.Hour), Parallel: -1, Environment: map[string]field.Secret{"LD_PRELOAD": field.SecretEnv("X"), "PATH": field.SecretEnv("X")}}.Validate("exec/x")
	require.Len(t, issues, 6, "%v", issues)
	c, dir := script(t, "exit 0")
	program := filepath.Join(dir, "program")
	c.Command = []string{program}
	for mode, want := range map[os.FileMode]access.Code{0o722: access.CodeInvalid, 0o770: access.CodeInvalid, 0o600: access.CodeInvalid} {
		require.NoError(t, os.Chmod(program, mode))
		_, err := c.Open(t.Context(), "exec/x")
		require.Equal(t, want, access.CodeOf(err), "%o: %v", mode, err)
	}
	c.Command = []string{filepath.Join(dir, "none")}
	_, err := c.Open(t.Context(), "exec/x")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// TestDescriptionIsTheConfigurations: a program that says something else of itself than what
// somebody has read is not believed, and readiness says so.
func TestDescriptionIsTheConfigurations(t *testing.T) {
	c, _ := script(t, replies(`"description":`+strings.Replace(description, `[a-z]+`, `.+`, 1)))
	target := opened(t, c)
	err := target.Ping(t.Context())
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	_, err = target.Resolve(t.Context(), access.Entitlement{"what": "ANYTHING"})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	c, _ = script(t, replies(`"description":`+description))
	require.NoError(t, opened(t, c).Ping(t.Context()))
}
