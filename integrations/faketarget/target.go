// Package faketarget is a target in memory, with an expiry of its own and with the
// faults that real services have. Property tests and recorded histories use it;
// nothing that is shipped does. For a new integration it is also the shortest
// example of a Target.
package faketarget

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Config configures a Target.
type Config struct {
	Now      func() time.Time // the target's clock, which a test may move
	Bounds   integrations.Bounds
	OnEffect func(Effect) // called with every effect, before the call returns; may be nil
	// Inventory returns what the target has at this moment, by list; nil: it has no list.
	Inventory func() map[string][]access.Choice
}

// Effect is one effect on the target.
type Effect struct {
	Op    Op
	Grant access.Grant
	At    time.Time
}

// Target is a target in memory. It is safe for concurrent use.
type Target struct {
	config  Config
	mu      sync.Mutex
	objects map[string]*object
	faults  map[Op][]Fault
	blocked map[Op]chan struct{}
}

var (
	_ integrations.Target   = (*Target)(nil)
	_ integrations.Extender = (*Target)(nil)
	_ integrations.Minter   = (*Target)(nil)

	_ integrations.Inventory = (*Target)(nil)
)

type object struct {
	expires time.Time
	// No call sees the object before seenAt on the target's clock, or before seenBy
	// on the machine's, whichever comes first.
	seenAt, seenBy time.Time
}

// New returns an empty target.
func New(c Config) *Target {
	return &Target{config: c, objects: map[string]*object{}, faults: map[Op][]Fault{}, blocked: map[Op]chan struct{}{}}
}

// FailNext sets the faults of the next calls of one operation, in turn. The calls
// after them have none.
func (t *Target) FailNext(op Op, faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[op] = append(t.faults[op], faults...)
}

// Block makes calls of one operation wait until unblock is called. Cancelling
// their context does not stop them, as it does not stop a request that is on its
// way to a cloud.
func (t *Target) Block(op Op) (unblock func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	blocked := make(chan struct{})
	t.blocked[op] = blocked
	return sync.OnceFunc(func() { close(blocked) })
}

func (t *Target) wait(op Op) {
	t.mu.Lock()
	blocked := t.blocked[op]
	t.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
}

// Usable returns the names of the grants that let somebody in at this moment:
// those that exist and have not reached the target's own expiry.
func (t *Target) Usable() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(t.objects)) {
		if t.config.Now().Before(t.objects[name].expires) {
			names = append(names, name)
		}
	}
	return names
}

// Objects returns the names of everything that exists, expired or not.
func (t *Target) Objects() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.objects))
}

// Remove removes a grant's object, as somebody would by hand.
func (t *Target) Remove(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.objects, name)
}

// call runs one call: a fault before the effect, the effect, a fault after it.
func (t *Target) call(op Op, g access.Grant, effect func(Fault) error) error {
	t.wait(op)
	t.mu.Lock()
	defer t.mu.Unlock()
	var f Fault
	if queue := t.faults[op]; len(queue) > 0 {
		f, t.faults[op] = queue[0], queue[1:]
	}
	if err := f.before(); err != nil {
		return err
	}
	if err := effect(f); err != nil {
		return err
	}
	if t.config.OnEffect != nil && op != OpChoices {
		t.config.OnEffect(Effect{Op: op, Grant: g, At: t.config.Now()})
	}
	return f.after()
}

// seen returns the object, or nil while calls do not see it yet.
func (t *Target) seen(name string) *object {
	o := t.objects[name]
	if o == nil || t.config.Now().Before(o.seenAt) && time.Now().Before(o.seenBy) {
		return nil
	}
	return o
}

// Resolve implements integrations.Target, for entitlements of one key, what.
func (t *Target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	var ent struct {
		What string `entitlement:"what,required"`
	}
	issues := integrations.DecodeEntitlement(e, &ent)
	return Scope(ent.What), issues.Err()
}

// Scope returns what Resolve returns of an entitlement to something.
func Scope(what string) access.Scope {
	return access.Scope{Summary: what, Ends: "at the target's own expiry"}
}

// Now returns the time on the target's clock, for integrations.Guard.
func (t *Target) Now() time.Time { return t.config.Now() }

// Grant implements integrations.Target.
func (t *Target) Grant(_ context.Context, g access.Grant) error {
	return t.call(OpGrant, g, func(f Fault) error {
		o := &object{expires: g.ExpiresAt}
		if f == SurfacesLate {
			o.seenAt, o.seenBy = t.config.Now().Add(t.config.Bounds.Consistency), time.Now().Add(t.config.Bounds.Consistency)
		}
		t.objects[g.Name] = o
		return nil
	})
}

// Extend implements integrations.Extender.
func (t *Target) Extend(_ context.Context, g access.Grant) error {
	return t.call(OpExtend, g, func(Fault) error {
		o := t.seen(g.Name)
		if o == nil {
			return integrations.ErrNotOpen
		}
		o.expires = g.ExpiresAt
		return nil
	})
}

// Mint implements integrations.Minter.
func (t *Target) Mint(_ context.Context, g access.Grant) (access.Credential, error) {
	c := access.Credential{Kind: "fake", Env: map[string]string{"SECRET": "of " + g.Name}, ExpiresAt: g.ExpiresAt}
	return c, t.call(OpMint, g, func(Fault) error {
		if t.seen(g.Name) == nil {
			return integrations.ErrNotOpen
		}
		return nil
	})
}

// Inspect implements integrations.Target.
func (t *Target) Inspect(_ context.Context, g access.Grant) (p access.ReadBack, err error) {
	err = t.call(OpInspect, g, func(Fault) error {
		p.Open = t.seen(g.Name) != nil
		return nil
	})
	return p, err
}

// Revoke implements integrations.Target.
func (t *Target) Revoke(_ context.Context, g access.Grant) error {
	return t.call(OpRevoke, g, func(f Fault) error {
		if t.seen(g.Name) != nil && f != StillThere {
			delete(t.objects, g.Name)
		}
		return nil
	})
}

// List implements integrations.Target.
func (t *Target) List(context.Context) ([]integrations.ListedGrant, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []integrations.ListedGrant
	for _, name := range slices.Sorted(maps.Keys(t.objects)) {
		if o := t.seen(name); o != nil {
			found = append(found, integrations.ListedGrant{Name: name, ExpiresAt: o.expires})
		}
	}
	return found, nil
}

// Bounds implements integrations.Target.
func (t *Target) Bounds() integrations.Bounds { return t.config.Bounds }
