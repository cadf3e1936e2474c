package gateway

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
)

// scopes remembers for a moment what workers said entitlements mean. In an
// incident many people ask for the same within seconds, and each answer costs a
// workflow. Nothing is opened by it: the worker that opens a grant resolves its
// entitlement again.
type scopes struct {
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
	// maxScopes bounds the memory; beyond it everything is asked anew.
	maxScopes = 1000
)

// of answers from memory, or asks, once for all who wait for the same. Failures
// are not remembered.
func (s *scopes) of(ctx context.Context, grants []access.PlannedGrant, ask func(context.Context) ([]access.Scope, error)) ([]access.Scope, error) {
	question := make([]any, 0, 2*len(grants))
	for _, g := range grants {
		question = append(question, g.Target, g.Entitlement)
	}
	b, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	key := string(b)
	if out, ok := s.recall(key, time.Now()); ok {
		return out, nil
	}
	// Whoever asked first may go away; the others still wait.
	answer := s.asking.DoChan(key, func() (any, error) {
		if out, ok := s.recall(key, time.Now()); ok {
			return out, nil // it was answered after this looked, and before it asked
		}
		out, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			s.remember(key, out, time.Now())
		}
		return out, err
	})
	select {
	case <-ctx.Done():
		return nil, access.Errorf(access.CodeUnavailable, "no answer in time: %w", ctx.Err())
	case a := <-answer:
		out, _ := a.Val.([]access.Scope)
		return out, a.Err
	}
}

func (s *scopes) recall(key string, now time.Time) ([]access.Scope, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.known[key]
	return r.scopes, ok && now.Before(r.until)
}

func (s *scopes) remember(key string, out []access.Scope, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxScopes || s.known == nil {
		s.known = map[string]remembered{}
	}
	s.known[key] = remembered{out, now.Add(scopesFor)}
}
