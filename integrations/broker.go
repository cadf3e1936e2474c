package integrations

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// Broker is what callers use: it finds the target of a grant, bounds every
// call, checks what goes in, says in errors which call on which target failed,
// and is the one place where optional powers are discovered. A target that
// could not be opened stays listed with its reason; the others work.
type Broker struct {
	targets  map[string]Target
	disabled map[string]error
	gates    map[string]*gate
}

// callTimeout bounds one call on a target. Targets may be stricter.
const callTimeout = 20 * time.Second

// NewBroker serves the given targets; disabled ones answer unavailable with
// their reason.
func NewBroker(targets map[string]Target, disabled map[string]error) *Broker {
	b := &Broker{targets: targets, disabled: disabled, gates: map[string]*gate{}}
	for name, t := range targets {
		b.gates[name] = newGate(t.Bounds().Rate)
	}
	return b
}

// SetRate replaces a target's own rate with a configured one; a zero Rate
// changes nothing. It must be called before the Broker is used.
func (b *Broker) SetRate(target string, r Rate) {
	if _, ok := b.targets[target]; ok && r != (Rate{}) {
		b.gates[target] = newGate(r)
	}
}

// Rate is how often a target may be asked. One that is disabled has the default.
func (b *Broker) Rate(target string) Rate {
	if g, ok := b.gates[target]; ok {
		return g.rate
	}
	return defaultRate
}

// Queues says who waits for a turn on each target.
func (b *Broker) Queues() []Queue {
	var out []Queue
	for _, name := range slices.Sorted(maps.Keys(b.gates)) {
		out = append(out, b.gates[name].queues(name)...)
	}
	return out
}

// Names are the names of all targets, working or not, in order.
func (b *Broker) Names() []string {
	return slices.Sorted(maps.Keys(merged(b.targets, b.disabled)))
}

func merged(t map[string]Target, d map[string]error) map[string]bool {
	all := map[string]bool{}
	for n := range t {
		all[n] = true
	}
	for n := range d {
		all[n] = true
	}
	return all
}

func (b *Broker) target(name string) (Target, error) {
	if t, ok := b.targets[name]; ok {
		return t, nil
	}
	if err, ok := b.disabled[name]; ok {
		return nil, access.Errorf(access.CodeUnavailable, "target %s is disabled: %w", name, err)
	}
	return nil, access.Errorf(access.CodeNotFound, "this worker does not serve target %q", access.Clip(name, 60))
}

// call waits for its turn, then runs one operation with a deadline and names it
// in errors, whose code it keeps. A deadline that passed is unavailable, not
// internal.
func call[T any](ctx context.Context, b *Broker, name, op string, at turn, f func(context.Context, Target) (T, error)) (T, error) {
	var zero T
	t, err := b.target(name)
	if err != nil {
		return zero, err
	}
	if at.class != ClassNone {
		if err := b.gates[name].wait(ctx, at); err != nil {
			return zero, access.Errorf(access.CodeUnavailable, "%s on %s: waiting for a turn: %w", op, name, err)
		}
	}
	// The time spent waiting is not the target's.
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := f(ctx, t)
	if access.CodeOf(err) == access.CodeThrottled {
		b.gates[name].throttled(access.RetryAfterOf(err))
	}
	if err != nil {
		code := access.CodeOf(err)
		if code == access.CodeInternal && errors.Is(err, context.DeadlineExceeded) {
			code = access.CodeUnavailable
		}
		wrapped := &access.Error{Code: code, Message: op + " on " + name, Issues: access.IssuesOf(err), RetryAfter: access.RetryAfterOf(err)}
		if len(wrapped.Issues) > 0 {
			return zero, wrapped
		}
		return zero, access.Errorf(code, "%s on %s: %w", op, name, err)
	}
	return out, nil
}

func act(ctx context.Context, b *Broker, name, op string, at turn, f func(context.Context, Target) error) error {
	_, err := call(ctx, b, name, op, at, func(ctx context.Context, t Target) (struct{}, error) { return struct{}{}, f(ctx, t) })
	return err
}

// Resolve derives what an entitlement means; see Target.
func (b *Broker) Resolve(ctx context.Context, target string, e access.Entitlement) (access.Scope, error) {
	return call(ctx, b, target, "resolve", turn{}, func(ctx context.Context, t Target) (access.Scope, error) { return t.Resolve(ctx, e) })
}

// Grant opens g; see Target. The entitlement is resolved again, so that what
// reaches the target was validated by the code that acts on it.
func (b *Broker) Grant(ctx context.Context, g access.Grant) error {
	if _, ok := access.RequestIDFromGrantName(g.Name); !ok {
		return access.Errorf(access.CodeInvalid, "grant name %q is not one of Ramp's", access.Clip(g.Name, 60))
	}
	return act(ctx, b, g.Target, "grant", opening, func(ctx context.Context, t Target) error {
		if _, err := t.Resolve(ctx, g.Entitlement); err != nil {
			return err
		}
		return t.Grant(ctx, g)
	})
}

// Inspect reads back what there is of g; see Target. Like Revoke it takes its
// turn among what closes, the earliest g.ExpiresAt first and the zero before all.
func (b *Broker) Inspect(ctx context.Context, g access.Grant) (ReadBack, error) {
	return call(ctx, b, g.Target, "inspect", closingBy(g), func(ctx context.Context, t Target) (ReadBack, error) { return t.Inspect(ctx, g) })
}

// Revoke removes g; see Target. A name without Ramp's mark is refused, so that
// no mistake above can remove what Ramp did not make.
func (b *Broker) Revoke(ctx context.Context, g access.Grant) error {
	if _, ok := access.RequestIDFromGrantName(g.Name); !ok {
		return access.Errorf(access.CodeInvalid, "grant name %q is not one of Ramp's", access.Clip(g.Name, 60))
	}
	return act(ctx, b, g.Target, "revoke", closingBy(g), func(ctx context.Context, t Target) error { return t.Revoke(ctx, g) })
}

// List finds everything on a target that carries Ramp's mark; see Target.
func (b *Broker) List(ctx context.Context, target string) ([]ListedGrant, error) {
	return call(ctx, b, target, "list", opening, func(ctx context.Context, t Target) ([]ListedGrant, error) { return t.List(ctx) })
}

// Bounds are the target's promises about time.
func (b *Broker) Bounds(target string) (Bounds, error) {
	t, err := b.target(target)
	if err != nil {
		return Bounds{}, err
	}
	return t.Bounds(), nil
}

// Mint makes a credential; invalid when the target mints none.
func (b *Broker) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	return call(ctx, b, g.Target, "mint", opening, func(ctx context.Context, t Target) (access.Credential, error) {
		m, ok := t.(Minter)
		if !ok {
			return access.Credential{}, access.Errorf(access.CodeInvalid, "this target hands out no credentials")
		}
		return m.Mint(ctx, g)
	})
}

// Extend moves the end of g in place; invalid when the target cannot.
func (b *Broker) Extend(ctx context.Context, g access.Grant) error {
	return act(ctx, b, g.Target, "extend", opening, func(ctx context.Context, t Target) error {
		e, ok := t.(Extender)
		if !ok {
			return access.Errorf(access.CodeInvalid, "this target cannot extend access; ask again instead")
		}
		return e.Extend(ctx, g)
	})
}

// Drift says how what is on the target differs from g; nothing when the target
// cannot tell. See Drifter.
func (b *Broker) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	return call(ctx, b, g.Target, "compare", opening, func(ctx context.Context, t Target) ([]string, error) {
		if d, ok := t.(DriftDetector); ok {
			return d.Drift(ctx, g)
		}
		return nil, nil
	})
}

// Restore makes what is on the target just g again; conflict when it cannot.
func (b *Broker) Restore(ctx context.Context, g access.Grant) error {
	return act(ctx, b, g.Target, "restore", closingBy(g), func(ctx context.Context, t Target) error {
		d, ok := t.(DriftDetector)
		if !ok {
			return access.Errorf(access.CodeConflict, "this target cannot put a grant right")
		}
		return d.Restore(ctx, g)
	})
}

// Ping says whether a target works: nil, or why not.
func (b *Broker) Ping(ctx context.Context, target string) error {
	return act(ctx, b, target, "check", opening, func(ctx context.Context, t Target) error {
		if c, ok := t.(Pinger); ok {
			return c.Ping(ctx)
		}
		return nil
	})
}
