package counted

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Service is one on which a grant is one object.
type Service interface {
	Objects
	// Object returns the name of the object that a grant is. Errors are also of code invalid
	// and conflict.
	Object(ctx context.Context, g access.Grant) (string, error)
	// Put makes the object. Errors are also of code conflict: somebody else has made it, and
	// the service says so.
	Put(ctx context.Context, object string) error
}

// Target is all of integrations.Target but Resolve and Bounds, and integrations.Extender, for
// one service. It is to be embedded.
type Target struct {
	Shared
	service Service
}

// New returns the target of a service whose objects have these fields.
func New(service Service, s Shared) Target {
	s.Objects = service
	return Target{s, service}
}

// Grant implements integrations.Target. Errors are also of code conflict: the person has the
// object already, and not by Ramp, which would take it away at the end.
func (t *Target) Grant(ctx context.Context, g access.Grant) error {
	object, err := t.service.Object(ctx, g)
	if err != nil {
		return err
	}
	if err := t.NotForeign(ctx, object); err != nil {
		return err
	}
	return t.Attach(ctx, object, g.Name, t.service.Put)
}

// Extend implements integrations.Extender. The service has no end that could be moved, so
// Extend says whether the grant is open.
func (t *Target) Extend(ctx context.Context, g access.Grant) error {
	object, err := t.service.Object(ctx, g)
	if err != nil {
		return err
	}
	objects, err := t.Holders.Objects(ctx, g.Name)
	if err != nil {
		return err
	}
	switch held, ever := objects[object]; {
	case !ever:
		return integrations.ErrNotOpen
	case !held:
		return integrations.ErrRevoked
	}
	what, err := t.service.Shows(ctx, object)
	if err == nil && what == "" {
		err = integrations.ErrNotOpen
	}
	return err
}
