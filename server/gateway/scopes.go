package gateway

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
)

// resolveCache keeps for a moment what workers derived from entitlements. In an
// incident many people request the same within seconds, and each call costs a
// worker. Nothing is opened by it: the worker that opens a grant derives its scope
// again.
type resolveCache struct {
	asking singleflight.Group
	mu     sync.Mutex
	known  map[string]remembered
}

type remembered struct {
	scopes []access.Scope
	until  time.Time
}

const (
	// scopesFor bounds how long a target's configuration may have changed
	// before a plan shows it: far less than anybody takes to approve.
	scopesFor = 5 * time.Second
	// maxScopes bounds the memory; beyond it everything is derived again.
	maxScopes = 1000
)

// get returns scopes from memory, or derives them once for all who wait for the
// same. Failures are not kept.
func (s *resolveCache) get(ctx context.Context, grants []access.PlannedGrant, ask func(context.Context) ([]access.Scope, error)) ([]access.Scope, error) {
	parts := make([]any, 0, 2*len(grants))
	for _, g := range grants {
		parts = append(parts, g.Target, g.Entitlement)
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	key := string(b)
	if out, ok := s.recall(key, time.Now()); ok {
		return out, nil
	}
	// The first caller may go away; the others still wait.
	answer := s.asking.DoChan(key, func() (any, error) {
		if out, ok := s.recall(key, time.Now()); ok {
			return out, nil // it came between the two looks
		}
		out, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			s.remember(key, out, time.Now())
		}
		return out, err
	})
	select {
	case <-ctx.Done():
		return nil, access.Errorf(access.CodeUnavailable, "no worker responded in time: %w", ctx.Err())
	case a := <-answer:
		out, _ := a.Val.([]access.Scope)
		return out, a.Err
	}
}

func (s *resolveCache) recall(key string, now time.Time) ([]access.Scope, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.known[key]
	return r.scopes, ok && now.Before(r.until)
}

func (s *resolveCache) remember(key string, out []access.Scope, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxScopes || s.known == nil {
		s.known = map[string]remembered{}
	}
	s.known[key] = remembered{out, now.Add(scopesFor)}
}
