package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func TestScopes(t *testing.T) {
	planned := func(user string) []access.PlannedGrant {
		return []access.PlannedGrant{{Target: "ssh/demo", Entitlement: access.Entitlement{"user": user}}}
	}
	var asked atomic.Int64
	answer := func(summary string, err error) func(context.Context) ([]access.Scope, error) {
		return func(context.Context) ([]access.Scope, error) {
			asked.Add(1)
			return []access.Scope{{Summary: summary}}, err
		}
	}
	t.Run("many who ask the same at once cost one question", func(t *testing.T) {
		var s resolveCache
		asked.Store(0)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				out, err := s.get(t.Context(), planned("demo"), answer("demo", nil))
				if err != nil || out[0].Summary != "demo" {
					t.Error(out, err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, asked.Load())
	})
	t.Run("another entitlement is another question", func(t *testing.T) {
		var s resolveCache
		_, err := s.get(t.Context(), planned("demo"), answer("demo", nil))
		require.NoError(t, err)
		out, err := s.get(t.Context(), planned("root"), answer("root", nil))
		require.NoError(t, err)
		require.Equal(t, "root", out[0].Summary)
	})
	t.Run("failures are not remembered", func(t *testing.T) {
		var s resolveCache
		_, err := s.get(t.Context(), planned("demo"), answer("", access.Errorf(access.CodeUnavailable, "down")))
		require.Error(t, err)
		_, err = s.get(t.Context(), planned("demo"), answer("demo", nil))
		require.NoError(t, err)
	})
	t.Run("it is forgotten soon", func(t *testing.T) {
		var s resolveCache
		now := time.Now()
		s.remember("k", nil, now)
		_, ok := s.recall("k", now.Add(scopesFor-time.Millisecond))
		require.True(t, ok)
		_, ok = s.recall("k", now.Add(scopesFor))
		require.False(t, ok)
	})
}
