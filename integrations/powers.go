package integrations

import (
	"context"

	"ramp.dev/ramp/access"
)

// CanMint reports whether the target is a Minter.
func (t *Guarded) CanMint() bool { _, ok := t.target.(Minter); return ok }

// CanExtend reports whether the target is an Extender.
func (t *Guarded) CanExtend() bool { _, ok := t.target.(Extender); return ok }

// CanDetectDrift reports whether the target is a DriftDetector.
func (t *Guarded) CanDetectDrift() bool { _, ok := t.target.(DriftDetector); return ok }

// CanPing reports whether the target is a Pinger.
func (t *Guarded) CanPing() bool { _, ok := t.target.(Pinger); return ok }

// Mint returns a fresh credential; see Minter. A target that mints none is an
// error of code invalid.
func (t *Guarded) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	m, ok := t.target.(Minter)
	if !ok {
		return access.Credential{}, access.Errorf(access.CodeInvalid, "this target hands out no credentials")
	}
	g, err := t.checkLive(ctx, g)
	if err != nil {
		return access.Credential{}, err
	}
	return m.Mint(ctx, g)
}

// Extend moves the end of g in place; see Extender. A target that cannot is an
// error of code invalid.
func (t *Guarded) Extend(ctx context.Context, g access.Grant) error {
	e, ok := t.target.(Extender)
	if !ok {
		return access.Errorf(access.CodeInvalid, "this target cannot extend access; ask again instead")
	}
	g, err := t.checkLive(ctx, g)
	if err != nil {
		return err
	}
	return e.Extend(ctx, g)
}

// Drift returns how what is on the target differs from g; see DriftDetector. It
// returns nothing if the target cannot tell.
func (t *Guarded) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	d, ok := t.target.(DriftDetector)
	if !ok {
		return nil, nil
	}
	g, err := t.check(ctx, g)
	if err != nil {
		return nil, err
	}
	return d.Drift(ctx, g)
}

// Restore makes what is on the target just g again; see DriftDetector. A target
// that cannot is an error of code conflict, as one whose grant cannot be put
// right is: both must be closed.
func (t *Guarded) Restore(ctx context.Context, g access.Grant) error {
	d, ok := t.target.(DriftDetector)
	if !ok {
		return access.Errorf(access.CodeConflict, "this target cannot put a grant right")
	}
	g, err := t.checkLive(ctx, g)
	if err != nil {
		return err
	}
	return d.Restore(ctx, g)
}

// LeftOut returns the parts of the target that an open grant is not on; see Partial. It
// returns nothing for a target that is one thing.
func (t *Guarded) LeftOut(ctx context.Context, g access.Grant) ([]string, error) {
	if p, ok := t.target.(Partial); ok {
		return p.LeftOut(ctx, g)
	}
	return nil, nil
}

// Joined waits for the slow parts of the target; see Partial.
func (t *Guarded) Joined(ctx context.Context, g access.Grant) error {
	if p, ok := t.target.(Partial); ok {
		return p.Joined(ctx, g)
	}
	return nil
}

// Ping returns nil if the target works, or why it does not; see Pinger. It
// returns nil if the target cannot tell.
func (t *Guarded) Ping(ctx context.Context) error {
	if p, ok := t.target.(Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}
