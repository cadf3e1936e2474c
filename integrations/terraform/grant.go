package terraform

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

// newRecord returns the record of a grant that is to be opened.
func newRecord(g access.Grant, w wanted) *record {
	r := &record{Grant: g.Name, Principal: g.Principal, ExpiresAt: g.ExpiresAt, Module: w.module.name, Digest: w.module.digest,
		Inputs: w.inputs(), Variables: maps.Clone(w.variables), GrantVariable: w.module.config.GrantVariable, Adopts: w.module.config.Adopts}
	if c := w.module.config.Credential; c != nil {
		r.Outputs = c.outputs()
	}
	return r
}

// Grant implements integrations.Target. It plans, compares the plan with what was approved,
// and applies that plan. An opening that was cut off is undone first, and begins again from
// nothing: on what it left, the program would make another plan than people approved.
// Errors are also of code evidence: the plan is not the one that was approved.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	w, err := t.decode(g.Entitlement)
	if err != nil {
		return err
	}
	approved := g.Approved
	if approved == nil { // it comes from no signed plan: what it means now is what is opened
		now, err := t.Resolve(ctx, g.Entitlement)
		if err != nil {
			return err
		}
		approved = &now
	}
	return t.exclusive(ctx, g.Name, false, func(ctx context.Context) error { return t.open(ctx, g, w, approved.Facts[factPlan]) })
}

func (t *target) open(ctx context.Context, g access.Grant, w wanted, approved string) error {
	r, err := t.load(ctx, g.Name)
	if err != nil {
		return err
	}
	if r != nil && r.Opened {
		if !r.sameTerms(g, w) {
			return integrations.ErrChanged("its record")
		}
		return nil
	}
	if r != nil {
		if err := t.undo(ctx, g.Name, r); err != nil {
			return err
		}
	}
	if !clock.Now().Before(g.ExpiresAt) {
		return integrations.ErrExpired // while it waited
	}
	if err := t.keep(w.module); err != nil {
		return err
	}
	r = newRecord(g, w)
	r.Since = clock.Now().UTC()
	if err := t.store.save(ctx, r); err != nil {
		return err
	}
	x, err := t.begin(ctx, t.directory(g.Name), w.module, r, t.config.Backend)
	if err != nil {
		return t.nothingMade(g.Name, err)
	}
	if err := x.selectWorkspace(ctx); err != nil {
		return err
	}
	if err := x.planApproved(ctx, approved); err != nil {
		return t.nothingMade(g.Name, err)
	}
	if err := x.apply(ctx); err != nil {
		return err
	}
	r.Opened, r.AppliedAt = true, r.ExpiresAt
	return x.finish(ctx)
}

// planApproved makes the plan, and refuses one that is not what was approved.
func (x *run) planApproved(ctx context.Context, approved string) error {
	p, err := x.plan(ctx)
	if err != nil {
		return err
	}
	all, digest, err := approvable(p)
	if err != nil {
		return err
	}
	if digest != approved {
		return access.Refuse(access.CodeEvidence, access.IssueScopeChanged, "the plan is not the one that was approved: its digest is %s, not %s; what it reads, or the program, has changed; make a new request", digest, approved)
	}
	x.record.Plan, x.record.Creates = digest, creates(all)
	return nil
}

// nothingMade removes the record of an opening that failed before anything was made, unless
// there is a workspace, which closing removes.
func (t *target) nothingMade(name string, err error) error {
	if t.config.Backend == nil && os.RemoveAll(t.directory(name)) == nil {
		_ = t.store.remove(name) // closing removes it otherwise
	}
	return err
}

// finish ends a run that has ended well: the record is saved, and the working directory,
// which has the state in clear, is removed.
func (x *run) finish(ctx context.Context) error {
	x.record.Since = time.Time{}
	if err := x.save(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(x.directory); err != nil {
		return access.Errorf(access.CodeUnavailable, "the working directory: %w", err)
	}
	return nil
}

// reopen begins a run on a grant that is there. Whoever has it tidies up.
func (t *target) reopen(ctx context.Context, r *record, m *module) (*run, error) {
	directory := t.directory(r.Grant)
	if t.config.Backend == nil {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "%w", err)
		}
		if err := restoreState(directory, r); err != nil {
			return nil, err
		}
	}
	if r.Since.IsZero() {
		r.Since = clock.Now().UTC()
		if err := t.store.save(ctx, r); err != nil {
			return nil, err
		}
	}
	x, err := t.begin(ctx, directory, m, r, t.config.Backend)
	if err != nil {
		return nil, err
	}
	return x, x.selectWorkspace(ctx)
}

// Inspect implements integrations.Target.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	r, err := t.load(ctx, g.Name)
	if err != nil || r != nil {
		return access.ReadBack{Open: r != nil}, err
	}
	_, there := t.left(g.Name)
	return access.ReadBack{Open: there}, nil
}

// List implements integrations.Target: by the records, by the working directories that a
// worker which died has left, and by the remote backend's workspaces.
func (t *target) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	names, err := t.store.names()
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{string(t.config.Runtime), t.runtime} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "runtime: %w", err)
		}
		for _, e := range entries {
			if _, ours := access.RequestIDFromGrantName(e.Name()); !ours || !e.IsDir() {
				continue
			}
			if _, there := t.left(e.Name()); there {
				names = append(names, e.Name())
			}
		}
	}
	if t.config.Backend != nil {
		remote, err := t.workspaces(ctx)
		if err != nil {
			return nil, err
		}
		names = append(names, remote...)
	}
	slices.Sort(names)
	var out []integrations.ListedGrant
	for _, name := range slices.Compact(names) {
		r, err := t.load(ctx, name)
		if err != nil {
			return nil, err
		}
		var end time.Time
		if r != nil {
			end = r.ExpiresAt
		}
		out = append(out, integrations.ListedGrant{Name: name, ExpiresAt: end})
	}
	return out, nil
}
