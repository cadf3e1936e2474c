package integrations

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/pacing"
)

// Broker is how the rest of Ramp uses targets. It finds the target of a grant,
// guards it (see Guard), lets operations through at the target's rate, bounds
// the time of each, and says in errors which operation on which target failed.
// A target that could not be opened stays known, with its reason; the others
// work, and it joins them by Enable.
//
// Typical usage:
//
//	broker := integrations.NewBroker(map[string]integrations.Target{"ssh/demo": target}, nil)
//	scope, err := broker.Resolve(ctx, "ssh/demo", entitlement) // what people approve
//	err = broker.Grant(ctx, grant)
//	credential, err := broker.Mint(ctx, grant)
//	err = broker.Revoke(ctx, grant)
//	found, err := broker.Inspect(ctx, grant) // ended is when found.Gone()
type Broker struct {
	mu       sync.RWMutex // of the maps
	targets  map[string]*Guarded
	disabled map[string]error
	limiters map[string]*pacing.Limiter
}

// callTimeout bounds one operation on a target. Targets may be stricter.
const callTimeout = 20 * time.Second

// NewBroker returns a Broker of the given targets, by name. Every operation on
// a disabled one returns the kind of its failure, with code unavailable.
func NewBroker(targets map[string]Target, disabled map[string]error) *Broker {
	b := &Broker{targets: map[string]*Guarded{}, disabled: map[string]error{}, limiters: map[string]*pacing.Limiter{}}
	maps.Copy(b.disabled, disabled)
	for name, t := range targets {
		b.Enable(name, t, pacing.Rate{})
	}
	return b
}

// Enable adds a target, also in the place of one that is disabled. The zero rate is the
// target's own.
func (b *Broker) Enable(name string, t Target, rate pacing.Rate) {
	if rate == (pacing.Rate{}) {
		rate = t.Bounds().Rate
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.targets[name], b.limiters[name] = Guard(t), pacing.New(rate)
	delete(b.disabled, name)
}

// Disable says why a target that is disabled still is. A target that works stays.
func (b *Broker) Disable(name string, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, works := b.targets[name]; !works {
		b.disabled[name] = why
	}
}

// Rate returns how often a target may be asked: the default for one that is
// disabled.
func (b *Broker) Rate(target string) pacing.Rate {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if l, ok := b.limiters[target]; ok {
		return l.Rate()
	}
	return pacing.DefaultRate()
}

// Queue is what waits for one target.
type Queue struct {
	Target string
	pacing.Queue
}

// Queues returns what waits for each target, by name.
func (b *Broker) Queues() []Queue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Queue
	for _, name := range slices.Sorted(maps.Keys(b.limiters)) {
		for _, q := range b.limiters[name].Queues() {
			out = append(out, Queue{name, q})
		}
	}
	return out
}

// Names returns the names of all targets, disabled ones too, in order.
func (b *Broker) Names() []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	names := slices.AppendSeq(slices.Collect(maps.Keys(b.targets)), maps.Keys(b.disabled))
	slices.Sort(names)
	return slices.Compact(names)
}

func (b *Broker) target(name string) (*Guarded, *pacing.Limiter, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if t, ok := b.targets[name]; ok {
		return t, b.limiters[name], nil
	}
	if err, ok := b.disabled[name]; ok {
		// Why is for those who run Ramp (Disabled): this goes to people who asked for access.
		return nil, nil, access.Errorf(access.CodeUnavailable, "target %s is off: its worker cannot start it (%s)", name, FaultOf(err).Words())
	}
	return nil, nil, access.Errorf(access.CodeNotFound, "this worker does not serve target %q", access.Clip(name, 60))
}

// Disabled returns why a target could not be opened; nil for one that was, and for one that
// this worker does not serve.
func (b *Broker) Disabled(target string) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if _, opened := b.targets[target]; opened {
		return nil
	}
	return b.disabled[target]
}

// Bounds returns the target's promises about time.
func (b *Broker) Bounds(target string) (Bounds, error) {
	t, _, err := b.target(target)
	if err != nil {
		return Bounds{}, err
	}
	return t.Bounds(), nil
}

// operation is one operation on a target and its place in the queues.
type operation struct {
	name   string // for errors
	target string
	class  pacing.Class // empty for what does not touch the service, and so does not wait
	due    time.Time    // among operations that close, the earliest is served first
}

// call waits for the operation's turn and runs it with a deadline. An error
// keeps its code; but a deadline that passed is unavailable, not internal.
func call[T any](ctx context.Context, b *Broker, op operation, run func(context.Context, *Guarded) (T, error)) (T, error) {
	var zero T
	t, limiter, err := b.target(op.target)
	if err != nil {
		return zero, err
	}
	if op.class != "" {
		if err := limiter.Wait(ctx, op.class, op.due); err != nil {
			return zero, access.Errorf(access.CodeUnavailable, "%s on %s: waiting under the target's rate: %w", op.name, op.target, err)
		}
	}
	// The time spent waiting is not the target's.
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := run(ctx, t)
	if err == nil {
		return out, nil
	}
	if access.CodeOf(err) == access.CodeThrottled && op.class != pacing.Aside { // nobody tries it again
		limiter.BackOff(access.RetryAfterOf(err))
	}
	return zero, op.wrap(err)
}

func (op operation) wrap(err error) error {
	code := access.CodeOf(err)
	if code == access.CodeInternal && errors.Is(err, context.DeadlineExceeded) {
		code = access.CodeUnavailable
	}
	if issues := access.IssuesOf(err); len(issues) > 0 {
		return &access.Error{Code: code, Message: op.name + " on " + op.target, Issues: issues, RetryAfter: access.RetryAfterOf(err)}
	}
	return access.Errorf(code, "%s on %s: %w", op.name, op.target, err)
}

// act is call, for operations that return nothing.
func act(ctx context.Context, b *Broker, op operation, run func(context.Context, *Guarded) error) error {
	_, err := call(ctx, b, op, func(ctx context.Context, t *Guarded) (struct{}, error) { return struct{}{}, run(ctx, t) })
	return err
}
