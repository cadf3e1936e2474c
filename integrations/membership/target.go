package membership

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/counted"
)

// Target is all of integrations.Target but Resolve and Bounds, for one service. It is safe
// for concurrent use.
type Target struct {
	*counted.Shared
	service Service
}

// New returns the target of a service which may show an old state for so long.
func New(s Service, consistency time.Duration) *Target {
	return &Target{service: s, Shared: &counted.Shared{Objects: objects{s}, Prefix: membershipObject,
		Consistency: consistency, Step: min(time.Second, max(consistency/10, time.Millisecond))}}
}

// Grant implements integrations.Target. Errors are also of code conflict: the person has the
// membership, and not by Ramp, or has it in another role by another grant.
func (t *Target) Grant(ctx context.Context, g access.Grant) error {
	m, role, err := t.service.Find(ctx, g)
	if err != nil {
		return err
	}
	if err := t.NotForeign(ctx, m.object()); err != nil {
		return err
	}
	// The membership is held before its role, so that a revoke between the two ends both:
	// what it released is not held again.
	if err := t.Holders.Hold(ctx, m.object(), g.Name); err != nil {
		return err
	}
	err = t.Attach(ctx, m.roles()+role, g.Name, t.onlyRole(m))
	if access.CodeOf(err) == access.CodeConflict && err != nil {
		if e := t.Revoke(ctx, g); e != nil {
			return e
		}
	}
	if err != nil {
		return err
	}
	return t.Attach(ctx, m.object(), g.Name, t.put(m, role, g.ExpiresAt))
}

// onlyRole returns an error of code conflict if another grant needs the same membership in
// another role: a person has one role in a place. Of two that come at once both may be
// refused, and never are both let in.
func (t *Target) onlyRole(m Membership) func(context.Context, string) error {
	return func(ctx context.Context, own string) error {
		held, err := t.Holders.Held(ctx, m.roles())
		for object := range held {
			if object != own {
				return access.Errorf(access.CodeConflict, "the person has %s there by another grant, and can have one role only; ask again when that has ended",
					access.Clip(strings.TrimPrefix(object, m.roles()), 40))
			}
		}
		return err
	}
}

// put makes the membership and reads it back. Another grant's later end stays.
func (t *Target) put(m Membership, role string, end time.Time) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error {
		want := State{Role: role, Ends: t.service.End(end)}
		is, err := t.service.State(ctx, m)
		if err != nil {
			return err
		}
		if is.IsThere() && is.Ends.After(want.Ends) {
			want.Ends = is.Ends
		}
		if !is.equal(want) {
			if err := t.service.Put(ctx, m, want); err != nil {
				return err
			}
			if is, err = t.service.State(ctx, m); err != nil {
				return err
			}
		}
		switch {
		case is.Pending:
			// Whoever accepts an invitation has the access, at a time that nobody chose.
			if err := t.service.Remove(ctx, m); err != nil {
				return err
			}
			return access.Invalid(access.Issue{Code: "invitation_pending", Field: "principal",
				Message: "the service invites the person instead of adding them (state: pending), and Ramp took the invitation back: they have to be a member first"})
		case is.Role != role:
			return access.Errorf(access.CodeUnavailable, "the service took the membership, and does not show it yet")
		}
		return nil
	}
}
