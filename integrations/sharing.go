package integrations

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// Holders counts which grants hold an object that the target forces them to
// share, such as one assignment of an account (docs/threats.md, case 30). The count outlives this
// process. The object is any name that is the same for all who share it. The
// ledger implements Holders; see there for the codes of errors.
type Holders interface {
	// Hold records that a grant holds the object. It is idempotent.
	Hold(ctx context.Context, object, grant string) error
	// Made is Hold once the object is on the target.
	Made(ctx context.Context, object, grant string) error
	// Release ends a grant's hold. If it returns last, no other grant holds the
	// object, and none can until Removed is called. Calling Release again, for
	// example after a crash, returns last again until then.
	Release(ctx context.Context, object, grant string) (last bool, err error)
	// Removed records that the object was removed from the target.
	Removed(ctx context.Context, object, grant string) error
	// Objects returns the objects that a grant holds or ever held, and whether it
	// holds them now.
	Objects(ctx context.Context, grant string) (map[string]bool, error)
	// Settled returns the objects with which a grant is done, on a target that may show
	// an old state for so long: it has left them to others, or has removed them and read
	// back that they are gone, so late that it was no old state, and so long ago that
	// none is shown any more. What is there of them is not the grant's. It reports of
	// each whether the grant removed it.
	Settled(ctx context.Context, grant string, within time.Duration) (map[string]bool, error)
	// Held returns the objects that begin with prefix and that grants hold now, those
	// that are being removed too, and for each the names of these grants.
	Held(ctx context.Context, prefix string) (map[string][]string, error)
}

// HolderUser is a Target on which grants must share objects.
type HolderUser interface {
	// UseHolders is called once, before anything else.
	UseHolders(h Holders)
}

// Attach opens a grant on a shared object: it records that the grant holds the
// object, and puts the object on the target. Every grant does both, not only the
// first to hold it: the first may have crashed between the two. Put must be
// idempotent. Errors are also of code conflict (the grant has ended) and
// unavailable (the object is being removed; try again).
func Attach(ctx context.Context, h Holders, object, grant string, put, remove func(ctx context.Context, object string) error) error {
	if err := h.Hold(ctx, object, grant); err != nil {
		return err
	}
	if err := put(ctx, object); err != nil {
		return err
	}
	// A revoke that ran between the two calls removed what was not there yet.
	err := h.Made(ctx, object, grant)
	if access.CodeOf(err) != access.CodeConflict {
		return err
	}
	if e := Detach(ctx, h, grant, remove); e != nil {
		return e
	}
	return err
}

// Detach closes a grant, by its name alone, and removes every object that no
// other grant holds. It is idempotent, and completes a Detach that crashed half
// way. Remove must be idempotent, and succeed when nothing is there.
func Detach(ctx context.Context, h Holders, grant string, remove func(ctx context.Context, object string) error) error {
	return detach(ctx, h, grant, nil, remove)
}

// DetachOnce is Detach of objects that bear no mark of Ramp's, on a target that may show an
// old state for so long. What the grant has removed for good it does not remove again: what is
// there by now, somebody else has given (docs/threats.md, case 157).
func DetachOnce(ctx context.Context, h Holders, grant string, within time.Duration, remove func(ctx context.Context, object string) error) error {
	settled, err := h.Settled(ctx, grant, within)
	if err != nil {
		return err
	}
	return detach(ctx, h, grant, settled, remove)
}

func detach(ctx context.Context, h Holders, grant string, settled map[string]bool, remove func(ctx context.Context, object string) error) error {
	objects, err := h.Objects(ctx, grant)
	if err != nil {
		return err
	}
	for object := range objects {
		if _, done := settled[object]; done {
			continue
		}
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
