// Package model is an outside system in memory, with its own expiry and with
// the faults that real ones have. The property tests and the recorded histories
// run on it; nothing that is shipped does.
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

// Config is what a target promises about time, and who watches it.
type Config struct {
	Now      func() time.Time
	Bounds   integrations.Bounds
	OnEffect func(Effect) // told of every effect, before anybody is answered; may be nil
}

// Effect is one effect on the target.
type Effect struct {
	Op    Op
	Grant access.Grant
	At    time.Time
}

// Target is an outside system in memory. It is safe for concurrent use.
type Target struct {
	config  Config
	mu      sync.Mutex
	objects map[string]*object
	faults  map[Op][]Fault
	held    map[Op]chan struct{}
}

var (
	_ integrations.Target   = (*Target)(nil)
	_ integrations.Extender = (*Target)(nil)
	_ integrations.Minter   = (*Target)(nil)
)

type object struct {
	expires time.Time
	seenAt  time.Time // not seen by any call before this, on the target's clock,
	seenBy  time.Time // or before this on the machine's, whichever comes first
}

// New makes an empty target.
func New(c Config) *Target {
	return &Target{config: c, objects: map[string]*object{}, faults: map[Op][]Fault{}, held: map[Op]chan struct{}{}}
}

// FailNext says what goes wrong with the next calls of one operation, in turn.
// Afterwards nothing does.
func (t *Target) FailNext(op Op, faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[op] = append(t.faults[op], faults...)
}

// Block makes calls of one operation wait until they are let go. They do not
// listen to cancellation, as a request that is on its way to a cloud does not.
func (t *Target) Block(op Op) (letGo func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	gate := make(chan struct{})
	t.held[op] = gate
	return sync.OnceFunc(func() { close(gate) })
}

func (t *Target) wait(op Op) {
	t.mu.Lock()
	gate := t.held[op]
	t.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// Usable lists the grants that let somebody in at this moment: those that are
// there and not past the target's own expiry.
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

// Objects lists everything that is there, past its expiry or not.
func (t *Target) Objects() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.objects))
}

// Remove takes a grant away by hand.
func (t *Target) Remove(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.objects, name)
}

// call is one call: a fault before the effect, the effect, a fault after it.
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
	if t.config.OnEffect != nil {
		t.config.OnEffect(Effect{Op: op, Grant: g, At: t.config.Now()})
	}
	return f.after()
}

// seen is the object as calls see it; nil while it has not surfaced.
func (t *Target) seen(name string) *object {
	o := t.objects[name]
	if o == nil || t.config.Now().Before(o.seenAt) && time.Now().Before(o.seenBy) {
		return nil
	}
	return o
}

// Resolve takes entitlements of one field, what.
func (t *Target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	what, ok := e["what"].(string)
	if !ok || len(e) != 1 {
		return access.Scope{}, access.Invalid(access.Issue{Code: "entitlement", Message: "one word, what, is needed"})
	}
	return access.Scope{Summary: what, Ends: "at the target's own expiry"}, nil
}

// Grant opens g. See integrations.Target, for all below.
func (t *Target) Grant(_ context.Context, g access.Grant) error {
	if !t.config.Now().Before(g.ExpiresAt) {
		return access.Invalid(access.Issue{Code: "expired", Message: "the grant has expired"})
	}
	return t.call(OpGrant, g, func(f Fault) error {
		o := &object{expires: g.ExpiresAt}
		if f == SurfacesLate {
			o.seenAt, o.seenBy = t.config.Now().Add(t.config.Bounds.Consistency), time.Now().Add(t.config.Bounds.Consistency)
		}
		t.objects[g.Name] = o
		return nil
	})
}

func (t *Target) Extend(_ context.Context, g access.Grant) error {
	return t.call(OpExtend, g, func(Fault) error {
		o := t.seen(g.Name)
		if o == nil {
			return access.Errorf(access.CodeNotFound, "nothing is open")
		}
		o.expires = g.ExpiresAt
		return nil
	})
}

func (t *Target) Mint(_ context.Context, g access.Grant) (access.Credential, error) {
	c := access.Credential{Kind: "model", Env: map[string]string{"SECRET": "of " + g.Name}, ExpiresAt: g.ExpiresAt}
	return c, t.call(OpMint, g, func(Fault) error {
		if t.seen(g.Name) == nil {
			return access.Errorf(access.CodeNotFound, "nothing is open")
		}
		return nil
	})
}

func (t *Target) Inspect(_ context.Context, g access.Grant) (p integrations.ReadBack, err error) {
	err = t.call(OpInspect, g, func(Fault) error {
		p.Open = t.seen(g.Name) != nil
		return nil
	})
	return p, err
}

func (t *Target) Revoke(_ context.Context, g access.Grant) error {
	return t.call(OpRevoke, g, func(f Fault) error {
		if t.seen(g.Name) != nil && f != StillThere {
			delete(t.objects, g.Name)
		}
		return nil
	})
}

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

func (t *Target) Bounds() integrations.Bounds { return t.config.Bounds }
