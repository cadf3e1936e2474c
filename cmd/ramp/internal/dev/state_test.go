//go:build !lean

package dev

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/ports"
)

// execute runs `ramp dev` with arguments under which it cannot start.
func execute(t *testing.T, args ...string) error {
	t.Helper()
	c := Command()
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetArgs(args)
	c.SetOut(io.Discard)
	return c.ExecuteContext(t.Context())
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().String()
	flags := []string{"--listen", "--temporal", "--temporal-ui", "--idp", "--ssh", "--postgres"}
	args := func(busy ...string) []string {
		out := []string{"--dir", t.TempDir()}
		for _, f := range flags {
			out = append(out, f, "127.0.0.1:0")
		}
		for _, f := range busy {
			out = append(out, f, taken)
		}
		return out
	}
	for _, flag := range flags {
		t.Run(flag, func(t *testing.T) {
			err := execute(t, args(flag)...)
			require.Equal(t, access.CodeConflict, access.CodeOf(err))
			require.Contains(t, err.Error(), taken)
			require.Contains(t, err.Error(), "`ramp dev`", "who may hold it")
			require.Contains(t, err.Error(), flag+" 127.0.0.1:PORT", "the flag that helps")
		})
	}
	t.Run("all at once", func(t *testing.T) {
		err := execute(t, args(flags...)...)
		require.Len(t, access.IssuesOf(err), len(flags))
	})
	t.Run("one given twice", func(t *testing.T) {
		free := ports.ForTest(t)
		err := execute(t, append(args(), "--idp", free, "--ssh", free)...)
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
	})
	t.Run("no address", func(t *testing.T) {
		err := execute(t, append(args(), "--ssh", "nowhere")...)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Contains(t, err.Error(), "--ssh")
	})
}

func TestStateDirectory(t *testing.T) {
	start := func(t *testing.T, dir string) error {
		err := execute(t, "--dir", dir, "--ssh", "nowhere") // would fail at its ports, after the directory
		return err
	}
	t.Run("in use", func(t *testing.T) {
		dir := t.TempDir()
		release, err := holdState(dir)
		require.NoError(t, err)
		err = start(t, dir)
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		require.Contains(t, err.Error(), "is in use by another `ramp dev` (process "+strconv.Itoa(os.Getpid())+")")
		release()
		require.NotContains(t, start(t, dir).Error(), "in use")
	})
	for content, want := range map[string]string{"99\n": "newer Ramp", "0\n": "older Ramp", "what?\n": "holds no number"} {
		t.Run(want, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "format"), []byte(content), 0o600))
			err := start(t, dir)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			require.Contains(t, err.Error(), want)
			require.Contains(t, err.Error(), "--dir")
		})
	}
	t.Run("not a directory", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		err := start(t, filepath.Join(file, "state"))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Contains(t, err.Error(), "--dir")
	})
	t.Run("unwritable", func(t *testing.T) {
		if os.Getuid() == 0 {
			// Root may write anywhere but into the kernel's files.
			err := start(t, "/proc/ramp")
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			require.Contains(t, err.Error(), "--dir")
			return
		}
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o500))
		err := start(t, dir)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Contains(t, err.Error(), "--dir")
	})
}

// TestWelcomeFits in the columns of a terminal, with the default addresses.
func TestWelcomeFits(t *testing.T) {
	d := dev{options: options{dir: ".ramp", listen: "127.0.0.1:8080", temporal: "127.0.0.1:7233", temporalUI: "127.0.0.1:8233", ssh: "127.0.0.1:2222"}}
	plain := d.welcome("bin/ramp", time.Second, false)
	require.NotContains(t, plain, "\x1b")
	require.Contains(t, d.welcome("bin/ramp", time.Second, true), "\x1b[1m")
	for line := range strings.Lines(plain) {
		require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
	}
	d.without = []string{"worker", "server"}
	alone := d.welcome("bin/ramp", time.Second, false)
	require.Contains(t, alone, "Everything but server and worker is ready after")
	require.Contains(t, alone, "\n  bin/ramp server --config .ramp/ramp.yaml\n  bin/ramp worker --config .ramp/ramp.yaml\n\nThen, in another terminal")
	require.NotContains(t, alone, "  http://127.0.0.1:8080", "nobody listens there yet")
}
