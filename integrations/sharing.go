package integrations

import (
	"context"
	"fmt"

	"ramp.dev/ramp/access"
)

// Holders counts which grants hold an object that the target forces them to
// share, such as one membership of a group (CASES 30). It outlives this process.
// Object is any name that is the same for all who share it. The ledger's is the
// one there is; see there for the codes.
type Holders interface {
	// Hold writes down that a grant holds the object. Idempotent.
	Hold(ctx context.Context, object, grant string) error
	// Release ends that. After last, nobody can hold the object until Gone.
	Release(ctx context.Context, object, grant string) (last bool, err error)
	// Removed writes down that the object was removed.
	Removed(ctx context.Context, object, grant string) error
	// Objects are those that a grant holds or ever held, and whether it does.
	Objects(ctx context.Context, grant string) (map[string]bool, error)
}

// HolderUser is a Target on which grants must share objects. Share is called once,
// before anything else.
type HolderUser interface {
	UseHolders(h Holders)
}

// Attach opens a grant on a shared object: it holds the object, and puts it
// there. Every holder does, the first and those after: one that crashed before
// it may be the first in the books only. Put must be idempotent. Errors are also
// of code conflict (the grant has ended) and unavailable (the object is being
// removed: try again).
func Attach(ctx context.Context, h Holders, object, grant string, put, remove func(ctx context.Context, object string) error) error {
	if err := h.Hold(ctx, object, grant); err != nil {
		return err
	}
	if err := put(ctx, object); err != nil {
		return err
	}
	// A revoke that overtook this removed what was not there yet.
	err := h.Hold(ctx, object, grant)
	if access.CodeOf(err) != access.CodeConflict {
		return err
	}
	if e := Detach(ctx, h, grant, remove); e != nil {
		return e
	}
	return err
}

// Detach closes a grant, by its name alone: what nobody else holds is removed.
// It is idempotent, and mends what a Leave that crashed half way left. Remove
// must be idempotent, and succeed when nothing is there.
func Detach(ctx context.Context, h Holders, grant string, remove func(ctx context.Context, object string) error) error {
	objects, err := h.Objects(ctx, grant)
	if err != nil {
		return err
	}
	for object := range objects {
		last, err := h.Release(ctx, object, grant)
		if err != nil {
			return err
		}
		if !last {
			continue
		}
		if err := remove(ctx, object); err != nil {
			return fmt.Errorf("removing %s: %w", object, err)
		}
		if err := h.Removed(ctx, object, grant); err != nil {
			return err
		}
	}
	return nil
}
