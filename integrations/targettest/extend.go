package targettest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
)

func (s *suite) extend(t *testing.T) {
	t.Run("NoGap", func(t *testing.T) {
		target, ctx := s.openTarget(t), background(t)
		g := s.opened(t, target, s.soon(t, target))
		old := g.ExpiresAt
		first := s.credential(t, target, g)
		s.works(t, target, g, first)
		var session Session
		if s.Lacks.Sessions == "" {
			session = s.dial(t, target, g)
		}

		g.ExpiresAt = old.Add(longTTL)
		require.NoError(t, target.Extend(ctx, g))
		require.NoError(t, target.Extend(ctx, g), "extending is idempotent")
		require.True(t, s.use(t, g, first), "what was minted before the extension still works at once after it")
		s.open(t, target, g) // List returns the new expiry
		second := s.credential(t, target, g)

		if s.UseAt != nil {
			eventually(t, target.Bounds().Consistency, "access works after its old end", func() error {
				return s.UseAt(ctx, g, second, old.Add(time.Minute))
			})
			require.ErrorIs(t, s.UseAt(ctx, g, second, g.ExpiresAt.Add(s.Slack)), ErrRefused, "just after its new end")
		} else {
			s.works(t, target, g, second)
			for time.Now().Before(old.Add(s.Slack + 500*time.Millisecond)) {
				require.True(t, s.use(t, g, second), "a gap")
				if session != nil {
					require.NoError(t, session.Alive(ctx), "the live session ended at the old expiry")
				}
				time.Sleep(step)
			}
		}
		s.close(t, target, g.Name)
		s.refused(t, target, g, second)
		if session != nil {
			s.ends(t, target, session)
		}
	})

	t.Run("NeverReopens", func(t *testing.T) {
		target, ctx := s.openTarget(t), background(t)
		g := s.opened(t, target, longTTL)
		s.close(t, target, g.Name)
		g.ExpiresAt = g.ExpiresAt.Add(longTTL)
		err := target.Extend(ctx, g)
		require.Contains(t, []access.Code{access.CodeNotFound, access.CodeConflict}, access.CodeOf(err), "%v", err)
		s.gone(t, target, g.Name)
	})

	t.Run("IntoThePast", func(t *testing.T) {
		target, ctx := s.openTarget(t), background(t)
		g := s.opened(t, target, longTTL)
		past := g
		past.ExpiresAt = time.Now().UTC().Add(-time.Minute).Truncate(time.Second)
		require.Equal(t, access.CodeInvalid, access.CodeOf(target.Extend(ctx, past)))
		s.open(t, target, g)
		s.close(t, target, g.Name)
	})
}
