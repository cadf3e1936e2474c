package sshcert

import (
	"context"
	"errors"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

const (
	// openPatience is how long an opening waits for the other hosts after each that has done it.
	openPatience = 2 * time.Second
	// mostPatience is how often it waits so long in all after the first: hosts that somebody
	// took over could come one after the other.
	mostPatience = 5
	// slowHostsHave bounds what goes on on slow hosts after that: a host is asked twice, two
	// things, for up to callTimeout each.
	slowHostsHave = time.Minute
)

// slowHosts are the hosts that are still opening a grant, by grant, when the opening has
// returned. The ledger does not say it: it names a host from before the host is asked.
type slowHosts struct {
	mu sync.Mutex
	of map[string]*slowOpening
}

// slowOpening is one opening, with the hosts that are slow.
type slowOpening struct {
	hosts map[string]bool // that have not said that they opened it; slowHosts.mu guards it
	done  chan struct{}   // is closed when no host is asked any more
}

// has reports whether a host has not said yet that it opened a grant, or never did.
func (s *slowHosts) has(grant, host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[grant]
	return one != nil && one.hosts[host]
}

// wait waits until no host is asked to open a grant any more, or ctx ends.
func (s *slowHosts) wait(ctx context.Context, grant string) error {
	s.mu.Lock()
	one := s.of[grant]
	s.mu.Unlock()
	if one == nil {
		return nil
	}
	select {
	case <-one.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keep remembers the slow hosts of one opening, nil for none, until all have opened the grant
// or it ends. A later opening of the same grant takes its place.
func (s *slowHosts) keep(g access.Grant, one *slowOpening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one == nil {
		delete(s.of, g.Name)
		return
	}
	if s.of == nil {
		s.of = map[string]*slowOpening{}
	}
	s.of[g.Name] = one
	forget := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.of[g.Name] == one {
			delete(s.of, g.Name)
		}
	}
	go func() {
		<-one.done
		if s.failed(one) {
			time.AfterFunc(time.Until(g.ExpiresAt), forget)
		} else {
			forget()
		}
	}()
}

// failed reports whether a host of one opening has not said that it opened the grant.
func (s *slowHosts) failed(one *slowOpening) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(one.hosts) > 0
}

func (s *slowHosts) opened(one *slowOpening, host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(one.hosts, host)
}

// quick asks hosts at once, and waits for the slow ones only for a short time once one has
// done it. What it asked of the slow ones goes on without ctx; late has them, and is nil if
// there are none.
// Where ctx ends, or the ledger fails, nothing goes on.
func (f *fleet) quick(ctx context.Context, hosts []string, do func(ctx context.Context, name string, h hostcall.Host) error) (all outcome, late *slowOpening) {
	type result struct {
		host string
		err  error
	}
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), slowHostsHave)
	said := make(chan result, len(hosts))
	late = &slowOpening{hosts: map[string]bool{}, done: make(chan struct{})}
	for _, name := range hosts {
		late.hosts[name] = true
	}
	go func() {
		defer cancel()
		defer close(late.done)
		f.each(lasting, hosts, func(ctx context.Context, name string, h hostcall.Host) error {
			err := do(ctx, name, h)
			if err == nil {
				f.slow.opened(late, name)
			}
			said <- result{name, err}
			return nil
		})
	}()
	all = outcome{asked: len(hosts), failed: map[string]error{}}
	var soon, latest <-chan time.Time
	ended := ctx.Done()
	for waits := len(hosts); waits > 0; {
		select {
		case one := <-said:
			waits--
			switch {
			case one.err == nil:
				if soon = time.After(f.openPatience); latest == nil {
					latest = time.After(mostPatience * f.openPatience)
				}
			default:
				all.failed[one.host] = one.err
				if ours := (*ledgerError)(nil); errors.As(one.err, &ours) {
					cancel()
				}
			}
			continue
		case <-ended:
			ended = nil // what was asked ends too, and says so
			cancel()
			continue
		case <-soon:
		case <-latest:
		}
		if lasting.Err() == nil {
			return all, late
		}
		soon, latest = nil, nil
	}
	return all, nil
}

// Joined implements integrations.Partial.
func (f *fleet) Joined(ctx context.Context, g access.Grant) error { return f.slow.wait(ctx, g.Name) }
