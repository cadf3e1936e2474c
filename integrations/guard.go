package integrations

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// Guarded is a Target behind the checks that are the same for every target, and
// the one place where optional interfaces (Minter and so on) are discovered.
type Guarded struct {
	target Target
	now    func() time.Time
}

var _ Target = (*Guarded)(nil)

// Guard returns t behind the checks that Target names. It uses the worker's
// clock, or t's own if t has a method Now, as a fake in simulated time does.
func Guard(t Target) *Guarded {
	if g, guarded := t.(*Guarded); guarded {
		return g
	}
	g := &Guarded{target: t, now: clock.Now}
	if own, ok := t.(interface{ Now() time.Time }); ok {
		g.now = own.Now
	}
	return g
}

// checkName refuses names that Ramp did not make, so that no mistake elsewhere
// reaches an object that is not Ramp's, or escapes from a directory.
func checkName(name string) error {
	if _, ok := access.RequestIDFromGrantName(name); !ok {
		return access.Invalid(access.Issue{Code: "grant_name", Field: "name",
			Message: access.Clip(name, 60) + " is not the name of a grant of Ramp's"})
	}
	return nil
}

// check returns g as targets get it, with its end in whole seconds of UTC. The
// entitlement is resolved again, so that what reaches the target was validated
// by the code that acts on it.
func (t *Guarded) check(ctx context.Context, g access.Grant) (access.Grant, error) {
	if err := checkName(g.Name); err != nil {
		return g, err
	}
	g.ExpiresAt = g.ExpiresAt.UTC().Truncate(time.Second)
	if c, ok := t.target.(Checker); ok {
		return g, c.Check(g.Entitlement)
	}
	_, err := t.target.Resolve(ctx, g.Entitlement)
	return g, err
}

// checkLive is check, for what opens or prolongs access.
func (t *Guarded) checkLive(ctx context.Context, g access.Grant) (access.Grant, error) {
	g, err := t.check(ctx, g)
	if err == nil && !t.now().Before(g.ExpiresAt) {
		err = ErrExpired
	}
	return g, err
}

// Resolve implements Target. Errors are also of code invalid: the scope cannot be
// shown to approvers as it is.
func (t *Guarded) Resolve(ctx context.Context, e access.Entitlement) (access.Scope, error) {
	s, err := t.target.Resolve(ctx, e)
	if err == nil {
		err = s.Validate().Err()
	}
	return s, err
}

// Grant implements Target. Errors are also of code invalid: the grant has
// expired, or its name is not one of Ramp's.
func (t *Guarded) Grant(ctx context.Context, g access.Grant) error {
	g, err := t.checkLive(ctx, g)
	if err != nil {
		return err
	}
	return t.target.Grant(ctx, g)
}

// Inspect implements Target. Errors are also of code invalid: the name is not
// one of Ramp's.
func (t *Guarded) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	if err := checkName(g.Name); err != nil {
		return access.ReadBack{}, err
	}
	return t.target.Inspect(ctx, g)
}

// Revoke implements Target. Errors are also of code invalid: the name is not
// one of Ramp's.
func (t *Guarded) Revoke(ctx context.Context, g access.Grant) error {
	if err := checkName(g.Name); err != nil {
		return err
	}
	return t.target.Revoke(ctx, g)
}

// List implements Target. It names each grant once, in order, with the latest
// end that any of its objects has. With an error that is Unlisted, it returns all but a part.
func (t *Guarded) List(ctx context.Context) ([]ListedGrant, error) {
	listed, err := t.target.List(ctx)
	if part := (*Unlisted)(nil); err != nil && !errors.As(err, &part) {
		return nil, err
	}
	merged := map[string]ListedGrant{}
	for _, l := range listed {
		if checkName(l.Name) != nil {
			continue
		}
		if seen, ok := merged[l.Name]; !ok || l.ExpiresAt.After(seen.ExpiresAt) {
			merged[l.Name] = l
		}
	}
	return slices.SortedFunc(maps.Values(merged), func(a, b ListedGrant) int { return strings.Compare(a.Name, b.Name) }), err
}

// Bounds implements Target.
func (t *Guarded) Bounds() Bounds { return t.target.Bounds() }
