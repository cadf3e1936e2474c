package targettest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func (s *suite) concurrency(t *testing.T) {
	// Two worker processes retry one activity at the same time.
	t.Run("Case11OneGrantEightTimes", func(t *testing.T) {
		targets := []*integrations.Guarded{s.openTarget(t), s.openTarget(t)}
		g := s.plan(t, s.Entitlement, longTTL)
		s.together(t, 8, func(ctx context.Context, i int) error { return targets[i%2].Grant(ctx, g) })
		s.open(t, targets[0], g)
		s.together(t, 8, func(ctx context.Context, i int) error {
			return targets[i%2].Revoke(ctx, access.Grant{Name: g.Name})
		})
		s.gone(t, targets[0], g.Name)
	})

	t.Run("SixteenGrants", func(t *testing.T) {
		targets := []*integrations.Guarded{s.openTarget(t), s.openTarget(t)}
		grants := make([]access.Grant, 16)
		for i := range grants {
			grants[i] = s.plan(t, s.Entitlement, longTTL)
		}
		s.together(t, len(grants), func(ctx context.Context, i int) error { return targets[i%2].Grant(ctx, grants[i]) })
		for _, g := range grants {
			s.open(t, targets[0], g)
		}
		// Half of them close while the other half must not notice.
		s.together(t, len(grants)/2, func(ctx context.Context, i int) error {
			return targets[i%2].Revoke(ctx, access.Grant{Name: grants[i].Name})
		})
		for i, g := range grants {
			if i < len(grants)/2 {
				s.gone(t, targets[1], g.Name)
			} else {
				s.open(t, targets[1], g)
				s.close(t, targets[1], g.Name)
			}
		}
	})

	// A revoke that overtakes its grant: whichever wins, one more revoke ends it.
	t.Run("RevokeBesideGrant", func(t *testing.T) {
		target, other := s.openTarget(t), s.openTarget(t)
		g := s.plan(t, s.Entitlement, longTTL)
		s.together(t, 4, func(ctx context.Context, i int) error {
			if i%2 == 0 {
				_ = target.Grant(ctx, g) // may fail half way: revoked under its hands
				return nil
			}
			return other.Revoke(ctx, access.Grant{Name: g.Name})
		})
		s.close(t, target, g.Name)
	})
}

// together runs n calls at once. All of them must succeed.
func (s *suite) together(t *testing.T, n int, do func(ctx context.Context, i int) error) {
	t.Helper()
	group, ctx := errgroup.WithContext(background(t))
	start := make(chan struct{})
	for i := range n {
		group.Go(func() error {
			<-start
			return do(ctx, i)
		})
	}
	close(start)
	require.NoError(t, group.Wait())
}

// overlap tries that two grants never share an object (docs/threats.md, cases 29 and 30).
func (s *suite) overlap(t *testing.T) {
	t.Run("Case29RevokingOneLeavesTheOther", func(t *testing.T) {
		target := s.openTarget(t)
		earlier, later := s.opened(t, target, longTTL), s.opened(t, target, 2*longTTL)
		a, b := s.credential(t, target, earlier), s.credential(t, target, later)
		s.works(t, target, earlier, a)
		s.works(t, target, later, b)

		s.close(t, target, earlier.Name)
		s.refused(t, target, earlier, a)
		s.open(t, target, later)
		require.True(t, s.use(t, later, b), "the other grant's access was lost")

		s.close(t, target, later.Name)
		s.refused(t, target, later, b)
	})

	t.Run("Case29EarlierExpiryDoesNotKeepTheLater", func(t *testing.T) {
		target := s.openTarget(t)
		earlier, later := s.opened(t, target, longTTL), s.opened(t, target, 2*longTTL)
		s.close(t, target, later.Name)
		s.open(t, target, earlier)
		s.close(t, target, earlier.Name)
	})
}
