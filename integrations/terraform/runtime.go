package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"ramp.dev/ramp/access"
)

// folderOf returns the folder of a target in runtime, which several targets may share: what
// one finds there of a run that died, it ends. The name is short, because providers make
// sockets below it, whose paths have 108 characters at the most.
func folderOf(runtime, target string) string {
	sum := sha256.Sum256([]byte(target))
	return filepath.Join(runtime, "t-"+hex.EncodeToString(sum[:6]))
}

// directory is a grant's working directory: the same in each run, so that the next one finds
// what the last one left when its worker died.
func (t *target) directory(name string) string { return filepath.Join(t.runtime, name) }

// scratch makes a directory that is nobody's grant's.
func (t *target) scratch(prefix string) (string, error) {
	err := os.MkdirAll(t.runtime, 0o700)
	if err == nil {
		prefix, err = os.MkdirTemp(t.runtime, prefix)
	}
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "runtime: %w", err)
	}
	return prefix, nil
}

// old returns where earlier versions of Ramp had a grant's working directory, and reports
// whether one is there and this target's: all targets that shared a runtime had theirs side
// by side. One of which there is neither a record nor a state with a module of this target's
// may be another's, whose run goes on.
func (t *target) old(name string) (path string, ours bool) {
	path = filepath.Join(string(t.config.Runtime), name)
	if _, err := os.Stat(path); err != nil {
		return path, false
	}
	if string(t.config.Runtime) == ownRuntime(t.config.Directory) {
		return path, true
	}
	if _, err := os.Stat(t.store.path(name)); err == nil {
		return path, true
	}
	b, err := os.ReadFile(filepath.Join(path, stateFile)) // #nosec G304 -- a run's own directory
	if err != nil {
		return path, false
	}
	s, err := parseState(b)
	if err != nil {
		return path, false
	}
	marks := s.marks()
	if m := t.modules[marks["module"]]; m != nil && m.digest == marks["digest"] {
		return path, true
	}
	_, err = os.Stat(t.kept(marks["digest"]))
	return path, err == nil && marks["digest"] != ""
}

// left returns the working directory that a run of a grant's has left, and whether there is one.
func (t *target) left(name string) (string, bool) {
	if _, err := os.Stat(t.directory(name)); err == nil {
		return t.directory(name), true
	}
	return t.old(name)
}

// takeOld moves a working directory that a run of an earlier version of Ramp has left to where
// it is now, and ends what runs on from that run. The caller holds the grant's lock.
func (t *target) takeOld(ctx context.Context, name string) error {
	path, ours := t.old(name)
	if !ours {
		return nil
	}
	if err := endLeftovers(ctx, path); err != nil {
		return err
	}
	err := os.MkdirAll(t.runtime, 0o700)
	if err == nil {
		err = os.Rename(path, t.directory(name))
	}
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "the working directory %s of an earlier version of Ramp cannot be taken over: %w", path, err)
	}
	return nil
}
