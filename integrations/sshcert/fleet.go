package sshcert

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
	"ramp.dev/ramp/internal/clock"
)

// fleet is several hosts as one target. Which of them a grant may be on is in the ledger
// before a host is asked, so that its end asks them all, and only them: a host that is
// down holds up the end of the grants that may be on it, and of no others.
type fleet struct {
	config    FleetConfig
	authority authority.Authority
	hosts     map[string]hostcall.Host
	own       string // the fingerprint of the key that the helpers let in
	holders   integrations.Holders
	slow      slowHosts
	stray     strayGrants
	// Tests, on machines that may be busy, have more of both.
	patience, openPatience time.Duration
}

var (
	_ integrations.Target        = (*fleet)(nil)
	_ integrations.Minter        = (*fleet)(nil)
	_ integrations.Extender      = (*fleet)(nil)
	_ integrations.Pinger        = (*fleet)(nil)
	_ integrations.DriftDetector = (*fleet)(nil)
	_ integrations.UsageReporter = (*fleet)(nil)
	_ integrations.HolderUser    = (*fleet)(nil)
	_ integrations.Inventory     = (*fleet)(nil)
	_ integrations.Partial       = (*fleet)(nil)
)

// UseHolders implements integrations.HolderUser.
func (f *fleet) UseHolders(h integrations.Holders) { f.holders = h }

// Bounds implements integrations.Target.
func (f *fleet) Bounds() integrations.Bounds { return integrations.Bounds{Ending: 30 * time.Second} }

// factHosts is the fact that has the names of the hosts, which people approve.
const factHosts = "hosts"

// Resolve implements integrations.Target.
func (f *fleet) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	_, ent, hosts, err := f.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	on := fmt.Sprintf("%d hosts", len(hosts))
	if len(hosts) <= 3 {
		on = strings.Join(hosts, ", ")
	}
	scope := access.Scope{
		Summary: "log in to " + on + " as " + ent.User,
		Facts: map[string]string{factHosts: strings.Join(hosts, ", "), "user": ent.User, "from": "anywhere",
			"authority": ssh.FingerprintSHA256(f.authority.Public())},
		Ends: "each host stops admitting this grant and cuts its sessions, and its certificates expire, each by itself, at the end of access",
	}
	if ent.Command != "" {
		scope.Summary = "run one command on " + on + " as " + ent.User
		scope.Facts["command"] = ent.Command
	}
	if ent.Source != "" {
		scope.Summary += ", from " + ent.Source
		scope.Facts["from"] = ent.Source
	}
	return scope, nil
}

// Grant implements integrations.Target. A host that cannot be reached is left out, as long
// as there is another: it is not asked later, and its end does not wait for it. One that
// refuses, which somebody may have taken over, keeps the grant from no other, and is left out
// as well. One that is slow is left out until it has opened it, which goes on behind this call.
// Errors are also of code conflict: the grant was revoked, is open on other terms,
// or the hosts that it means are not those that people approved.
func (f *fleet) Grant(ctx context.Context, g access.Grant) error {
	one, _, hosts, err := f.config.entitlement(g.Entitlement)
	if err != nil {
		return err
	}
	if now := strings.Join(hosts, ", "); g.Approved != nil && g.Approved.Facts[factHosts] != now {
		return access.Errorf(access.CodeConflict, "the hosts are now %s, and %s were approved; ask again", access.Clip(now, 200), access.Clip(g.Approved.Facts[factHosts], 200))
	}
	if err := f.begin(ctx, g.Name); err != nil {
		return err
	}
	held, err := f.holders.Objects(ctx, g.Name)
	if err != nil {
		return err
	}
	g.Entitlement = one
	all, late := f.quick(ctx, hosts, func(ctx context.Context, name string, h hostcall.Host) error {
		// Before the ledger says that the grant may be there, so that a host that is down
		// does not hold up the end of what it has never heard of.
		if err := twice(ctx, h.Ping); err != nil {
			return err
		}
		if err := f.holders.Hold(ctx, object(name, g.Name), g.Name); err != nil {
			if access.CodeOf(err) == access.CodeConflict {
				return err // it refused before, or the grant is being ended
			}
			return &ledgerError{err}
		}
		// A revoke that read which hosts to ask before this one was held has released the
		// grant before that, and does not come back.
		if err := f.begin(ctx, g.Name); err != nil {
			if access.CodeOf(err) != access.CodeConflict {
				return &ledgerError{err}
			}
			if e := f.release(ctx, name, g.Name); e != nil {
				return &ledgerError{e}
			}
			return err
		}
		err := twice(ctx, func(ctx context.Context) error { return h.Grant(ctx, g) })
		// What was there before this call is open on its own terms, and stays.
		if refused(err) && !held[object(name, g.Name)] {
			_ = f.endOn(ctx, name, h, g) // where it does not do that either, the ledger names it until the end
		}
		return err
	})
	f.slow.keep(g, late)
	return all.some("opened it")
}

// LeftOut implements integrations.Partial: the hosts that were approved, without those that
// the ledger says may have the grant; a host that is slow to open it is left out until it has
// said that it did.
func (f *fleet) LeftOut(ctx context.Context, g access.Grant) (out []string, err error) {
	_, _, hosts, err := f.config.entitlement(g.Entitlement)
	if err != nil {
		return nil, err
	}
	objects, err := f.holders.Objects(ctx, g.Name)
	for _, name := range hosts {
		if !objects[object(name, g.Name)] || f.slow.has(g.Name, name) {
			out = append(out, name)
		}
	}
	return out, err
}

// Extend implements integrations.Extender. On a host that does not do it, access ends at its
// old end.
func (f *fleet) Extend(ctx context.Context, g access.Grant) error {
	one, hosts, err := f.held(ctx, g)
	if err != nil {
		return err
	}
	// On a slow host it goes on: an end that comes meanwhile is final there, and a later
	// extension is not shortened.
	all, _ := f.quick(ctx, hosts, func(ctx context.Context, _ string, h hostcall.Host) error {
		return twice(ctx, func(ctx context.Context) error { return h.Extend(ctx, one) })
	})
	return all.some("extended it")
}

// Inspect implements integrations.Target. One host that says nothing is an error: the
// grant may still be open there.
func (f *fleet) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	hosts, err := f.mayBeOn(ctx, g.Name)
	if err != nil {
		return access.ReadBack{}, err
	}
	found, all := gather(ctx, f, hosts, func(ctx context.Context, h hostcall.Host) (access.ReadBack, error) { return h.Inspect(ctx, g) })
	var sum access.ReadBack
	for _, one := range found {
		sum.Open = sum.Open || one.Open
		sum.Sessions += one.Sessions
	}
	return sum, all.every("say what there is")
}

// Revoke implements integrations.Target. All hosts are asked at once; while one does not
// respond, the error says how many have ended it.
func (f *fleet) Revoke(ctx context.Context, g access.Grant) error {
	// First, so that an opening that is under way takes no host any more.
	if err := f.release(ctx, marker, g.Name); err != nil {
		return err
	}
	hosts, err := f.mayBeOn(ctx, g.Name)
	if err != nil {
		return err
	}
	all := f.each(ctx, hosts, func(ctx context.Context, name string, h hostcall.Host) error {
		return f.endOn(ctx, name, h, g)
	})
	return all.every("have ended it")
}

// maxStray bounds how many grants are taken of one host in one look that the ledger does not
// have there. Each of them may have every host asked, and is ended before what is due: a host
// that somebody took over could keep the others busy with names that it made up. What somebody
// really put there by hand is ended by so many in each look.
const maxStray = 20

// maxStrayADay bounds how many such grants, each counted once, are taken of one host in a day:
// each that is ended leaves a mark on every host, and an event, however short the looks are.
const maxStrayADay = 200

// List implements integrations.Target. Of a host that does not respond, it names what the
// ledger says may be there. Where a host lists more than maxStray that the ledger does not have
// there, the error is integrations.Unlisted.
func (f *fleet) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	found, all := gather(ctx, f, f.config.names(), func(ctx context.Context, h hostcall.Host) ([]integrations.ListedGrant, error) { return h.List(ctx) })
	if len(found) == 0 {
		return nil, all.every("say what there is")
	}
	// After the hosts were asked: a host is in the ledger before anything is opened there.
	held, err := f.holders.Held(ctx, "")
	if err != nil {
		return nil, err
	}
	var listed []integrations.ListedGrant
	for place, grants := range held {
		if name, _, _ := strings.Cut(place, " "); all.failed[name] != nil {
			for _, grant := range grants {
				listed = append(listed, integrations.ListedGrant{Name: grant})
			}
		}
	}
	hidden := outcome{asked: all.asked, failed: map[string]error{}}
	on := map[string][]string{}
	for name, one := range found {
		taken, stray, more := takenOf(one, func(grant string) bool { return len(held[object(name, grant)]) > 0 },
			func(grant string) bool { return f.stray.may(name, grant, clock.Now()) })
		for _, l := range taken {
			if stray[l.Name] && len(held[object(marker, l.Name)]) > 0 {
				l.ExpiresAt = time.Time{} // where it is open, other hosts say when it ends
			}
			listed = append(listed, l)
		}
		for grant := range stray {
			on[grant] = append(on[grant], name)
		}
		if more > 0 {
			hidden.failed[name] = access.Errorf(access.CodeUnavailable, "%d more grants that the ledger does not have there", more)
		}
	}
	f.stray.set(on)
	if err := hidden.every("say what can be"); err != nil {
		return listed, &integrations.Unlisted{Why: err}
	}
	return listed, nil
}

// takenOf returns what is taken of one host's list, which of these grants the ledger does not
// have there, and how many more of such grants the host listed. There says whether the ledger has
// a grant there, and may whether one that it does not have there may be taken today.
func takenOf(all []integrations.ListedGrant, there, may func(grant string) bool) (taken []integrations.ListedGrant, stray map[string]bool, more int) {
	stray = map[string]bool{}
	left := map[string]bool{}
	for _, l := range all {
		if _, ramps := access.RequestIDFromGrantName(l.Name); !ramps {
			continue // not Ramp's to say anything of
		}
		switch {
		case there(l.Name) || stray[l.Name]:
		case len(stray) < maxStray && may(l.Name):
			stray[l.Name] = true
		default:
			left[l.Name] = true
			continue
		}
		taken = append(taken, l)
	}
	return taken, stray, len(left)
}

// strayGrants are the grants that hosts listed in the last look and that the ledger does not
// have there, each with its hosts. They may be open there all the same: a ledger that was
// restored from a backup has forgotten it.
type strayGrants struct {
	mu    sync.Mutex
	on    map[string][]string
	day   time.Time                  // when taken began
	taken map[string]map[string]bool // by host
}

// may reports whether a grant of a host may be taken, and counts it.
func (s *strayGrants) may(host, grant string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.day) >= 24*time.Hour {
		s.day, s.taken = now, map[string]map[string]bool{}
	}
	if s.taken[host] == nil {
		s.taken[host] = map[string]bool{}
	}
	if len(s.taken[host]) < maxStrayADay {
		s.taken[host][grant] = true
	}
	return s.taken[host][grant]
}

func (s *strayGrants) set(on map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

func (s *strayGrants) hosts(grant string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on[grant]
}

// Ping implements integrations.Pinger. One host that does not respond is an error.
func (f *fleet) Ping(ctx context.Context) error {
	return f.each(ctx, f.config.names(), func(ctx context.Context, _ string, h hostcall.Host) error { return h.Ping(ctx) }).every("respond")
}
