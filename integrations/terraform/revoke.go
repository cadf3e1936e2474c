package terraform

import (
	"context"
	"os"
	"strings"

	"ramp.dev/ramp/access"
)

// Revoke implements integrations.Target. A run that is just opening the grant, or looking
// at it, is told to stop; what it made is destroyed with the rest.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	t.stopOthers(g.Name)
	return t.exclusive(ctx, g.Name, true, func(ctx context.Context) error {
		r, err := t.load(ctx, g.Name)
		if err != nil {
			return err
		}
		return t.undo(ctx, g.Name, r)
	})
}

// undo destroys what there is of a grant, and then forgets it. It is right to repeat,
// wherever a worker died.
func (t *target) undo(ctx context.Context, name string, r *record) error {
	directory := t.directory(name)
	if err := endLeftovers(ctx, directory); err != nil {
		return err
	}
	if r == nil { // nothing, or a directory that was removed in part
		if err := os.RemoveAll(directory); err != nil {
			return access.Errorf(access.CodeUnavailable, "%w", err)
		}
		return nil
	}
	if err := t.takeOver(ctx, directory, r); err != nil {
		return err
	}
	s, err := parseState(r.State)
	if err != nil {
		return err
	}
	if t.config.Backend != nil || len(s.Resources) > 0 || len(r.Unknown) > 0 {
		if err := t.destroy(ctx, r); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(directory); err != nil {
		return access.Errorf(access.CodeUnavailable, "the working directory: %w", err)
	}
	return t.store.remove(name)
}

// takeOver takes into the record what a run left whose worker died: the state, and what it
// may have made beyond it.
func (t *target) takeOver(ctx context.Context, directory string, r *record) error {
	if _, err := os.Stat(directory); err == nil && t.config.Backend == nil {
		if err := restoreState(directory, r); err != nil {
			return err
		}
	}
	if !r.Running {
		return nil
	}
	x := &run{t: t, directory: directory, record: r, backend: t.config.Backend}
	x.unknown()
	r.Running = false
	return t.store.save(ctx, r)
}

func (t *target) destroy(ctx context.Context, r *record) error {
	m, err := t.moduleOf(r)
	if err != nil {
		return err
	}
	x, err := t.reopen(ctx, r, m)
	if err != nil {
		return err
	}
	if err := x.adopt(ctx); err != nil {
		return err
	}
	if err := x.destroy(ctx); err != nil {
		return err
	}
	left, err := x.managed(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return access.Errorf(access.CodeUnavailable, "the program says that it destroyed all, and its state has %d resources more, such as %s", len(left), access.Clip(left[0], 200))
	}
	return x.deleteWorkspace(ctx)
}

// adopt deals with what a program that was killed may have made without noting it. Of a
// module that adopts what is there already, the apply is done again, so that the state has
// all of it and the destroy finds it. Of another, only people can look: the error says for
// what, and closing fails until they have said that it is gone.
func (x *run) adopt(ctx context.Context) error {
	r := x.record
	if len(r.Unknown) == 0 {
		return nil
	}
	if s, err := x.managed(ctx); err == nil {
		r.Unknown = without(r.Unknown, s)
	}
	if len(r.Unknown) > 0 && (r.Adopts || x.module.config.Adopts) {
		if _, err := x.plan(ctx); err != nil {
			return err
		}
		if err := x.apply(ctx); err != nil {
			return err
		}
		r.Unknown = nil
	}
	if len(r.Unknown) > 0 {
		gone := x.t.gonePath(r.Grant)
		if _, err := os.Stat(gone); err != nil {
			return access.Errorf(access.CodeUnavailable, "the program was killed while it made %s, of which the state knows nothing; look for it under the name %s, remove it by hand, and say so with: touch %s",
				access.Clip(strings.Join(r.Unknown, ", "), 400), r.Grant, gone)
		}
		r.Unknown = nil
	}
	if err := x.save(ctx); err != nil {
		return err
	}
	_ = os.Remove(x.t.gonePath(r.Grant)) // it was about this killed run alone
	return nil
}

func without(all, has []string) (rest []string) {
	known := map[string]bool{}
	for _, one := range has {
		known[one] = true
	}
	for _, one := range all {
		if !known[one] {
			rest = append(rest, one)
		}
	}
	return rest
}

// gonePath is the file by which people say that what a killed run may have made is gone.
func (t *target) gonePath(name string) string { return t.store.path(name) + ".gone" }
