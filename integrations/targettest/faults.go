package targettest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
)

// maxCalls bounds the sweep over the calls that one operation makes.
const maxCalls = 25

func (s *suite) faults(t *testing.T) {
	t.Run("Case24LostReply", s.tier(s.Lacks.LostReply, s.lostReply))
	t.Run("Case26Throttled", s.tier(s.Lacks.Throttled, func(t *testing.T) { s.down(t, Throttled, access.CodeThrottled) }))
	t.Run("Unavailable", s.tier(s.Lacks.Unavailable, func(t *testing.T) { s.down(t, Unavailable, access.CodeUnavailable) }))
	t.Run("NotFoundYet", s.tier(s.Lacks.NotFoundYet, s.notFoundYet))
}

// lostReply interrupts an operation after each of its calls in turn. That leaves
// behind what a crash of the worker leaves, at every point where it can happen.
func (s *suite) lostReply(t *testing.T) {
	t.Run("GrantThenGrantAgain", func(t *testing.T) {
		s.sweep(t, func(n int) error {
			g := s.plan(t, s.Entitlement, longTTL)
			err := s.faultyTarget(t, LostReply, n).Grant(background(t), g)
			healthy := s.openTarget(t)
			require.NoError(t, healthy.Grant(background(t), g), "again, after call %d was lost", n)
			s.open(t, healthy, g)
			c := s.credential(t, healthy, g)
			s.works(t, healthy, g, c)
			s.close(t, healthy, g.Name)
			s.refused(t, healthy, g, c)
			return err
		})
	})
	t.Run("GrantThenRevoke", func(t *testing.T) {
		s.sweep(t, func(n int) error {
			g := s.plan(t, s.Entitlement, longTTL)
			err := s.faultyTarget(t, LostReply, n).Grant(background(t), g)
			s.close(t, s.openTarget(t), g.Name)
			return err
		})
	})
	t.Run("RevokeThenRevokeAgain", func(t *testing.T) {
		s.sweep(t, func(n int) error {
			healthy := s.openTarget(t)
			g := s.opened(t, healthy, longTTL)
			err := s.faultyTarget(t, LostReply, n).Revoke(background(t), access.Grant{Name: g.Name})
			s.close(t, healthy, g.Name)
			return err
		})
	})
}

// sweep repeats try with the fault at call 1, 2, … until the fault comes after the
// last call and nothing fails. An error before that must be one that is retried.
func (s *suite) sweep(t *testing.T, try func(n int) error) {
	t.Helper()
	for n := 1; n <= maxCalls; n++ {
		err := try(n)
		if err == nil && n > 1 {
			return
		}
		if err != nil {
			require.NotEqual(t, access.CodeInvalid, access.CodeOf(err), "call %d: invalid is never retried: %v", n, err)
		}
	}
	require.Fail(t, "the fault never gets past the operation's last call")
}

// down tries a fault that lasts from some call on. Its code must come through.
func (s *suite) down(t *testing.T, fault Fault, code access.Code) {
	healthy := s.openTarget(t)
	g := s.opened(t, healthy, longTTL)

	t.Run("Grant", func(t *testing.T) {
		for n := 1; n <= 3; n++ {
			fresh := s.plan(t, s.Entitlement, longTTL)
			if err := s.faultyTarget(t, fault, n).Grant(background(t), fresh); err != nil {
				require.Equal(t, code, access.CodeOf(err), "from call %d on: %v", n, err)
			} else {
				require.Greater(t, n, 1, "granting succeeded though every call failed")
			}
			s.close(t, healthy, fresh.Name)
		}
	})
	t.Run("Reads", func(t *testing.T) {
		target := s.faultyTarget(t, fault, 1)
		_, err := target.Inspect(background(t), g)
		require.Equal(t, code, access.CodeOf(err), "Inspect, which must not take it for gone: %v", err)
		_, err = target.List(background(t))
		require.Equal(t, code, access.CodeOf(err), "List: %v", err)
		if target.CanPing() {
			require.Error(t, target.Ping(background(t)), "Ping")
		}
	})
	t.Run("Revoke", func(t *testing.T) {
		err := s.faultyTarget(t, fault, 1).Revoke(background(t), access.Grant{Name: g.Name})
		require.Equal(t, code, access.CodeOf(err), "Revoke: %v", err)
		s.open(t, healthy, g)
		s.close(t, healthy, g.Name)
	})
}

// notFoundYet tries a service that does not see its own object yet. The target may
// fail or succeed; once the service sees the object, one more revoke ends it.
func (s *suite) notFoundYet(t *testing.T) {
	healthy := s.openTarget(t)
	t.Run("Grant", func(t *testing.T) {
		g := s.plan(t, s.Entitlement, longTTL)
		if err := s.faultyTarget(t, NotFoundYet, 1).Grant(background(t), g); err != nil {
			require.NotEqual(t, access.CodeInvalid, access.CodeOf(err), "worth retrying: %v", err)
		}
		require.NoError(t, healthy.Grant(background(t), g))
		s.open(t, healthy, g)
		s.close(t, healthy, g.Name)
	})
	t.Run("Revoke", func(t *testing.T) {
		g := s.opened(t, healthy, longTTL)
		s.open(t, healthy, g)
		_ = s.faultyTarget(t, NotFoundYet, 1).Revoke(background(t), access.Grant{Name: g.Name})
		s.close(t, healthy, g.Name)
	})
}

// foreign tries that things on the service that are not Ramp's are neither listed
// nor touched (docs/threats.md, case 36).
func (s *suite) foreign(t *testing.T) {
	target, ctx := s.openTarget(t), background(t)
	intact := s.Foreign(t)
	require.NoError(t, intact(ctx), "the foreign things, before anything happened")
	before, err := target.List(ctx)
	require.NoError(t, err)
	require.Empty(t, before, "List finds what is not Ramp's")

	g := s.opened(t, target, longTTL)
	s.open(t, target, g)
	s.close(t, target, g.Name)
	require.NoError(t, intact(ctx), "the foreign things, after a grant came and went")
}
