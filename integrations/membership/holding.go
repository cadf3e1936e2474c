package membership

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// holding is what a grant holds.
type holding struct {
	m     Membership
	role  string
	ended bool // it held this once
}

// of returns what a grant holds or held; false if it never held anything.
func (t *Target) of(ctx context.Context, grant string) (h holding, ever bool, err error) {
	objects, err := t.Holders.Objects(ctx, grant)
	if err != nil {
		return h, false, err
	}
	for object, holds := range objects {
		m, role, err := parse(object)
		if err != nil {
			return h, false, err
		}
		if role != "" {
			h.m, h.role, ever = m, role, true
		}
		h.ended = h.ended || !holds
	}
	return h, ever, nil
}

// Extend implements integrations.Extender: it moves the service's own end, if that has one.
// Errors are also of code not_found and conflict.
func (t *Target) Extend(ctx context.Context, g access.Grant) error {
	h, _, err := t.open(ctx, g)
	if err != nil {
		return err
	}
	return t.Attach(ctx, h.m.object(), g.Name, t.put(h.m, h.role, g.ExpiresAt))
}

// open returns what an open grant holds, and its state. Errors are also of code not_found
// (nothing is there) and conflict (the grant was revoked).
func (t *Target) open(ctx context.Context, g access.Grant) (h holding, state State, err error) {
	h, ever, err := t.of(ctx, g.Name)
	switch {
	case err != nil:
		return h, state, err
	case !ever:
		return h, state, integrations.ErrNotOpen
	case h.ended:
		return h, state, integrations.ErrRevoked
	}
	state, err = t.service.State(ctx, h.m)
	if err == nil && !state.IsThere() {
		err = integrations.ErrNotOpen
	}
	return h, state, err
}

// Drift implements integrations.DriftDetector: another role, and another end of the
// service's own than Ramp wrote.
func (t *Target) Drift(ctx context.Context, g access.Grant) (out []string, err error) {
	h, state, err := t.open(ctx, g)
	switch access.CodeOf(err) {
	case access.CodeNotFound, access.CodeConflict:
		if err != nil {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case state.Pending:
		out = append(out, "it is an invitation")
	case state.Role != h.role:
		out = append(out, "the role is "+access.Clip(state.Role, 40)+" instead of "+h.role)
	}
	end := t.service.End(g.ExpiresAt)
	if end.IsZero() {
		return out, nil
	}
	if state.Ends.IsZero() {
		return append(out, "the service does not end it any more"), nil
	}
	// Others who hold it may need it for longer.
	held, err := t.Held(ctx, h.m.object())
	if err == nil && held == 1 {
		out = append(out, integrations.EndDrift("the service ends it at", state.Ends, end)...)
	}
	return out, err
}

// Restore implements integrations.DriftDetector. Errors are also of code conflict: the
// service shows another role still, such as one that comes from elsewhere.
func (t *Target) Restore(ctx context.Context, g access.Grant) error {
	h, state, err := t.open(ctx, g)
	if err != nil {
		return err
	}
	want := State{Role: h.role, Ends: t.service.End(g.ExpiresAt)}
	held, err := t.Held(ctx, h.m.object())
	if err != nil {
		return err
	}
	switch {
	case want.Ends.IsZero():
	case held == 1:
		want.Ends = integrations.RestoredEnd(state.Ends, want.Ends)
	case state.Ends.After(want.Ends):
		want.Ends = state.Ends
	}
	if state.equal(want) {
		return nil
	}
	again := func(ctx context.Context, _ string) error {
		if err := t.service.Put(ctx, h.m, want); err != nil {
			return err
		}
		is, err := t.service.State(ctx, h.m)
		if err == nil && is.Role != want.Role {
			err = access.Errorf(access.CodeConflict, "the service shows %s instead of %s after it was put right", access.Clip(is.Role, 40), want.Role)
		}
		return err
	}
	return t.Attach(ctx, h.m.object(), g.Name, again)
}
