package terraform

import (
	"context"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Extend implements integrations.Extender: it applies the module with the new end. Nobody
// has approved another plan, so it may change in place what takes the end, and nothing more:
// with the end as it is the program must have nothing to change, and what it changes must
// follow from the new one. Errors are also of code conflict: what the module reads is not
// as it was, or it would make something again to move its end, so access would have a gap.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	w, err := t.decode(g.Entitlement)
	if err != nil {
		return err
	}
	return t.exclusive(ctx, g.Name, false, func(ctx context.Context) error {
		r, m, err := t.openRecord(ctx, g, w)
		if err != nil {
			return err
		}
		if !g.ExpiresAt.After(r.AppliedAt) {
			return nil
		}
		x, err := t.reopen(ctx, r, m)
		if err != nil {
			return err
		}
		was := r.ExpiresAt
		if was.Equal(r.AppliedAt) { // else an extension was cut off that has passed this
			if err := x.unchanged(ctx); err != nil {
				return err
			}
		}
		r.ExpiresAt = g.ExpiresAt // before the module has it, so that what is open ends by the record
		if err := t.store.save(ctx, r); err != nil {
			return err
		}
		if err := r.writeValues(x.directory); err != nil {
			return access.Errorf(access.CodeUnavailable, "the working directory: %w", err)
		}
		p, err := x.plan(ctx)
		if err != nil {
			return err
		}
		if bad := notOfItsEnd(p); len(bad) > 0 {
			r.ExpiresAt = was
			if err := x.finish(ctx); err != nil {
				return err
			}
			return access.Errorf(access.CodeConflict, "the module cannot move its end in place: %s; ask again instead", access.Clip(strings.Join(bad, "; "), 300))
		}
		if err := x.apply(ctx); err != nil {
			return err
		}
		r.AppliedAt = r.ExpiresAt
		return x.finish(ctx)
	})
}

// openRecord returns the record of a grant that is open on g's terms, and its module.
// Errors are also of code not_found and conflict.
func (t *target) openRecord(ctx context.Context, g access.Grant, w wanted) (*record, *module, error) {
	r, err := t.load(ctx, g.Name)
	switch {
	case err != nil:
		return nil, nil, err
	case r == nil || !r.Opened:
		return nil, nil, integrations.ErrNotOpen
	case r.Principal != g.Principal || r.Module != w.module.name || !sameJSON(r.Variables, w.variables):
		return nil, nil, integrations.ErrChanged("its record")
	}
	m, err := t.moduleOf(r)
	return r, m, err
}

// unchanged returns an error of code conflict if the program would change anything of what
// is open, with the end as it is.
func (x *run) unchanged(ctx context.Context) error {
	p, err := x.plan(ctx)
	if err != nil {
		return err
	}
	bad := changes(p)
	if len(bad) == 0 {
		return nil
	}
	if err := x.finish(ctx); err != nil {
		return err
	}
	return access.Errorf(access.CodeConflict, "it is not as it was opened any more: %s; ask again instead", access.Clip(strings.Join(bad, "; "), 300))
}

// notOfItsEnd returns what a plan does beyond changing in place what follows from the end.
// That is known after the apply only, since the end comes by a mark: a value that the plan
// knows follows from something else.
func notOfItsEnd(p *tfjson.Plan) (bad []string) {
	for _, c := range p.ResourceChanges {
		if c.Change == nil || c.Change.Actions.NoOp() || c.Change.Actions.Read() ||
			c.Change.Actions.Update() && (ownMark(c) || !differs(c.Change.Before, c.Change.After, c.Change.AfterUnknown)) {
			continue
		}
		bad = append(bad, action(c.Change.Actions)+" "+showing(access.Clip(c.Address, 200)))
	}
	return bad
}

// differs reports whether what is known of a value after a change is not what it was before.
func differs(before, after, unknown any) bool {
	if unknown == true {
		return false
	}
	if is, ok := after.(map[string]any); ok {
		was, _ := before.(map[string]any)
		u, _ := unknown.(map[string]any)
		return slices.ContainsFunc(slices.Concat(sortedKeys(was), sortedKeys(is)), func(name string) bool {
			return differs(was[name], is[name], u[name])
		})
	}
	if is, ok := after.([]any); ok {
		was, _ := before.([]any)
		u, _ := unknown.([]any)
		for i := range is {
			if i >= len(was) || differs(was[i], is[i], at(u, i)) {
				return true
			}
		}
		return len(was) != len(is)
	}
	return !reflect.DeepEqual(before, after)
}
