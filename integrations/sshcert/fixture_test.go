package sshcert

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/integrations/targettest"
)

// faultyDisk is a disk that fails from call n on, or that loses call n's reply.
type faultyDisk struct {
	hostfiles.OS
	fault targettest.Fault
	n     int32
	calls atomic.Int32
}

var errDisk = errors.New("input/output error")

// strike runs one call, unless it fails, and returns its error.
func (d *faultyDisk) strike(call func() error) error {
	k := d.calls.Add(1)
	switch {
	case d.fault == targettest.LostReply && k == d.n:
		return errors.Join(call(), errDisk)
	case d.fault == targettest.Unavailable && k >= d.n:
		return errDisk
	}
	return call()
}

func (d *faultyDisk) Read(path string) (b []byte, err error) {
	err = d.strike(func() error { b, err = d.OS.Read(path); return err })
	return b, err
}

func (d *faultyDisk) Names(dir string) (names []string, err error) {
	err = d.strike(func() error { names, err = d.OS.Names(dir); return err })
	return names, err
}

func (d *faultyDisk) Replace(path string, content []byte, perm os.FileMode) error {
	return d.strike(func() error { return d.OS.Replace(path, content, perm) })
}

func (d *faultyDisk) Remove(path string) error {
	return d.strike(func() error { return d.OS.Remove(path) })
}

// harness returns what both kinds of host have in common: all but the client.
func harness(c Config, user string) targettest.Harness {
	return targettest.Harness{
		Open: func(t *testing.T) integrations.Target {
			target, err := c.Open(context.Background(), "ssh/demo")
			require.NoError(t, err)
			return target
		},
		Target: "ssh/demo", Principal: "alice",
		Entitlement: access.Entitlement{"user": user},
		Other:       access.Entitlement{"user": user, "sourceAddress": "10.0.0.0/8"},
		Invalid: map[string]access.Entitlement{
			"no user":            {"sourceAddress": "10.0.0.0/8"},
			"user not allowed":   {"user": "nobody"},
			"user is a path":     {"user": "../" + user},
			"user with a break":  {"user": user + "\n" + user},
			"user is no text":    {"user": 7},
			"user empty":         {"user": ""},
			"no block":           {"user": user, "sourceAddress": "anywhere"},
			"address, no block":  {"user": user, "sourceAddress": "10.0.0.1"},
			"block says less":    {"user": user, "sourceAddress": "10.1.2.3/8"},
			"mapped block":       {"user": user, "sourceAddress": "::ffff:10.0.0.0/104"},
			"block with options": {"user": user, "sourceAddress": `10.0.0.0/8",command="x`},
			"command with break": {"user": user, "command": "a\n" + user},
			"command with hash":  {"user": user, "command": "a # b"},
			"command ends badly": {"user": user, "command": `a\`},
			"command too long":   {"user": user, "command": strings.Repeat("x", maxCommand+1)},
		},
		ListNames: func(context.Context) ([]string, error) { return marked(string(c.Dir)) },
		Remove:    func(_ context.Context, name string) error { return removeByHand(string(c.Dir), user, name) },
		Widen:     widen(string(c.Dir), user),
		Usage:     access.UsageSessions,
		Foreign:   func(t *testing.T) func(context.Context) error { return foreign(t, string(c.Dir), user) },
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			target, err := c.open(context.Background(), "ssh/demo", &faultyDisk{fault: fault, n: int32(n)})
			require.NoError(t, err)
			return target
		},
		Lacks: targettest.Lacks{
			Throttled:   "a directory on this machine limits nobody's rate",
			NotFoundYet: "files are read as they were written last",
		},
	}
}

// marked returns the grants' names in the two directories that hold what grants
// are made of. It reads them without the code under test.
func marked(dir string) (names []string, err error) {
	for _, sub := range []string{"principals", "issued"} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, sub, f.Name()))
			if err != nil {
				return nil, err
			}
			for _, word := range append(strings.Fields(string(b)), f.Name()) {
				if _, ok := access.RequestIDFromGrantName(word); ok {
					names = append(names, word)
				}
			}
		}
	}
	return names, nil
}

func removeByHand(dir, user, name string) error {
	path := filepath.Join(dir, "principals", user)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept []byte
	for line := range bytes.Lines(b) {
		if !bytes.Contains(line, []byte(name)) {
			kept = append(kept, line...)
		}
	}
	if err := os.WriteFile(path, kept, 0o644); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, "issued", name)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// widen edits the grant's line, or adds another, as an administrator of the host would.
func widen(dir, user string) map[string]func(context.Context, access.Grant) error {
	edit := func(login string, change func(all, name string) string) func(context.Context, access.Grant) error {
		return func(_ context.Context, g access.Grant) error {
			path := filepath.Join(dir, "principals", login)
			b, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return os.WriteFile(path, []byte(change(string(b), g.Name)), 0o644)
		}
	}
	line := func(change func(line, name string) string) func(all, name string) string {
		return func(all, name string) (out string) {
			for l := range strings.Lines(all) {
				if strings.Contains(l, name) {
					l = change(l, name)
				}
				out += l
			}
			return out
		}
	}
	return map[string]func(context.Context, access.Grant) error{
		"until later": edit(user, line(func(l, _ string) string {
			return regexp.MustCompile(`expiry-time="[0-9]+Z"`).ReplaceAllString(l, `expiry-time="20991231235959Z"`)
		})),
		"for ever": edit(user, line(func(_, name string) string {
			return `environment="RAMP_GRANT=` + name + `" ` + name + "\n"
		})),
		"no options":        edit(user, line(func(_, name string) string { return name + "\n" })),
		"an option unknown": edit(user, line(func(l, _ string) string { return "agent-forwarding," + l })),
		"a second line":     edit(user, func(all, name string) string { return all + name + "\n" }),
		"another login":     edit("root2", func(all, name string) string { return all + name + "\n" }),
	}
}

// foreign adds lines of other people's next to Ramp's.
func foreign(t *testing.T, dir, user string) func(context.Context) error {
	hand := "# by hand: do not lose\nalice\n\t" + `from="10.0.0.0/8",no-pty ramp-build` + "\nramp-0123456789abcdef-z\n"
	files := map[string]string{
		filepath.Join(dir, "principals", user):    hand,
		filepath.Join(dir, "principals", "other"): "ramp\nRAMP-0123456789abcdef-a",
		filepath.Join(dir, "revoked_keys"):        "# by hand\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUO0ezOpRtzEIU5L0E5F0wvUT4nk2nwDp8Jf5Rm2p6i ramp-build\n",
		filepath.Join(dir, "issued", "README"):    "hello\n",
	}
	for path, text := range files {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return func(context.Context) error {
		for path, text := range files {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !strings.HasPrefix(string(b), text) {
				return access.Errorf(access.CodeInternal, "%s is now %q", filepath.Base(path), b)
			}
		}
		return nil
	}
}

// place writes a credential's files into a directory, as a client does.
func place(dir string, c access.Credential) error {
	for name, content := range c.Files {
		content = strings.ReplaceAll(content, "{{dir}}", dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// shortTemp returns a directory with a path short enough for a socket in it.
func shortTemp(t *testing.T) string {
	dir, err := os.MkdirTemp("", "ramp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
