package targettest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// usage tries what a target says of how a grant was used.
func (s *suite) usage(t *testing.T) {
	t.Run("NothingWasOpened", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.plan(t, s.Entitlement, longTTL)
		u, err := target.Usage(background(t), g)
		require.False(t, err == nil && u.Known(), "no record says that there was no use: %+v", u)
		require.False(t, u.Used(), "%+v", u)
	})

	t.Run("NotUsed", func(t *testing.T) {
		target := s.openTarget(t)
		g := s.opened(t, target, longTTL)
		s.credential(t, target, g) // picking it up is no use
		require.NoError(t, target.WatchUsage(background(t)))
		s.unused(t, target, g)
		s.open(t, target, g) // asking changes nothing
		s.close(t, target, g.Name)
		if target.UsageStays() {
			s.unused(t, s.openTarget(t), g)
		}
	})

	t.Run("Sessions", s.tier(s.noSessions(), s.usedSessions))
	if s.Usage == access.UsageLast {
		t.Run("LastUsed", s.lastUsed)
	}
	t.Run("Case140ARefusedLoginIsNoUse", s.tier(s.noRefusals(), s.refusedIsNoUse))
}

// lastUsed tries a target that knows when a grant was used last, while it is open.
func (s *suite) lastUsed(t *testing.T) {
	target := s.openTarget(t)
	mine, theirs := s.opened(t, target, longTTL), s.opened(t, target, longTTL)
	began := time.Now().Add(-time.Second)
	s.works(t, target, mine, s.credential(t, target, mine))
	eventually(t, target.Bounds().Consistency, "the target learns of the use", func() error {
		if u := s.used(t, target, mine); u.Last.Before(began.Truncate(time.Second)) || u.Last.After(time.Now()) {
			return fmt.Errorf("it was used just now, not at %s", u.Last)
		}
		return nil
	})
	s.unused(t, target, theirs)
}

// noSessions returns why the usage of sessions is not tried; empty if it is.
func (s *suite) noSessions() string {
	if s.Usage == access.UsageLast {
		return "it knows when a grant was used last, and no sessions"
	}
	return s.Lacks.Sessions
}

// noRefusals returns why refused logins are not tried; empty if they are.
func (s *suite) noRefusals() string {
	if s.Usage != access.UsageSessions || s.Lacks.Mint != "" || s.Use == nil {
		return "it does not record logins"
	}
	return ""
}

// used returns what the target says, which must be of its kind.
func (s *suite) used(t *testing.T, target *integrations.Guarded, g access.Grant) access.Usage {
	t.Helper()
	u, err := target.Usage(background(t), access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.Equal(t, s.Usage, u.Kind)
	return u
}

func (s *suite) unused(t *testing.T, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	require.Equal(t, access.Usage{Kind: s.Usage}, s.used(t, target, g))
}

func (s *suite) usedSessions(t *testing.T) {
	target, watcher := s.openTarget(t), s.openTarget(t)
	began := time.Now().Add(-time.Second)
	mine, theirs := s.opened(t, target, longTTL), s.opened(t, target, longTTL)
	one, two := s.dial(t, target, mine), s.dial(t, target, mine)
	s.counts(t, target, mine, 2)
	require.NoError(t, watcher.WatchUsage(background(t)))
	require.NoError(t, one.Close())
	s.counts(t, target, mine, 1)
	require.NoError(t, watcher.WatchUsage(background(t)), "a look in which one is gone")

	// The second session is cut, and a third that no look has seen.
	three := s.dial(t, target, mine)
	s.counts(t, target, mine, 2)
	s.close(t, target, mine.Name)
	s.ends(t, target, two)
	s.ends(t, target, three)
	require.True(t, target.UsageStays(), "what is known of sessions is known when they were cut")
	u := s.used(t, s.openTarget(t), mine)
	require.Equal(t, 3, u.Sessions)
	require.False(t, u.First.Before(began.Truncate(time.Second)) || u.Last.After(time.Now()), "%+v, from %s on", u, began)
	require.Positive(t, u.For)
	require.LessOrEqual(t, u.For.Std(), time.Since(began)+2*time.Second, "sessions beside each other count once")

	s.unused(t, target, theirs)
	s.close(t, target, theirs.Name)
}

// refusedIsNoUse tries that nobody makes a grant look used, or used longer, by logins that
// the host refuses.
func (s *suite) refusedIsNoUse(t *testing.T) {
	target := s.openTarget(t)
	g := s.opened(t, target, longTTL)
	c := s.credential(t, target, g)
	s.works(t, target, g, c)
	s.close(t, target, g.Name)
	once := s.used(t, target, g)
	require.Positive(t, once.Sessions)
	for range 3 {
		s.refused(t, target, g, c)
	}
	require.NoError(t, target.WatchUsage(background(t)))
	again := s.used(t, target, g)
	require.Equal(t, once.Sessions, again.Sessions)
	require.Equal(t, once.Last, again.Last)
}
