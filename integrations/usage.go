package integrations

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/pacing"
)

// UsageReporter is a Target that can say how a grant was used, or as much of it as it knows.
type UsageReporter interface {
	// Usage returns how g was used until now, and how much of that the target knows
	// (access.UsageKind). It needs no more than g.Name, and changes nothing. Errors are also
	// of code not_found: the target has nothing of the grant.
	Usage(ctx context.Context, g access.Grant) (access.Usage, error)
	// WatchUsage notes what is in use at this moment, where the target would not know of it
	// later. It is called every half minute (worker.reconcile.every), and changes nothing else.
	WatchUsage(ctx context.Context) error
	// UsageStays reports whether Usage says the same once a grant was revoked. Closing does
	// not wait for it then.
	UsageStays() bool
}

// usageTimeout bounds asking a target for the usage of a grant that is about to be closed,
// with the wait for its turn: closing comes first.
const usageTimeout = time.Second

// CanReportUsage reports whether the target is a UsageReporter.
func (t *Guarded) CanReportUsage() bool { _, ok := t.target.(UsageReporter); return ok }

// UsageStays is that of UsageReporter; false for a target that is none.
func (t *Guarded) UsageStays() bool {
	r, ok := t.target.(UsageReporter)
	return ok && r.UsageStays()
}

// Usage returns how g was used, with times in UTC and in whole seconds; see UsageReporter.
// A target that cannot say, or says what makes no sense, is an error of code invalid.
func (t *Guarded) Usage(ctx context.Context, g access.Grant) (access.Usage, error) {
	r, ok := t.target.(UsageReporter)
	if !ok {
		return access.Usage{}, access.Errorf(access.CodeInvalid, "this target cannot say how access was used")
	}
	if err := checkName(g.Name); err != nil {
		return access.Usage{}, err
	}
	u, err := r.Usage(ctx, g)
	if err != nil {
		return access.Usage{}, err
	}
	u.First, u.Last = u.First.UTC().Truncate(time.Second), u.Last.UTC().Truncate(time.Second)
	return u, u.Validate().Err()
}

// WatchUsage notes what is in use at this moment; see UsageReporter. A target that cannot
// say has nothing to note.
func (t *Guarded) WatchUsage(ctx context.Context) error {
	if r, ok := t.target.(UsageReporter); ok {
		return r.WatchUsage(ctx)
	}
	return nil
}

// Usage returns how g was used, for the record of its closing: asked just before it is
// revoked or, of a target that still knows then, once it is gone. It returns nil if g's
// target cannot say, or says it at the other of these moments. A target that does not say
// within a second, the wait for its turn included, or that fails, is UsageNotKnown: nothing
// of this is worth keeping access open, and a target that ignores its context is left to
// itself.
func (b *Broker) Usage(ctx context.Context, g access.Grant, gone bool) *access.Usage {
	t, _, err := b.target(g.Target)
	if err != nil || !t.CanReportUsage() || t.UsageStays() != gone {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	said := make(chan access.Usage, 1)
	go func() {
		// It takes no turn from what closes access.
		u, err := call(ctx, b, operation{name: "usage", target: g.Target, class: pacing.Aside}, func(ctx context.Context, t *Guarded) (access.Usage, error) { return t.Usage(ctx, g) })
		if err != nil {
			u = access.Usage{Kind: access.UsageNotKnown}
		}
		said <- u
	}()
	select {
	case u := <-said:
		return &u
	case <-ctx.Done():
		return &access.Usage{Kind: access.UsageNotKnown}
	}
}

// WatchUsage notes what is in use on a target at this moment; see UsageReporter.
func (b *Broker) WatchUsage(ctx context.Context, target string) error {
	t, _, err := b.target(target)
	if err != nil || !t.CanReportUsage() {
		return err
	}
	return act(ctx, b, opening("watch usage", target), func(ctx context.Context, t *Guarded) error { return t.WatchUsage(ctx) })
}
