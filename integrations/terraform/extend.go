package terraform

import (
	"context"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Extend implements integrations.Extender: it applies the module with the new end. Nobody
// has approved another plan, so it may change in place what takes the end, and nothing more.
// Errors are also of code conflict: the module would make something again to move its end,
// so access would have a gap.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	w, err := t.decode(g.Entitlement)
	if err != nil {
		return err
	}
	return t.exclusive(ctx, g.Name, true, func(ctx context.Context) error {
		r, m, err := t.openRecord(ctx, g, w)
		if err != nil {
			return err
		}
		if !g.ExpiresAt.After(r.AppliedAt) {
			return nil
		}
		was := r.ExpiresAt
		r.ExpiresAt = g.ExpiresAt // before the module has it, so that what is open ends by the record
		if err := t.store.save(ctx, r); err != nil {
			return err
		}
		x, err := t.reopen(ctx, r, m)
		if err != nil {
			return err
		}
		p, err := x.plan(ctx)
		if err != nil {
			return err
		}
		if bad := notInPlace(p); len(bad) > 0 {
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

// notInPlace returns what a plan does beyond changing in place.
func notInPlace(p *tfjson.Plan) (bad []string) {
	for _, c := range p.ResourceChanges {
		if c.Change == nil || c.Change.Actions.NoOp() || c.Change.Actions.Read() || c.Change.Actions.Update() {
			continue
		}
		bad = append(bad, action(c.Change.Actions)+" "+showing(access.Clip(c.Address, 200)))
	}
	return bad
}
