package targettest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

// service is an outside system in memory, to test the suite itself.
type service struct {
	mu       sync.Mutex
	objects  map[string]object // by name; foreign ones, too
	secrets  map[string]secret
	sessions map[*session]bool
	n        int
}

type object struct {
	what    string
	expires time.Time
	copies  int
}

type secret struct {
	grant   string
	expires time.Time
}

func newService() *service {
	return &service{objects: map[string]object{}, secrets: map[string]secret{}, sessions: map[*session]bool{}}
}

// memory is a target on a service, with one flaw or none.
type memory struct {
	s     *service
	flaw  flaw
	fault func() error // asked at each call; LostReply after it
}

type flaw string

func invalid(code string) error { return access.Invalid(access.Issue{Code: code, Message: code}) }

func (m *memory) is(f flaw) bool { return m.flaw == f }

// call makes one call to the service, with the faults of the target.
func (m *memory) call(effect func()) error {
	before, after := error(nil), error(nil)
	if m.fault != nil {
		if err := m.fault(); access.CodeOf(err) == access.CodeInternal {
			after = err
		} else {
			before = err
		}
	}
	if before != nil {
		return before
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	effect()
	return after
}

func (m *memory) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	what, ok := e["what"].(string)
	if !ok || (len(e) > 1 && !m.is(acceptsUnknownKeys)) {
		return access.Scope{}, invalid("entitlement")
	}
	if m.is(sameScope) {
		what = "something"
	}
	return access.Scope{Summary: what, Ends: "by itself"}, nil
}

func (m *memory) Grant(_ context.Context, g access.Grant) error {
	return m.call(func() {
		o := m.s.objects[g.Name]
		o.copies++
		if !m.is(grantsTwice) {
			o.copies = 1
		}
		o.what, o.expires = g.Entitlement["what"].(string), g.ExpiresAt
		m.s.objects[g.Name] = o
	})
}

func (m *memory) Extend(_ context.Context, g access.Grant) (err error) {
	cerr := m.call(func() {
		o, ok := m.s.objects[g.Name]
		if !ok && !m.is(extendReopens) {
			err = access.Errorf(access.CodeNotFound, "nothing is open")
			return
		}
		o.copies, o.expires = 1, g.ExpiresAt
		m.s.objects[g.Name] = o
		if m.is(extendLeavesGap) {
			clear(m.s.secrets)
		}
	})
	if cerr != nil {
		return cerr
	}
	return err
}

func (m *memory) Mint(_ context.Context, g access.Grant) (c access.Credential, err error) {
	cerr := m.call(func() {
		if _, ok := m.s.objects[g.Name]; !ok && !m.is(mintsAfterRevoke) {
			err = access.Errorf(access.CodeNotFound, "nothing is open")
			return
		}
		ends := g.ExpiresAt
		if m.is(mintOutlives) {
			ends = ends.Add(time.Hour)
		}
		m.s.n++
		key := fmt.Sprint("secret-", m.s.n)
		if m.is(mintsOneSecret) {
			key = "secret-" + g.Name
		}
		m.s.secrets[key] = secret{g.Name, ends}
		c = access.Credential{Kind: "vault", Env: map[string]string{"VAULT_TOKEN": key}, ExpiresAt: ends, Hint: "use it"}
	})
	if cerr != nil {
		return c, cerr
	}
	return c, err
}

func (m *memory) Inspect(_ context.Context, g access.Grant) (p access.ReadBack, err error) {
	err = m.call(func() {
		_, p.Open = m.s.objects[g.Name]
		for s := range m.s.sessions {
			if s.grant == g.Name && !m.is(countsNoSessions) {
				p.Sessions++
			}
		}
	})
	if m.is(failureIsGone) {
		err = nil
	}
	return p, err
}

func (m *memory) Revoke(_ context.Context, g access.Grant) error {
	if m.is(needsMoreThanName) && g.RequestID == "" {
		return nil
	}
	gone := false
	err := m.call(func() {
		o, ok := m.s.objects[g.Name]
		gone = !ok
		delete(m.s.objects, g.Name)
		if o.copies > 1 { // grantsTwice
			o.copies--
			m.s.objects[g.Name] = o
		}
		for name, other := range m.s.objects {
			if _, ramps := access.RequestIDFromGrantName(name); (m.is(revokesAlike) && ramps && other.what == o.what) || (m.is(touchesForeign) && !ramps) {
				delete(m.s.objects, name)
			}
		}
		for s := range m.s.sessions {
			if s.grant == g.Name && !m.is(leavesSessions) {
				delete(m.s.sessions, s)
			}
		}
	})
	if err == nil && gone && m.is(revokeNotFound) {
		return access.Errorf(access.CodeNotFound, "nothing is open")
	}
	return err
}

func (m *memory) List(context.Context) (found []integrations.ListedGrant, err error) {
	err = m.call(func() {
		for name, o := range m.s.objects {
			for range o.copies {
				found = append(found, integrations.ListedGrant{Name: name, ExpiresAt: o.expires})
			}
		}
	})
	if m.is(listIsBlind) {
		found = nil
	}
	return found, err
}

func (m *memory) Bounds() integrations.Bounds {
	return integrations.Bounds{Ending: time.Second}
}

// use is the service's own check of a secret.
func (m *memory) use(_ context.Context, _ access.Grant, c access.Credential) error {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	k, ok := m.s.secrets[c.Env["VAULT_TOKEN"]]
	o, open := m.s.objects[k.grant]
	now := time.Now()
	if !ok || !open || (!m.is(neverExpires) && (!now.Before(o.expires) || !now.Before(k.expires))) {
		return fmt.Errorf("secret: %w", targettest.ErrRefused)
	}
	return nil
}

// session is alive while its grant is.
type session struct {
	m     *memory
	grant string
}

func (m *memory) dial(ctx context.Context, g access.Grant, c access.Credential) (targettest.Session, error) {
	if err := m.use(ctx, g, c); err != nil {
		return nil, err
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	s := &session{m, g.Name}
	m.s.sessions[s] = true
	return s, nil
}

func (s *session) Alive(context.Context) error {
	s.m.s.mu.Lock()
	defer s.m.s.mu.Unlock()
	o, open := s.m.s.objects[s.grant]
	if !s.m.s.sessions[s] || (open && !time.Now().Before(o.expires)) {
		return targettest.ErrRefused
	}
	return nil
}

func (s *session) Close() error {
	s.m.s.mu.Lock()
	defer s.m.s.mu.Unlock()
	delete(s.m.s.sessions, s)
	return nil
}

func (s *service) names() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.objects {
		if _, ok := access.RequestIDFromGrantName(name); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
