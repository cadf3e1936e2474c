package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// mutant is one defence and how to remove it.
type mutant struct {
	name     string // the defence, removed, in words
	file     string
	old, new string   // old occurs once in the file
	tests    []string // arguments of go test, one line for each run, in order of their cost
}

// source is the file without the defence.
func (m mutant) source(root string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(b, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("%s has the defence %d times, not once: the mutant must follow the source", m.file, n)
	}
	return bytes.Replace(b, []byte(m.old), []byte(m.new), 1), nil
}

// limit bounds one run of go test, its compiling too; the tests themselves have three
// minutes (-timeout).
const limit = 10 * time.Minute

// run returns the first test that fails without the defence.
func (m mutant) run() (killer string, err error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	b, err := m.source(root)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "ramp-mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	changed := filepath.Join(dir, filepath.Base(m.file))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, m.file): changed}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(changed, b, 0o600), os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600)); err != nil {
		return "", err
	}
	for _, t := range m.tests {
		args := append([]string{"test", "-overlay", filepath.Join(dir, "overlay.json"), "-vet=off", "-count=1", "-timeout=3m"}, strings.Fields(t)...)
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", args...) // #nosec G204 -- for those who work on Ramp
		// What the tests started goes with them, and holds nothing open.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		cmd.WaitDelay = 5 * time.Second
		// A counterexample is wanted soon, not short, and not in the next run.
		cmd.Env = append(os.Environ(), "RAPID_NOFAILFILE=true", "RAPID_SHRINKTIME=1s")
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("go test %s was not through within %s", t, limit)
		}
		if failed := failure(out); failed != "" {
			return "`" + strings.Fields(t)[0] + "` " + failed, nil
		}
		return "", fmt.Errorf("go test %s did not run: %s", t, bytes.TrimSpace(out[max(0, len(out)-400):]))
	}
	return "", fmt.Errorf("no test of %s failed", strings.Join(m.tests, ", "))
}

var (
	failLine = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	hungLine = regexp.MustCompile(`(?m)^panic: test timed out after .*\n\s*running tests:\n\s+(\S+)`)
)

// failure is the innermost test that failed first; "" if none did, which is what
// a mutant that does not compile looks like.
func failure(out []byte) string {
	name := ""
	for _, f := range failLine.FindAllSubmatch(out, -1) {
		if next := string(f[1]); name == "" || strings.HasPrefix(next, name+"/") {
			name = next
		}
	}
	if hung := hungLine.FindSubmatch(out); name == "" && hung != nil {
		return string(hung[1]) + ", which never ends"
	}
	return name
}
