package gcpiam

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// binding returns the binding that a grant is. Errors are of code invalid.
func (t *target) binding(g access.Grant) (resource string, b binding, err error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return "", b, err
	}
	member, err := t.config.member(g.Principal)
	return ent.Resource, binding{Role: ent.Role, Members: []string{member}, Condition: &condition{
		Title: g.Name, Description: "opened by Ramp, which removes it", Expression: endsAt(g.ExpiresAt)}}, err
}

// Grant implements integrations.Target. Errors are also of code unavailable: the policy has
// as many bindings as Google takes, which ends of others' access change.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	resource, want, err := t.binding(g)
	if err == nil {
		err = t.checkRole(ctx, want.Role, resource)
	}
	if err != nil {
		return err
	}
	put := func(ctx context.Context, _ string) error {
		return t.change(ctx, resource, func(p *policy) (bool, error) {
			if p == nil {
				return false, access.InvalidField("resource_unknown", "resource", "Google Cloud has no %s", resource)
			}
			switch own := p.of(g.Name); {
			case len(own) == 1 && len(differences(own[0], want)) == 0 && own[0].Condition.Expression == want.Condition.Expression:
				return false, nil // an earlier try's
			case len(own) > 0:
				return false, integrations.ErrChanged("the binding on " + resource)
			}
			if limit := p.full(want); limit != "" {
				return false, access.Errorf(access.CodeUnavailable, "%s: %s", resource, limit)
			}
			p.bindings = append(p.bindings, want)
			return true, nil
		})
	}
	return integrations.Attach(ctx, t.holders, object(resource, g.Name), g.Name, put, t.removal(g.Name))
}

// removal returns how a grant's binding goes. That there is none is proved by writing the
// policy back as it is: an old one, which Google may show for a while, is refused by its etag.
func (t *target) removal(grant string) func(context.Context, string) error {
	return func(ctx context.Context, object string) error {
		resource, err := resourceOf(object)
		if err != nil {
			return err
		}
		return t.change(ctx, resource, func(p *policy) (bool, error) {
			if p == nil { // the resource is gone, and with it all that anybody had on it
				return false, nil
			}
			p.replace(grant)
			return true, nil
		})
	}
}

// Revoke implements integrations.Target. Google asks nobody again who has signed in: each
// call is judged by the policy, so that nothing lives on but what Google has not heard of yet.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	objects, err := t.holders.Objects(ctx, g.Name)
	if err != nil {
		return err
	}
	if len(objects) > 0 {
		return integrations.Detach(ctx, t.holders, g.Name, t.removal(g.Name))
	}
	// The ledger knows nothing of the grant. It may have been set back: the title is Ramp's.
	for _, resource := range t.config.resources() {
		if err := t.change(ctx, resource, func(p *policy) (bool, error) {
			if p == nil || len(p.of(g.Name)) == 0 {
				return false, nil
			}
			p.replace(g.Name)
			return true, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// Extend implements integrations.Extender: the condition gets a later time, in one write.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	resource, want, err := t.binding(g)
	if err == nil {
		err = t.checkRole(ctx, want.Role, resource)
	}
	if err != nil {
		return err
	}
	objects, err := t.holders.Objects(ctx, g.Name)
	if err != nil {
		return err
	}
	switch held, ever := objects[object(resource, g.Name)]; {
	case !ever:
		return integrations.ErrNotOpen
	case !held:
		return integrations.ErrRevoked
	}
	return t.change(ctx, resource, func(p *policy) (bool, error) {
		if p == nil || len(p.of(g.Name)) == 0 {
			return false, integrations.ErrNotOpen
		}
		own := p.of(g.Name)
		end, ours := own[0].end()
		if len(own) > 1 || !ours || len(differences(own[0], want)) > 0 {
			return false, integrations.ErrChanged("the binding on " + resource)
		}
		if !end.Before(g.ExpiresAt) {
			return false, nil
		}
		p.replace(g.Name, want)
		return true, nil
	})
}

// Drift implements integrations.DriftDetector.
func (t *target) Drift(ctx context.Context, g access.Grant) (out []string, err error) {
	resource, want, err := t.binding(g)
	if err != nil {
		return nil, err
	}
	p, err := t.read(ctx, resource)
	if err != nil || p == nil {
		return nil, err
	}
	own := p.of(g.Name)
	if len(own) > 1 {
		out = append(out, "it has more than one binding on "+resource)
	}
	for _, b := range own {
		out = append(out, differences(b, want)...)
		if end, ours := b.end(); !ours {
			out = append(out, "its condition is another: "+access.Clip(b.Condition.Expression, 200))
		} else {
			out = append(out, integrations.EndDrift("it ends at", end, g.ExpiresAt)...)
		}
	}
	return out, nil
}

// differences returns how a binding differs from one that was granted, but for its end.
func differences(has, want binding) (out []string) {
	if has.Role != want.Role {
		out = append(out, "it gives "+access.Clip(has.Role, 100)+" instead of "+want.Role)
	}
	if len(has.Members) != 1 || !sameMember(has.Members[0], want.Members[0]) {
		out = append(out, "it is for "+access.Clip(strings.Join(has.Members, ", "), 200)+" instead of "+want.Members[0])
	}
	return out
}

// Restore implements integrations.DriftDetector.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	resource, want, err := t.binding(g)
	if err != nil {
		return err
	}
	err = t.change(ctx, resource, func(p *policy) (bool, error) {
		if p == nil || len(p.of(g.Name)) == 0 {
			return false, integrations.ErrNotOpen
		}
		end := g.ExpiresAt
		for _, b := range p.of(g.Name) {
			if has, ours := b.end(); ours {
				end = integrations.RestoredEnd(has, end)
			}
		}
		want.Condition.Expression = endsAt(end)
		p.replace(g.Name, want)
		return true, nil
	})
	if refused := jsonhttp.RefusalOf(err); refused != nil && refused.Status == http.StatusBadRequest {
		// Such as an account that was deleted: only closing is left.
		return access.Errorf(access.CodeConflict, "the binding cannot be put right: %w", err)
	}
	return err
}

// firstPause is how long a worker waits at first when somebody else has changed the policy.
const firstPause = 20 * time.Millisecond

// tries bounds how often a policy is read again because others have changed it.
const tries = 20

// change reads a policy, lets edit change it, and writes it back if edit says so: again from
// the start where somebody else has written meanwhile. edit gets nil where there is no such
// resource. Errors are edit's, and of code unavailable: others write all the time.
func (t *target) change(ctx context.Context, resource string, edit func(p *policy) (write bool, err error)) error {
	turn, _ := t.changing.LoadOrStore(resource, make(chan struct{}, 1))
	select {
	case turn.(chan struct{}) <- struct{}{}:
		defer func() { <-turn.(chan struct{}) }()
	case <-ctx.Done():
		return access.Errorf(access.CodeUnavailable, "waiting for another change of the policy of %s: %w", resource, ctx.Err())
	}
	wait := backoff.NewExponentialBackOff() // with jitter, so that two workers do not meet again
	wait.InitialInterval, wait.MaxInterval = t.step, 50*t.step
	for range tries {
		p, err := t.read(ctx, resource)
		if err != nil {
			return err
		}
		write, err := edit(p)
		if err != nil || !write {
			return err
		}
		written, err := t.write(ctx, resource, p)
		if err != nil || written {
			return err
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "the policy of %s is written by others at the same time: %w", resource, ctx.Err())
		case <-time.After(wait.NextBackOff()):
		}
	}
	return access.Errorf(access.CodeUnavailable, "the policy of %s was written by others %d times while it was to be changed", resource, tries)
}
