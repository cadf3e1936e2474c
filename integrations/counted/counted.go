// Package counted is what targets have in common whose service has one object for all grants
// of the same thing to the same person, without an end of its own: a membership of a group, an
// assignment of a role. The ledger counts who holds it, and the last to leave removes it
// (docs/threats.md, cases 30 and 151).
package counted

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Service is what a target does to one object, by the name that it has in the ledger. Each is
// idempotent.
type Service interface {
	// Exists reads the object back.
	Exists(ctx context.Context, object string) (bool, error)
	// Put makes the object. Errors are also of code conflict: somebody else has made it, and
	// the service says so.
	Put(ctx context.Context, object string) error
	// Remove removes the object, and succeeds where there is none.
	Remove(ctx context.Context, object string) error
}

// Grants opens and closes grants on a service.
type Grants struct {
	Service Service
	Prefix  string // begins the objects' names in the ledger
	What    string // an object, for errors: "this membership"
	// Unmarked says that the service does not tell whose an object is. One that is there, and
	// that no grant holds, is somebody else's then.
	Unmarked    bool
	Consistency time.Duration // how long the service may show an old state
	Step        time.Duration // between two looks within that
	Holders     integrations.Holders
}

// Grant opens a grant. Errors are also of code conflict: the person has the object already,
// and not by Ramp, which would take it away at the end.
func (c *Grants) Grant(ctx context.Context, object, grant string) error {
	if c.Unmarked {
		if err := c.notForeign(ctx, object); err != nil {
			return err
		}
	}
	return integrations.Attach(ctx, c.Holders, object, grant, c.Service.Put, c.Service.Remove)
}

// notForeign returns an error of code conflict if somebody else made the object. What grants
// come and go meanwhile, and what the service still shows of one that is gone, is no proof: it
// is looked at for as long as the service may show an old state.
func (c *Grants) notForeign(ctx context.Context, object string) error {
	until := time.Now().Add(c.Consistency)
	for {
		held, err := c.isHeld(ctx, object)
		if err != nil || held {
			return err
		}
		there, err := c.Service.Exists(ctx, object)
		if err != nil || !there {
			return err
		}
		if held, err = c.isHeld(ctx, object); err != nil || held {
			return err
		}
		if !time.Now().Before(until) {
			return access.Errorf(access.CodeConflict, "the person has %s already, and not by Ramp, which would take it away at the end", c.What)
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "waiting for what the service shows: %w", ctx.Err())
		case <-time.After(c.Step):
		}
	}
}

// isHeld reports whether any grant holds an object, or is removing it.
func (c *Grants) isHeld(ctx context.Context, object string) (bool, error) {
	held, err := c.Holders.Held(ctx, object)
	return len(held[object]) > 0, err
}

// Revoke closes a grant. What other grants hold stays.
func (c *Grants) Revoke(ctx context.Context, grant string) error {
	return integrations.Detach(ctx, c.Holders, grant, c.Service.Remove)
}

// Extend says whether a grant is open: there is no end on the service that could be moved.
// Errors are also of code not_found and conflict.
func (c *Grants) Extend(ctx context.Context, object, grant string) error {
	objects, err := c.Holders.Objects(ctx, grant)
	if err != nil {
		return err
	}
	switch held, ever := objects[object]; {
	case !ever:
		return integrations.ErrNotOpen
	case !held:
		return integrations.ErrRevoked
	}
	there, err := c.Service.Exists(ctx, object)
	if err == nil && !there {
		err = integrations.ErrNotOpen
	}
	return err
}

// Inspect reads back what there is of a grant. What others hold is theirs; what nobody holds
// any more should not be there.
func (c *Grants) Inspect(ctx context.Context, grant string) (out access.ReadBack, err error) {
	objects, err := c.Holders.Objects(ctx, grant)
	if err != nil {
		return out, err
	}
	for object, holds := range objects {
		if !holds {
			held, err := c.isHeld(ctx, object)
			if err != nil {
				return out, err
			}
			if held {
				continue
			}
		}
		there, err := c.Service.Exists(ctx, object)
		if err != nil {
			return out, err
		}
		out.Open = out.Open || there
	}
	return out, nil
}

// List returns the grants that hold an object which is there.
func (c *Grants) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	held, err := c.Holders.Held(ctx, c.Prefix)
	if err != nil {
		return nil, err
	}
	for object, grants := range held {
		there, err := c.Service.Exists(ctx, object)
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			if there {
				listed = append(listed, integrations.ListedGrant{Name: g})
			}
		}
	}
	return listed, nil
}
