package terraform

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"

	"ramp.dev/ramp/access"
)

// load returns a grant's record, or nil if there is nothing of it. With a remote backend,
// another worker may have opened it: then what its state says of it is enough to close it.
func (t *target) load(ctx context.Context, name string) (*record, error) {
	r, err := t.store.load(ctx, name)
	if err != nil || r != nil {
		return r, err
	}
	if t.config.Backend == nil {
		return t.lost(name)
	}
	x, there, err := t.lookAt(ctx, name)
	if err != nil || !there {
		return nil, err
	}
	defer os.RemoveAll(x.directory)
	s, err := x.state(ctx)
	if err != nil {
		return nil, err
	}
	r = ofMarks(name, s.marks())
	if len(s.managed()) > 0 && r.Digest == "" {
		return nil, access.Errorf(access.CodeUnavailable, "the state of %s does not say which module made it; the worker that opened it has its record", name)
	}
	return r, nil
}

// lost returns a record of the state that a working directory has whose record is gone, as
// where the records were put back from a backup; nil if it has none, or nothing is in it.
func (t *target) lost(name string) (*record, error) {
	left, there := t.left(name)
	if !there {
		return nil, nil
	}
	b, err := os.ReadFile(filepath.Join(left, stateFile)) // #nosec G304 -- a run's own directory
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%w", err)
	}
	s, err := parseState(b)
	if err != nil || len(s.managed()) == 0 {
		return nil, err
	}
	r := ofMarks(name, s.marks())
	if r.State = b; r.Digest == "" {
		return nil, access.Errorf(access.CodeUnavailable, "the record of %s is gone, and the state in its working directory does not say which module made it", name)
	}
	return r, nil
}

// lookAt selects a grant's workspace, if there is one, in a directory of its own that has
// nothing but the backend in it.
func (t *target) lookAt(ctx context.Context, workspace string) (x *run, there bool, err error) {
	directory, err := t.scratch("look-")
	if err != nil {
		return nil, false, err
	}
	defer func() {
		if !there {
			_ = os.RemoveAll(directory)
		}
	}()
	x, err = t.begin(ctx, directory, &module{name: "none", files: files{"main.tf": nil}}, &record{Grant: "none"}, t.config.Backend)
	if err != nil {
		return nil, false, err
	}
	all, _, err := x.program.WorkspaceList(ctx)
	if err != nil {
		return nil, false, x.failed("workspace list", err)
	}
	for _, one := range all {
		if one == workspace {
			err := x.program.WorkspaceSelect(ctx, workspace)
			if err != nil {
				return nil, false, x.failed("workspace select", err)
			}
			return x, true, nil
		}
	}
	return nil, false, nil
}

// workspaces returns the names of the grants that have a workspace in the remote backend.
func (t *target) workspaces(ctx context.Context) (names []string, err error) {
	directory, err := t.scratch("look-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	x, err := t.begin(ctx, directory, &module{name: "none", files: files{"main.tf": nil}}, &record{Grant: "none"}, t.config.Backend)
	if err != nil {
		return nil, err
	}
	all, _, err := x.program.WorkspaceList(ctx)
	if err != nil {
		return nil, x.failed("workspace list", err)
	}
	for _, one := range all {
		if _, ours := access.RequestIDFromGrantName(one); ours {
			names = append(names, one)
		}
	}
	return names, nil
}

// selectWorkspace selects the grant's workspace, and makes it where there is none.
func (x *run) selectWorkspace(ctx context.Context) error {
	if x.backend == nil {
		return nil
	}
	all, _, err := x.program.WorkspaceList(ctx)
	if err != nil {
		return x.failed("workspace list", err)
	}
	for _, one := range all {
		if one != x.record.Grant {
			continue
		}
		if err := x.program.WorkspaceSelect(ctx, one); err != nil {
			return x.failed("workspace select", err)
		}
		return nil
	}
	if err := x.program.WorkspaceNew(ctx, x.record.Grant); err != nil {
		return x.failed("workspace new", err)
	}
	return nil
}

// deleteWorkspace removes the grant's workspace, in which nothing is left.
func (x *run) deleteWorkspace(ctx context.Context) error {
	if x.backend == nil {
		return nil
	}
	if err := x.program.WorkspaceSelect(ctx, "default"); err != nil {
		return x.failed("workspace select", err)
	}
	if err := x.program.WorkspaceDelete(ctx, x.record.Grant, tfexec.LockTimeout(x.lockTimeout())); err != nil && !strings.Contains(err.Error(), "doesn't exist") {
		return x.failed("workspace delete", err)
	}
	return nil
}

// state returns the state: as the program has just written it, or out of the remote backend.
func (x *run) state(ctx context.Context) (state, error) {
	if x.backend == nil {
		b, err := os.ReadFile(filepath.Join(x.directory, stateFile)) // #nosec G304 -- the run's own directory
		if err != nil && !os.IsNotExist(err) {
			return state{}, access.Errorf(access.CodeUnavailable, "%w", err)
		}
		return parseState(b)
	}
	text, err := x.program.StatePull(ctx)
	if err != nil {
		return state{}, x.failed("state pull", err)
	}
	return parseState([]byte(strings.TrimSpace(text)))
}

// managed returns what is left of what the module has made.
func (x *run) managed(ctx context.Context) ([]string, error) {
	s, err := x.state(ctx)
	return s.managed(), err
}
