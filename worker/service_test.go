package worker

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

const targetName = "memory/one"

// service is an outside system in memory. It writes down what it was asked, in
// order, and looks at its clock when somebody uses a grant.
type service struct {
	mu    sync.Mutex
	rate  pacing.Rate
	ends  map[string]time.Time // open grants, by name
	log   []entry
	fault func(op string, g access.Grant) error
}

type entry struct {
	op, grant string
	due       time.Time
}

func newService() *service { return &service{ends: map[string]time.Time{}} }

func (s *service) call(op string, g access.Grant, effect func() error) error {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		if err := fault(op, g); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, entry{op, g.Name, g.ExpiresAt})
	return effect()
}

// works reports whether a client of the grant gets in.
func (s *service) works(grant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.ends[grant])
}

func (s *service) asked(op string) []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.log), func(e entry) bool { return e.op != op })
}

func (s *service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

func (s *service) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ends)
}

// databaseScope is what every entitlement on the service means.
func databaseScope() access.Scope { return access.Scope{Summary: "the database"} }

func (s *service) Resolve(context.Context, access.Entitlement) (access.Scope, error) {
	return databaseScope(), nil
}

func (s *service) Grant(_ context.Context, g access.Grant) error {
	return s.call("grant", g, func() error { s.ends[g.Name] = g.ExpiresAt; return nil })
}

func (s *service) Extend(_ context.Context, g access.Grant) error {
	return s.call("extend", g, func() error {
		if _, ok := s.ends[g.Name]; !ok {
			return access.Errorf(access.CodeNotFound, "nothing is open")
		}
		s.ends[g.Name] = g.ExpiresAt
		return nil
	})
}

func (s *service) Inspect(_ context.Context, g access.Grant) (p access.ReadBack, err error) {
	err = s.call("inspect", g, func() error { _, p.Open = s.ends[g.Name]; return nil })
	return p, err
}

func (s *service) Revoke(_ context.Context, g access.Grant) error {
	return s.call("revoke", g, func() error { delete(s.ends, g.Name); return nil })
}

func (s *service) Mint(_ context.Context, g access.Grant) (access.Credential, error) {
	return access.Credential{Kind: "memory", ExpiresAt: g.ExpiresAt}, s.call("mint", g, func() error { return nil })
}

func (s *service) List(context.Context) (out []integrations.ListedGrant, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, at := range s.ends {
		out = append(out, integrations.ListedGrant{Name: name, ExpiresAt: at})
	}
	return out, nil
}

func (s *service) Bounds() integrations.Bounds {
	return integrations.Bounds{Ending: 30 * time.Second, Rate: s.rate}
}

// fail has an operation return err from now on; nil ends that.
func (s *service) fail(op string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = func(asked string, _ access.Grant) error {
		if asked == op {
			return err
		}
		return nil
	}
}
