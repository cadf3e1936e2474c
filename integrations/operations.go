package integrations

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/pacing"
)

func opening(name, target string) operation {
	return operation{name: name, target: target, class: pacing.Opening}
}

// closing is for what closes g or proves it closed: the earliest g.ExpiresAt
// goes first, and the zero before all.
func closing(name string, g access.Grant) operation {
	return operation{name: name, target: g.Target, class: pacing.Closing, due: g.ExpiresAt}
}

// Resolve derives what an entitlement means; see Target.
func (b *Broker) Resolve(ctx context.Context, target string, e access.Entitlement) (access.Scope, error) {
	return call(ctx, b, operation{name: "resolve", target: target}, func(ctx context.Context, t *Guarded) (access.Scope, error) { return t.Resolve(ctx, e) })
}

// Grant opens g; see Target.
func (b *Broker) Grant(ctx context.Context, g access.Grant) error {
	return act(ctx, b, opening("grant", g.Target), func(ctx context.Context, t *Guarded) error { return t.Grant(ctx, g) })
}

// Mint returns a fresh credential for g; see Guarded.Mint.
func (b *Broker) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	return call(ctx, b, opening("mint", g.Target), func(ctx context.Context, t *Guarded) (access.Credential, error) { return t.Mint(ctx, g) })
}

// Extend moves the end of g in place; see Guarded.Extend.
func (b *Broker) Extend(ctx context.Context, g access.Grant) error {
	return act(ctx, b, opening("extend", g.Target), func(ctx context.Context, t *Guarded) error { return t.Extend(ctx, g) })
}

// Revoke removes g; see Target.
func (b *Broker) Revoke(ctx context.Context, g access.Grant) error {
	return act(ctx, b, closing("revoke", g), func(ctx context.Context, t *Guarded) error { return t.Revoke(ctx, g) })
}

// Inspect reads back what there is of g; see Target.
func (b *Broker) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	return call(ctx, b, closing("inspect", g), func(ctx context.Context, t *Guarded) (access.ReadBack, error) { return t.Inspect(ctx, g) })
}

// List returns every grant that is on a target; see Guarded.List.
func (b *Broker) List(ctx context.Context, target string) (listed []ListedGrant, err error) {
	err = act(ctx, b, opening("list", target), func(ctx context.Context, t *Guarded) (err error) {
		listed, err = t.List(ctx)
		return err
	})
	return listed, err
}

// Drift returns how what is on the target differs from g; see Guarded.Drift.
func (b *Broker) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	return call(ctx, b, opening("compare", g.Target), func(ctx context.Context, t *Guarded) ([]string, error) { return t.Drift(ctx, g) })
}

// Restore makes what is on the target just g again; see Guarded.Restore.
func (b *Broker) Restore(ctx context.Context, g access.Grant) error {
	return act(ctx, b, closing("restore", g), func(ctx context.Context, t *Guarded) error { return t.Restore(ctx, g) })
}

// LeftOut returns the parts of its target that an open grant is not on; see Partial. The
// target itself is not asked.
func (b *Broker) LeftOut(ctx context.Context, g access.Grant) ([]string, error) {
	return call(ctx, b, operation{name: "parts", target: g.Target}, func(ctx context.Context, t *Guarded) ([]string, error) { return t.LeftOut(ctx, g) })
}

// Joined waits for the parts of its target that are slow to open g, as long as ctx lets it; see
// Partial.
func (b *Broker) Joined(ctx context.Context, g access.Grant) error {
	t, _, err := b.target(g.Target)
	if err != nil {
		return err
	}
	return t.Joined(ctx, g)
}

// Ping returns nil if a target works, or why it does not.
func (b *Broker) Ping(ctx context.Context, target string) error {
	return act(ctx, b, opening("check", target), func(ctx context.Context, t *Guarded) error { return t.Ping(ctx) })
}
