package targettest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// expiry lets access end as if nothing of Ramp ran: it does not revoke until the
// service itself has refused.
func (s *suite) expiry(t *testing.T) {
	t.Run("Case25NobodyRevokes", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, s.soon(t, target))
		c := s.credential(t, target, g)
		if s.UseAt != nil {
			ctx := background(t)
			s.works(t, target, g, c)
			require.NoError(t, s.UseAt(ctx, g, c, g.ExpiresAt.Add(-time.Second)), "a second before its expiry")
			require.ErrorIs(t, s.UseAt(ctx, g, c, g.ExpiresAt.Add(s.Slack)), ErrRefused, "just after its expiry")
			require.ErrorIs(t, s.UseAt(ctx, g, c, g.ExpiresAt.Add(24*time.Hour)), ErrRefused, "a day later")
		} else {
			s.works(t, target, g, c)
			s.endsAt(t, "access", g.ExpiresAt, func() bool { return s.use(t, g, c) })
		}
		// The leftovers of an expired grant are still found and removed.
		s.close(t, target, g.Name)
	})
}

// endsAt polls on. It must return true until a second before at (services round to
// whole seconds, up or down), and false from Slack after at.
func (s *suite) endsAt(t *testing.T, what string, at time.Time, on func() bool) {
	t.Helper()
	for {
		before := time.Now()
		alive := on()
		after := time.Now()
		switch {
		case !alive && after.Before(at.Add(-time.Second)):
			require.Failf(t, "ended early", "%s ended %s before its expiry", what, at.Sub(after))
		case !alive:
			require.Falsef(t, on(), "%s came back after its end", what)
			return
		case before.After(at.Add(s.Slack)):
			require.Failf(t, "outlived its expiry", "%s works %s after its expiry", what, before.Sub(at))
		}
		time.Sleep(step)
	}
}
