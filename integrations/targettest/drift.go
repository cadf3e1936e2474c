package targettest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// drift tries that somebody with rights of their own changes what Ramp made (docs/threats.md, case
// 32, 33).
func (s *suite) drift(t *testing.T) {
	t.Run("AsGranted", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		s.same(t, target, g)
		s.credential(t, target, g)
		s.same(t, target, g)
		// The ledger records an extension first, so the target may be behind.
		later := g
		later.ExpiresAt = g.ExpiresAt.Add(time.Minute)
		s.same(t, target, later)
		if target.CanExtend() {
			require.NoError(t, target.Extend(background(t), later))
			s.same(t, target, later)
		}
		s.close(t, target, g.Name)
	})

	t.Run("NothingThere", func(t *testing.T) {
		target := s.openTarget(t)
		never, revoked := s.plan(t, s.Entitlement, longTTL), s.opened(t, target, longTTL)
		s.close(t, target, revoked.Name)
		for _, g := range []access.Grant{never, revoked} {
			differences, err := target.Drift(background(t), g)
			require.NoError(t, err)
			require.Empty(t, differences)
			_ = target.Restore(background(t), g) // may refuse; must not open
			s.gone(t, target, g.Name)
		}
	})

	for what, widen := range s.Widen {
		t.Run(what, func(t *testing.T) { s.widened(t, widen) })
	}
}

func (s *suite) widened(t *testing.T, widen func(context.Context, access.Grant) error) {
	target, ctx := s.openTarget(t), background(t)
	g, other := s.opened(t, target, longTTL), s.opened(t, target, longTTL)
	s.open(t, target, g)
	s.credential(t, target, g)
	require.NoError(t, widen(ctx, g), "by hand")

	eventually(t, target.Bounds().Consistency, "Drift returns a difference", func() error {
		differences, err := target.Drift(ctx, g)
		if err == nil && len(differences) == 0 {
			err = errors.New("no difference")
		}
		return err
	})
	err := s.openTarget(t).Restore(ctx, g)
	if access.CodeOf(err) == access.CodeConflict && err != nil {
		// The target says that only closing ends what was opened by the change.
		s.close(t, target, g.Name)
	} else {
		require.NoError(t, err)
		s.same(t, target, g)
		s.open(t, target, g)
		c := s.credential(t, target, g)
		s.works(t, target, g, c)
		s.close(t, target, g.Name)
		s.refused(t, target, g, c)
	}
	s.same(t, target, other)
	s.works(t, target, other, s.credential(t, target, other))
	s.close(t, target, other.Name)
}

// same waits until the target reports no difference from g.
func (s *suite) same(t *testing.T, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	eventually(t, target.Bounds().Consistency, "no difference from what was granted", func() error {
		differences, err := target.Drift(background(t), g)
		if err == nil && len(differences) > 0 {
			err = access.Errorf(access.CodeInternal, "Drift says %q", differences)
		}
		return err
	})
}
