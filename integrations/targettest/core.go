package targettest

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
)

func (s *suite) core(t *testing.T) {
	t.Run("Resolve", s.resolve)
	t.Run("BadNames", s.badNames)
	t.Run("Life", s.life)

	t.Run("GrantTwice", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		require.NoError(t, s.openTarget(t).Grant(background(t), g), "again, from another process")
		s.open(t, target, g)
		s.close(t, target, g.Name)
	})

	t.Run("RevokeTwice", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		s.close(t, target, g.Name)
		require.NoError(t, target.Revoke(background(t), g))
		s.gone(t, target, g.Name)
	})

	t.Run("RevokeOfNothing", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.plan(t, s.Entitlement, longTTL)
		require.NoError(t, target.Revoke(background(t), g))
		s.gone(t, target, g.Name)
	})

	// Everything in the process that granted may be lost.
	t.Run("RevokeByNameFromAnotherProcess", func(t *testing.T) {
		g := s.opened(t, s.openTarget(t), longTTL)
		s.close(t, s.openTarget(t), g.Name)
	})

	t.Run("Case33RemovedByHand", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		require.NoError(t, s.Remove(background(t), g.Name))
		s.close(t, target, g.Name)
	})

	t.Run("Case23AlreadyExpired", func(t *testing.T) {
		target := s.openTarget(t)
		for name, at := range map[string]time.Time{
			"a minute ago": time.Now().Add(-time.Minute), "now": time.Now(), "zero": {},
		} {
			g := s.plan(t, s.Entitlement, longTTL)
			g.ExpiresAt = at.UTC().Truncate(time.Second)
			require.Equalf(t, access.CodeInvalid, access.CodeOf(target.Grant(background(t), g)), "expired %s", name)
			s.gone(t, target, g.Name)
		}
	})
}

func (s *suite) life(t *testing.T) {
	target, ctx := s.openTarget(t), background(t)
	g := s.plan(t, s.Entitlement, longTTL)
	s.gone(t, target, g.Name)
	require.NoError(t, target.Grant(ctx, g))
	s.open(t, target, g)

	byName, err := target.Inspect(ctx, access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.True(t, byName.Open, "Inspect by the name alone")
	marked, err := s.ListNames(ctx)
	require.NoError(t, err)
	require.Contains(t, marked, g.Name, "what the harness sees on the service")

	c := s.credential(t, target, g)
	s.works(t, target, g, c)
	s.close(t, target, g.Name)
	s.refused(t, target, g, c)
}

func (s *suite) resolve(t *testing.T) {
	target, ctx := s.openTarget(t), background(t)
	one, err := target.Resolve(ctx, s.Entitlement)
	require.NoError(t, err)
	require.NotEmpty(t, one.Summary, "approvers read the summary")
	require.NotEmpty(t, one.Ends, "how it ends even if Ramp is gone")
	require.Empty(t, one.Validate(), "it can be shown as it is")
	again, err := target.Resolve(ctx, s.Entitlement)
	require.NoError(t, err)
	require.Empty(t, one.Differences(again), "the worker that opens compares this text with what was approved")
	other, err := target.Resolve(ctx, s.Other)
	require.NoError(t, err)
	// Case 8: what opens something else reads differently.
	require.NotEqual(t, one, other, "two entitlements, one scope: an approver could not tell them apart")

	bad := map[string]access.Entitlement{"unknown key": maps.Clone(s.Entitlement), "nothing": {}, "nil": nil}
	bad["unknown key"]["no_such_key"] = true
	maps.Copy(bad, s.Invalid)
	for what, e := range bad {
		t.Run(what, func(t *testing.T) {
			_, err := target.Resolve(ctx, e)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "resolve: %v", err)
			require.NotEmpty(t, access.IssuesOf(err), "an invalid entitlement says what is wrong with it")
			g := s.plan(t, e, longTTL)
			err = target.Grant(ctx, g)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "grant: %v", err)
			s.gone(t, target, g.Name)
		})
	}
}

// badNames tries names that Ramp did not make. Names come from outside the worker,
// and become paths and names of files on targets.
func (s *suite) badNames(t *testing.T) {
	target, ctx := s.openTarget(t), background(t)
	good := access.GrantName(access.NewRequestID(), 0)
	for what, name := range map[string]string{
		"empty": "", "mark only": access.NamePrefix, "not Ramp's": "root", "traversal": access.NamePrefix + "../../../etc/x-a",
		"wildcard": access.NamePrefix + "****************-a", "trailing": good + "/..", "line break": good + "\n",
		"no letter": good[:len(good)-2], "upper case": access.NamePrefix + "ABCDEFGHJKMNPQRS-a",
	} {
		t.Run(what, func(t *testing.T) {
			g := access.Grant{Name: name, RequestID: "x", Target: s.Target, Principal: s.Principal,
				Entitlement: s.Entitlement, ExpiresAt: time.Now().UTC().Add(longTTL).Truncate(time.Second)}
			require.Equal(t, access.CodeInvalid, access.CodeOf(target.Grant(ctx, g)), "grant")
			require.Equal(t, access.CodeInvalid, access.CodeOf(target.Revoke(ctx, g)), "revoke")
			_, err := target.Inspect(ctx, g)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "inspect")
		})
	}
}
