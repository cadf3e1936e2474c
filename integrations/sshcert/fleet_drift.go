package sshcert

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// Drift implements integrations.DriftDetector. A host that says nothing hides nothing of the
// others, and is looked at the next time.
func (f *fleet) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	one, hosts, err := f.held(ctx, g)
	if code := access.CodeOf(err); code == access.CodeNotFound || code == access.CodeConflict {
		return nil, nil // it is not there, or is being ended
	}
	if err != nil {
		return nil, err
	}
	found, all := gather(ctx, f, hosts, func(ctx context.Context, h hostcall.Host) ([]string, error) { return h.Drift(ctx, one) })
	var out []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, difference := range found[name] {
			out = append(out, name+": "+difference)
		}
	}
	return out, all.some("say what they hold")
}

// Restore implements integrations.DriftDetector. A host that has it as it is to be is left
// alone, and so are its sessions: another could otherwise have them cut, by saying that its own
// line was changed. Where one host's line was removed, or the host refuses, the grant is closed
// on that host and does not open there again; it is closed on all where none is left.
func (f *fleet) Restore(ctx context.Context, g access.Grant) error {
	one, hosts, err := f.held(ctx, g)
	if err != nil {
		return err
	}
	var closed atomic.Int32
	all := f.each(ctx, hosts, func(ctx context.Context, name string, h hostcall.Host) error {
		differs, err := h.Drift(ctx, one)
		if err == nil && len(differs) == 0 {
			return nil
		}
		err = h.Restore(ctx, one)
		if !refused(err) {
			return err
		}
		if err := f.endOn(ctx, name, h, one); err != nil {
			return access.WithCode(err, access.CodeUnavailable) // the ledger still names it, and it is tried again
		}
		closed.Add(1)
		return nil
	})
	if int(closed.Load()) == len(hosts) {
		return integrations.ErrChanged("its line on every host")
	}
	return all.some("have put it right")
}

// Usage implements integrations.UsageReporter. Each host says how long it was in use; the
// sum of that is kept within the time from the first use to the last, as use of two hosts
// at once counts once. Where some hosts do not say, or say what cannot be, it is that of the
// others, and of kind seen: there may have been more.
func (f *fleet) Usage(ctx context.Context, g access.Grant) (access.Usage, error) {
	hosts, err := f.mayBeOn(ctx, g.Name)
	if err != nil {
		return access.Usage{}, err
	}
	// A silent host costs a fifth less time than the caller has, so that what the others said
	// still reaches it.
	if by, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, by.Add(-time.Until(by)/5))
		defer cancel()
	}
	found, all := gather(ctx, f, hosts, func(ctx context.Context, h hostcall.Host) (access.Usage, error) { return h.Usage(ctx, g) })
	if len(found) == 0 && len(all.failed) == 0 {
		return access.Usage{}, access.Errorf(access.CodeNotFound, "no host has heard of %s", g.Name)
	}
	sum := access.Usage{Kind: access.UsageSessions}
	for _, u := range found {
		sum.Sessions += u.Sessions
		sum.For += u.For
		if !u.First.IsZero() && (sum.First.IsZero() || u.First.Before(sum.First)) {
			sum.First = u.First
		}
		if u.Last.After(sum.Last) {
			sum.Last = u.Last
		}
	}
	// Both times are rounded down, each host's length up: use within one second is a second.
	sum.For = min(sum.For, access.Duration(sum.Last.Sub(sum.First).Truncate(time.Second)+time.Second))
	if len(found) == 0 {
		return access.Usage{}, all.every("say how it was used")
	}
	if len(all.failed) > 0 {
		sum.Kind = access.UsageSeen
	}
	return sum, nil
}

// WatchUsage implements integrations.UsageReporter.
func (f *fleet) WatchUsage(ctx context.Context) error {
	return f.each(ctx, f.config.names(), func(ctx context.Context, _ string, h hostcall.Host) error { return h.WatchUsage(ctx) }).some("say how access is used")
}

// UsageStays implements integrations.UsageReporter: each host remembers for a month.
func (f *fleet) UsageStays() bool { return true }

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (FleetConfig) Lists() []string { return []string{listHosts, listUsers} }

// Lists implements integrations.Inventory.
func (f *fleet) Lists() []string { return f.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not
// reach for the hosts.
func (f *fleet) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := f.config.Users
	if list == listHosts {
		values = f.config.names()
	}
	return f.config.Describe.Page(ctx, list, values, after)
}
