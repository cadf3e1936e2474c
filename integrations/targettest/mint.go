package targettest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func (s *suite) mint(t *testing.T) {
	t.Run("WorksAndEndsInTime", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		c := s.credential(t, target, g)
		require.NotEmpty(t, c.Kind)
		require.NotEmpty(t, c.Hint, "people are told how to use it")
		require.NoError(t, c.Validate(), "clients accept nothing but what access.CredentialKinds lists")
		require.False(t, c.ExpiresAt.IsZero())
		require.Falsef(t, c.ExpiresAt.After(g.ExpiresAt), "expires at %s, after its grant at %s", c.ExpiresAt, g.ExpiresAt)
		require.True(t, c.ExpiresAt.After(time.Now()))
		s.works(t, target, g, c)
	})

	t.Run("TwoAreIndependent", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		one, two := s.credential(t, target, g), s.credential(t, s.openTarget(t), g)
		if s.Lacks.FreshSecret == "" {
			require.NotEqual(t, secrets(one), secrets(two), "the same secret twice")
		} else {
			require.Equal(t, secrets(one), secrets(two), "the target lacks what it has: %s", s.Lacks.FreshSecret)
		}
		s.works(t, target, g, one)
		s.works(t, target, g, two)
		s.close(t, target, g.Name)
		s.refused(t, target, g, one)
		s.refused(t, target, g, two)
	})

	t.Run("RefusedAfterRevoke", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		s.close(t, target, g.Name)
		s.mintRefused(t, target, g)
		s.gone(t, target, g.Name)
	})

	t.Run("RefusedBeforeGrant", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.plan(t, s.Entitlement, longTTL)
		s.mintRefused(t, target, g)
		s.gone(t, target, g.Name)
	})

	t.Run("RefusedOnceExpired", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		g.ExpiresAt = time.Now().UTC().Add(-time.Second).Truncate(time.Second)
		s.mintRefused(t, target, g)
	})
}

func (s *suite) mintRefused(t *testing.T, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	_, err := target.Mint(background(t), g)
	require.Error(t, err)
	require.NotContains(t, []access.Code{access.CodeInternal, access.CodeUnavailable, access.CodeThrottled},
		access.CodeOf(err), "a plain refusal, which is not worth trying again: %v", err)
}

// secrets is what is secret in a credential, apart from shared facts such as
// addresses: compared whole, so a single difference counts.
func secrets(c access.Credential) [2]map[string]string { return [2]map[string]string{c.Env, c.Files} }
