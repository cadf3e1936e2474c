package targettest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// sessions tries that access ends also while it is in use (docs/threats.md, case 31).
func (s *suite) sessions(t *testing.T) {
	t.Run("Case31RevokeCutsLiveSessions", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		one, two := s.dial(t, target, g), s.dial(t, target, g)
		s.counts(t, target, g, 2)
		require.NoError(t, one.Alive(background(t)))
		require.NoError(t, two.Alive(background(t)))

		s.close(t, target, g.Name)
		s.ends(t, target, one)
		s.ends(t, target, two)
	})

	t.Run("ClosedByTheUser", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		session := s.dial(t, target, g)
		s.counts(t, target, g, 1)
		require.NoError(t, session.Close())
		s.counts(t, target, g, 0)
		s.close(t, target, g.Name)
	})

	// The entitlement is gone, but somebody is still in: that is not ended, and
	// revoking must still reach the session.
	t.Run("Case33RemovedByHandWhileInUse", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		session := s.dial(t, target, g)
		require.NoError(t, s.Remove(background(t), g.Name))
		s.close(t, s.openTarget(t), g.Name)
		s.ends(t, target, session)
	})

	t.Run("OthersStay", func(t *testing.T) {
		target := s.openTarget(t)
		mine, theirs := s.opened(t, target, longTTL), s.opened(t, target, longTTL)
		a, b := s.dial(t, target, mine), s.dial(t, target, theirs)
		s.close(t, target, mine.Name)
		s.ends(t, target, a)
		require.NoError(t, b.Alive(background(t)), "somebody else's session was cut")
		s.close(t, target, theirs.Name)
		s.ends(t, target, b)
	})

	t.Run("CutAtExpiryWithNobodyRevoking", s.tier(s.Lacks.SessionExpiry, func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, s.soon(t, target))
		session := s.dial(t, target, g)
		s.endsAt(t, "a live session", g.ExpiresAt, func() bool { return session.Alive(background(t)) == nil })
		s.close(t, target, g.Name)
	}))
}

func (s *suite) dial(t *testing.T, target *integrations.Guarded, g access.Grant) Session {
	t.Helper()
	c := s.credential(t, target, g)
	var session Session
	eventually(t, target.Bounds().Consistency, "a session opens", func() (err error) {
		session, err = s.Dial(background(t), g, c)
		return err
	})
	t.Cleanup(func() { session.Close() })
	return session
}

func (s *suite) counts(t *testing.T, target *integrations.Guarded, g access.Grant, want int) {
	t.Helper()
	// Sessions come and go by themselves, so even a consistent target is asked again.
	eventually(t, max(target.Bounds().Consistency, target.Bounds().Ending), "Inspect counts sessions", func() error {
		p, err := target.Inspect(background(t), access.Grant{Name: g.Name})
		if err == nil && p.Sessions != want {
			return access.Errorf(access.CodeInternal, "Inspect counts %d, want %d", p.Sessions, want)
		}
		return err
	})
}

func (s *suite) ends(t *testing.T, target *integrations.Guarded, session Session) {
	t.Helper()
	eventually(t, target.Bounds().Ending, "the live session ends", func() error {
		if session.Alive(background(t)) == nil {
			return errors.New("it is alive")
		}
		return nil
	})
}
