package sshcert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// marker stands in the ledger for no host: a grant that has it was begun, and may be on
// the hosts that the ledger names and on no others.
const marker = "-"

// object is what the ledger calls a grant's place on a host. No two grants share one.
func object(host, grant string) string { return host + " " + grant }

// begin records that a grant is about to be opened. Errors are also of code conflict: the
// grant was revoked.
func (f *fleet) begin(ctx context.Context, grant string) error {
	err := f.holders.Hold(ctx, object(marker, grant), grant)
	if access.CodeOf(err) == access.CodeConflict {
		return integrations.ErrRevoked
	}
	return err
}

// release records that a grant is on a host no more.
func (f *fleet) release(ctx context.Context, host, grant string) error {
	if _, err := f.holders.Release(ctx, object(host, grant), grant); err != nil {
		return err
	}
	return f.holders.Removed(ctx, object(host, grant), grant)
}

// endOn ends a grant on one host, and records that it is there no more.
func (f *fleet) endOn(ctx context.Context, name string, h hostcall.Host, g access.Grant) error {
	if err := h.Revoke(ctx, g); err != nil {
		return err
	}
	return f.release(ctx, name, g.Name)
}

// refused reports whether a host said that it will not do something, also if it is asked
// again.
func refused(err error) bool {
	code := access.CodeOf(err)
	return err != nil && code != access.CodeUnavailable && code != access.CodeThrottled
}

// mayBeOn returns the hosts that a grant may be on, in order: those that the ledger names,
// also after the end, because asking again proves it, and those that listed it in the last
// look. Where the ledger knows nothing of the grant, it may be on any.
func (f *fleet) mayBeOn(ctx context.Context, grant string) (hosts []string, err error) {
	objects, err := f.holders.Objects(ctx, grant)
	if err != nil {
		return nil, err
	}
	if _, begun := objects[object(marker, grant)]; !begun {
		return f.config.names(), nil
	}
	for o := range objects {
		// A host that was taken off the configuration cannot be asked any more: what is still
		// open there is for who took it off to close.
		if name, _, _ := strings.Cut(o, " "); f.hosts[name] != nil {
			hosts = append(hosts, name)
		}
	}
	hosts = append(hosts, f.stray.hosts(grant)...)
	slices.Sort(hosts)
	return slices.Compact(hosts), nil
}

// outcome is what came of asking several hosts.
type outcome struct {
	asked  int
	failed map[string]error // by host
}

// maxAtOnce bounds how many hosts are asked at one time.
const maxAtOnce = 64

// each asks hosts at once.
func (f *fleet) each(ctx context.Context, hosts []string, do func(ctx context.Context, name string, h hostcall.Host) error) outcome {
	all, mu := outcome{asked: len(hosts), failed: map[string]error{}}, sync.Mutex{}
	var group errgroup.Group
	group.SetLimit(maxAtOnce)
	for _, name := range hosts {
		group.Go(func() error {
			if err := do(ctx, name, f.hosts[name]); err != nil {
				mu.Lock()
				defer mu.Unlock()
				all.failed[name] = err
			}
			return nil // one that fails does not stop the others
		})
	}
	_ = group.Wait()
	return all
}

// gather asks hosts at once, and returns what each said that did not fail.
func gather[T any](ctx context.Context, f *fleet, hosts []string, ask func(ctx context.Context, h hostcall.Host) (T, error)) (map[string]T, outcome) {
	found, mu := map[string]T{}, sync.Mutex{}
	all := f.each(ctx, hosts, func(ctx context.Context, name string, h hostcall.Host) error {
		said, err := ask(ctx, h)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		found[name] = said
		return nil
	})
	return found, all
}

// held returns a grant as one host knows it, and the hosts that it may be on. Errors are
// also of code conflict (it was revoked) and not_found (it is on none).
func (f *fleet) held(ctx context.Context, g access.Grant) (access.Grant, []string, error) {
	one, _, _, err := f.config.entitlement(g.Entitlement)
	if err != nil {
		return g, nil, err
	}
	objects, err := f.holders.Objects(ctx, g.Name)
	if err != nil {
		return g, nil, err
	}
	open, begun := objects[object(marker, g.Name)]
	switch {
	case !begun:
		return g, nil, integrations.ErrNotOpen
	case !open:
		return g, nil, integrations.ErrRevoked
	}
	var hosts []string
	for o, held := range objects {
		if name, _, _ := strings.Cut(o, " "); held && f.hosts[name] != nil {
			hosts = append(hosts, name)
		}
	}
	if len(hosts) == 0 {
		return g, nil, integrations.ErrNotOpen
	}
	slices.Sort(hosts)
	g.Entitlement = one
	return g, hosts, nil
}

// every returns an error unless every host did it: how many of them did, and what the
// others said.
func (o outcome) every(did string) error {
	if len(o.failed) == 0 {
		return nil
	}
	return access.Errorf(o.code(), "%w", &integrations.PartlyError{Parts: o.asked, Missing: slices.Sorted(maps.Keys(o.failed)), Why: o.text(did)})
}

// some returns an error if no host did it, or the ledger failed.
func (o outcome) some(did string) error {
	for _, err := range o.failed {
		if ours, is := errors.AsType[*ledgerError](err); is {
			return ours.error
		}
	}
	if len(o.failed) == o.asked {
		return o.every(did)
	}
	return nil
}

// ledgerError is no host's: what was being done is done on none.
type ledgerError struct{ error }

func (e *ledgerError) Unwrap() error { return e.error }

// twice asks a host again that was reached, and did not say that it will not do it: the
// reply may be lost, and a host that is left out is not asked later.
func twice(ctx context.Context, ask func(context.Context) error) error {
	err := ask(ctx)
	if code := access.CodeOf(err); (code == access.CodeUnavailable || code == access.CodeThrottled) && !hostcall.NotReached(err) && ctx.Err() == nil {
		err = ask(ctx)
	}
	return err
}

const maxSaid = 3 // of the hosts that failed

func (o outcome) text(did string) string {
	said := make([]string, 0, maxSaid+1)
	for _, name := range slices.Sorted(maps.Keys(o.failed)) {
		if len(said) == maxSaid {
			said = append(said, fmt.Sprintf("and %d more", len(o.failed)-maxSaid))
			break
		}
		said = append(said, name+": "+access.Clip(o.failed[name].Error(), 200))
	}
	return fmt.Sprintf("%d of %d hosts %s; %s", o.asked-len(o.failed), o.asked, did, strings.Join(said, "; "))
}

// code is the hosts' own if all that failed say the same, or conflict if one does, which
// no other try puts right; otherwise unavailable.
func (o outcome) code() access.Code {
	codes := map[access.Code]bool{}
	for _, err := range o.failed {
		codes[access.CodeOf(err)] = true
	}
	if codes[access.CodeConflict] {
		return access.CodeConflict
	}
	if len(codes) == 1 {
		for code := range codes {
			return code
		}
	}
	return access.CodeUnavailable
}
