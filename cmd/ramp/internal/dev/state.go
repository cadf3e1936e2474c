//go:build !lean

package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ramp.dev/ramp/access"
)

// stateFormat is the version of a state directory's layout. Increase it with a
// change that an older `ramp dev` would misread, or that this one cannot migrate.
const stateFormat = 2

// holdState locks a state directory for this process until release is called: two
// processes that write one database would each undo the other's work. The lock dies with the
// process, however it ends. Errors are CodeConflict for a directory that is in
// use, and CodeInvalid.
func holdState(dir string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "--dir: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, access.Errorf(access.CodeInvalid, "--dir: %s cannot be locked: %w", dir, err)
		}
		holder := "another `ramp dev`"
		pid := make([]byte, 16)
		if n, _ := f.Read(pid); n > 0 {
			holder += " (process " + strings.TrimSpace(string(pid[:n])) + ")"
		}
		return nil, access.Errorf(access.CodeConflict, "%s is in use by %s. Stop that one, or give this one a directory and ports of its own: --dir, --listen, --temporal, --temporal-ui, --idp, --ssh", dir, holder)
	}
	if err := errors.Join(f.Truncate(0), checkFormat(dir)); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		f.Close()
		return nil, access.Errorf(access.CodeInvalid, "--dir: %w", err)
	}
	return func() { f.Close() }, nil
}

// checkFormat marks a new directory, and refuses one of another format.
func checkFormat(dir string) error {
	path := filepath.Join(dir, "format")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(path, []byte(strconv.Itoa(stateFormat)+"\n"), 0o600); err != nil {
			return access.Errorf(access.CodeInvalid, "--dir: %w", err)
		}
		return nil
	}
	if err != nil {
		return access.Errorf(access.CodeInvalid, "--dir: %w", err)
	}
	found, err := strconv.Atoi(strings.TrimSpace(string(b)))
	const help = "Choose another with --dir, or delete it to start over"
	switch {
	case err != nil:
		return access.Errorf(access.CodeInvalid, "%s holds no number: %s is not a state directory of `ramp dev`, or it is damaged. %s", path, dir, help)
	case found > stateFormat:
		return access.Errorf(access.CodeInvalid, "%s was made by a newer Ramp (format %d, this one knows %d). %s, or use that Ramp", dir, found, stateFormat, help)
	case found < stateFormat:
		return access.Errorf(access.CodeInvalid, "%s was made by an older Ramp (format %d, this one needs %d). %s", dir, found, stateFormat, help)
	}
	return nil
}
