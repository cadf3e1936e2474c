package targettest_test

import (
	"context"

	"ramp.dev/ramp/access"
)

// Drift implements integrations.DriftDetector.
func (m *memory) Drift(_ context.Context, g access.Grant) (out []string, err error) {
	err = m.call(func() {
		o, ok := m.s.objects[g.Name]
		switch {
		case !ok || m.is(driftIsBlind):
		case o.what != g.Entitlement["what"]:
			out = append(out, "it is for "+o.what)
		case o.expires.After(g.ExpiresAt), m.is(driftSeesGhosts) && o.expires.Before(g.ExpiresAt):
			out = append(out, "it ends at another time")
		}
	})
	return out, err
}

// Restore implements integrations.DriftDetector.
func (m *memory) Restore(_ context.Context, g access.Grant) error {
	return m.call(func() {
		o, ok := m.s.objects[g.Name]
		if m.is(restoresNothing) || (!ok && !m.is(restoreReopens)) {
			return
		}
		o.what, o.expires, o.copies = g.Entitlement["what"].(string), g.ExpiresAt, 1
		m.s.objects[g.Name] = o
	})
}

// widen changes an object by hand, as somebody with rights of their own would.
func (s *service) widen(change func(*object)) func(context.Context, access.Grant) error {
	return func(_ context.Context, g access.Grant) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.objects[g.Name]
		change(&o)
		s.objects[g.Name] = o
		return nil
	}
}
