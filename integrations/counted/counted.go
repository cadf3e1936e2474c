// Package counted is what targets have in common whose service has one object for all grants
// of the same thing to the same person, without a mark of Ramp's: a membership of a group, an
// assignment of a role. The ledger counts who holds it, and the last to leave removes it
// (docs/threats.md, cases 30 and 151).
package counted

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Objects is what a service does to objects, by the names that they have in the ledger. Each
// is idempotent.
type Objects interface {
	// Shows reads an object back: what the person has by it, in words for errors such as
	// "this membership", and "" if it is not there. What the service does not show Ramp is an
	// error: it does not prove that access has ended.
	Shows(ctx context.Context, object string) (what string, err error)
	// Remove removes the object for the grant that held it last, and reads back that it is
	// gone. It succeeds where there is none.
	Remove(ctx context.Context, object, grant string) error
}

// Places is of Objects many of which the service shows at once.
type Places interface {
	// Place returns what has to be asked about to know of the object among others.
	Place(object string) (string, error)
	// In asks about a place, and returns what there is in it.
	In(ctx context.Context, place string) (there func(object string) bool, err error)
}

// Slow is of Objects that the service takes a while to make, and does not show until then.
type Slow interface {
	// BeingMade reports whether an object may be there a moment later.
	BeingMade(ctx context.Context, object string) (bool, error)
}

// Shared counts who holds a service's objects: with it a target closes, reads back and lists
// its grants. It is to be embedded; targets in which a grant is one object embed Target.
type Shared struct {
	Objects     Objects
	Prefix      string        // begins the objects' names in the ledger
	Consistency time.Duration // how long the service may show an old state
	Step        time.Duration // between two looks within that
	Holders     integrations.Holders
}

// UseHolders implements integrations.HolderUser.
func (s *Shared) UseHolders(h integrations.Holders) { s.Holders = h }

// NotForeign returns an error of code conflict if somebody else gave a person what an object
// gives: Ramp would take it away at the end. What grants come and go meanwhile, and what the
// service still shows of one that is gone, is no proof: it is looked at for as long as the
// service may show an old state.
func (s *Shared) NotForeign(ctx context.Context, object string) error {
	until := time.Now().Add(s.Consistency)
	for {
		held, err := s.Held(ctx, object)
		if err != nil || held > 0 {
			return err
		}
		what, err := s.Objects.Shows(ctx, object)
		if err != nil || what == "" {
			return err
		}
		if held, err = s.Held(ctx, object); err != nil || held > 0 {
			return err
		}
		if !time.Now().Before(until) {
			return access.Errorf(access.CodeConflict, "the person has %s already, and not by Ramp, which would take it away at the end", what)
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "waiting for what the service shows: %w", ctx.Err())
		case <-time.After(s.Step):
		}
	}
}

// Held returns how many grants hold an object, or are removing it.
func (s *Shared) Held(ctx context.Context, object string) (int, error) {
	held, err := s.Holders.Held(ctx, object)
	return len(held[object]), err
}

// Attach lets a grant hold an object, and puts it on the service; see integrations.Attach.
func (s *Shared) Attach(ctx context.Context, object, grant string, put func(ctx context.Context, object string) error) error {
	return integrations.Attach(ctx, s.Holders, object, grant, put, s.removal(grant))
}

// Revoke implements integrations.Target. What other grants hold stays, and so does what
// somebody else gave after the grant had ended.
func (s *Shared) Revoke(ctx context.Context, g access.Grant) error {
	return integrations.DetachOnce(ctx, s.Holders, g.Name, s.Consistency, s.removal(g.Name))
}

func (s *Shared) removal(grant string) func(context.Context, string) error {
	return func(ctx context.Context, object string) error { return s.Objects.Remove(ctx, object, grant) }
}

// Inspect implements integrations.Target. What others hold is theirs; what nobody holds any
// more should not be there, unless the grant has removed it for good.
func (s *Shared) Inspect(ctx context.Context, g access.Grant) (out access.ReadBack, err error) {
	// This is read first: another worker may be closing the grant.
	settled, err := s.Holders.Settled(ctx, g.Name, s.Consistency)
	if err != nil {
		return out, err
	}
	objects, err := s.Holders.Objects(ctx, g.Name)
	if err != nil {
		return out, err
	}
	for object, holds := range objects {
		removed, done := settled[object]
		if done && !removed {
			continue
		}
		if !holds {
			held, err := s.Held(ctx, object)
			if err != nil {
				return out, err
			}
			if held > 0 {
				continue
			}
		}
		what, err := s.Objects.Shows(ctx, object)
		if err != nil {
			return out, err
		}
		if slow, is := s.Objects.(Slow); is && what == "" && !done {
			making, err := slow.BeingMade(ctx, object)
			if err != nil {
				return out, err
			}
			out.Open = out.Open || making
		}
		out.Open = out.Open || what != "" && !done
		out.Again = out.Again || what != "" && done
	}
	return out, nil
}

// List implements integrations.Target: the grants that hold an object which is there. An
// object bears no mark, so the ledger alone knows whose it is. Where the service has an end of
// its own, it is the last of several grants', so none is given.
func (s *Shared) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	held, err := s.Holders.Held(ctx, s.Prefix)
	if err != nil {
		return nil, err
	}
	look := look{objects: s.Objects, places: map[string]place{}}
	look.byPlace, _ = s.Objects.(Places)
	failed, looked := map[string]error{}, false
	for object, grants := range held {
		there, where, err := look.at(ctx, object)
		if err != nil {
			failed[where] = err // whose it is, the ledger says
		} else if looked = true; !there {
			continue
		}
		for _, g := range grants {
			listed = append(listed, integrations.ListedGrant{Name: g})
		}
	}
	if len(failed) == 0 {
		return listed, nil
	}
	why := make([]error, 0, len(failed))
	for _, where := range slices.Sorted(maps.Keys(failed)) {
		why = append(why, failed[where])
	}
	if !looked { // nothing could be looked at
		return nil, why[0]
	}
	return listed, &integrations.Unlisted{Why: access.Errorf(access.CodeOf(why[0]), "%d of what is held: %w", len(why), errors.Join(why[:min(len(why), maxNamed)]...))}
}

// maxNamed bounds how many parts that could not be looked at an error names.
const maxNamed = 5

// look is one look at all that is held, which asks once about each place.
type look struct {
	objects Objects
	byPlace Places // nil if each object is asked about by itself
	places  map[string]place
}

type place struct {
	there func(object string) bool
	err   error
}

// at reports whether an object is there, and what was asked about.
func (l look) at(ctx context.Context, object string) (there bool, where string, err error) {
	if l.byPlace == nil {
		what, err := l.objects.Shows(ctx, object)
		return what != "", object, err
	}
	where, err = l.byPlace.Place(object)
	if err != nil {
		return false, object, err
	}
	p, known := l.places[where]
	if !known {
		p.there, p.err = l.byPlace.In(ctx, where)
		l.places[where] = p
	}
	if p.err != nil {
		return false, where, p.err
	}
	return p.there(object), where, nil
}
