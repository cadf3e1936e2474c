package membership

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Target is all of integrations.Target but Resolve and Bounds, for one service. It is safe
// for concurrent use.
type Target struct {
	service     Service
	consistency time.Duration
	step        time.Duration // between two looks
	holders     integrations.Holders
}

// New returns the target of a service which may show an old state for so long.
func New(s Service, consistency time.Duration) *Target {
	return &Target{service: s, consistency: consistency, step: min(time.Second, max(consistency/10, time.Millisecond))}
}

// UseHolders implements integrations.HolderUser.
func (t *Target) UseHolders(h integrations.Holders) { t.holders = h }

// Grant implements integrations.Target. Errors are also of code conflict: the person has the
// membership, and not by Ramp, or has it in another role by another grant.
func (t *Target) Grant(ctx context.Context, g access.Grant) error {
	m, role, err := t.service.Find(ctx, g)
	if err != nil {
		return err
	}
	if err := t.notForeign(ctx, m); err != nil {
		return err
	}
	// The membership is held before its role, so that a revoke between the two ends both:
	// what it released is not held again.
	if err := t.holders.Hold(ctx, m.object(), g.Name); err != nil {
		return err
	}
	err = integrations.Attach(ctx, t.holders, m.roles()+role, g.Name, t.onlyRole(m), t.remove)
	if access.CodeOf(err) == access.CodeConflict && err != nil {
		if e := integrations.Detach(ctx, t.holders, g.Name, t.remove); e != nil {
			return e
		}
	}
	if err != nil {
		return err
	}
	return integrations.Attach(ctx, t.holders, m.object(), g.Name, t.put(m, role, g.ExpiresAt), t.remove)
}

// notForeign returns an error of code conflict if somebody else gave the membership: Ramp
// would take it away at the end. What grants come and go meanwhile, and what the service
// still shows of one that is gone, is no proof: it is looked at for as long as the service
// may show an old state.
func (t *Target) notForeign(ctx context.Context, m Membership) error {
	until := time.Now().Add(t.consistency)
	for {
		held, err := t.holdersOf(ctx, m)
		if err != nil || held > 0 {
			return err
		}
		state, err := t.service.State(ctx, m)
		if err != nil || !state.IsThere() {
			return err
		}
		if held, err = t.holdersOf(ctx, m); err != nil || held > 0 {
			return err
		}
		if !time.Now().Before(until) {
			what := "is a member there already (" + access.Clip(state.Role, 40) + ")"
			if state.Pending {
				what = "has an invitation there already"
			}
			return access.Errorf(access.CodeConflict, "the person %s, and not by Ramp, which would take it away at the end", what)
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "the service still shows the membership: %w", ctx.Err())
		case <-time.After(t.step):
		}
	}
}

// holdersOf returns how many grants hold a membership, or are removing it.
func (t *Target) holdersOf(ctx context.Context, m Membership) (int, error) {
	held, err := t.holders.Held(ctx, m.object())
	return len(held[m.object()]), err
}

// onlyRole returns an error of code conflict if another grant needs the same membership in
// another role: a person has one role in a place. Of two that come at once both may be
// refused, and never are both let in.
func (t *Target) onlyRole(m Membership) func(context.Context, string) error {
	return func(ctx context.Context, own string) error {
		held, err := t.holders.Held(ctx, m.roles())
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

// Revoke implements integrations.Target. What other grants hold stays.
func (t *Target) Revoke(ctx context.Context, g access.Grant) error {
	return integrations.Detach(ctx, t.holders, g.Name, t.remove)
}

// remove takes away what the last grant held, and reads it back. A role is no object of its
// own on the service.
func (t *Target) remove(ctx context.Context, object string) error {
	m, role, err := parse(object)
	if err != nil || role != "" {
		return err
	}
	if err := t.service.Remove(ctx, m); err != nil {
		return err
	}
	state, err := t.service.State(ctx, m)
	if err == nil && state.IsThere() {
		err = access.Errorf(access.CodeUnavailable, "the service says that it removed the membership, and still shows it: it is not gone yet, or comes from elsewhere too")
	}
	return err
}
