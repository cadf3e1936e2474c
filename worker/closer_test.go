package worker

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// TestEndingsWithNoTemporal: Temporal goes down before many ends come, and stays
// down. Access ends all the same, is recorded as any ending, and once; when Temporal
// is back, each workflow finds that it has ended.
func TestEndingsWithNoTemporal(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	s.start()
	// On a slow machine the first have ended before all are open: then others are asked
	// for, for longer.
	all, length := []asked(nil), 20*time.Second
	for open := false; !open; length *= 2 {
		all = s.askMany(40, length)
		for _, a := range all {
			s.eventually(func() bool { return a.row().ActiveAt != nil }, "%s is opened", a.id())
		}
		soon := time.Now().Add(length / 2)
		open = !slices.ContainsFunc(all, func(a asked) bool { return a.row().ExpiresAt.Before(soon) })
	}
	s.stopTemporal()
	for _, a := range all {
		require.Empty(t, s.revoked(a), "it ended before Temporal was stopped")
	}
	for _, a := range all {
		row := a.awaits(access.StateEnded)
		require.Equal(t, access.OutcomeExpired, row.Outcome)
	}
	require.Zero(t, s.service.open())
	counts := func(a asked) map[access.EventKind]int {
		timeline, _, err := s.ledger.Timeline(t.Context(), a.id())
		require.NoError(t, err)
		out := map[access.EventKind]int{}
		for _, e := range timeline {
			out[e.Kind]++
		}
		return out
	}
	before := map[string]map[access.EventKind]int{}
	for _, a := range all {
		before[a.id()] = counts(a)
	}

	s.startTemporal()
	for _, a := range all {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		var res workflows.AccessRequestResult
		require.NoError(t, s.temporal.GetWorkflow(ctx, a.id(), "").Get(ctx, &res))
		require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeExpired}, res)
		require.Equal(t, before[a.id()], counts(a))
		require.Len(t, s.revoked(a), 1)
		for _, kind := range []access.EventKind{access.EventAccessEnding, access.EventGrantClosed, access.EventAccessEnded} {
			require.Equal(t, 1, before[a.id()][kind], kind)
		}
	}
}

// revoked is how often the service was told to revoke a request's grant.
func (s *site) revoked(a asked) (out []entry) {
	for _, e := range s.service.asked("revoke") {
		if e.grant == a.grant() {
			out = append(out, e)
		}
	}
	return out
}

// TestCase34EndClock: no clock that is fast ends access early.
func TestCase34EndClock(t *testing.T) {
	record, failing := time.Now(), errors.New("down")
	clock := func(err error) *endClock {
		return &endClock{ledger: func(context.Context) (time.Time, error) { return record, err }}
	}
	is := func(c *endClock, want time.Time) {
		t.Helper()
		now, err := c.Now(t.Context())
		require.NoError(t, err)
		require.WithinDuration(t, want, now, 30*time.Second, "the readings are a minute apart at least")
	}
	t.Run("with no Temporal, the ledger's", func(t *testing.T) { is(clock(nil), record) })
	t.Run("the ledger's is fast", func(t *testing.T) {
		c := clock(nil)
		c.hear(record.Add(-5 * time.Minute))
		is(c, record.Add(-5*time.Minute))
	})
	t.Run("Temporal's is fast", func(t *testing.T) {
		c := clock(nil)
		c.hear(record.Add(5 * time.Minute))
		is(c, record)
	})
	t.Run("a reading that came late is no correction", func(t *testing.T) {
		c := clock(nil)
		c.hear(record.Add(-time.Minute))
		c.hear(record.Add(-time.Hour))
		is(c, record.Add(-time.Minute))
	})
	t.Run("a ledger that does not answer tells no time", func(t *testing.T) {
		_, err := clock(failing).Now(t.Context())
		require.ErrorIs(t, err, failing)
	})
}

// TestCase34CloserHearsTemporal: each activity tells the closer what time it is at Temporal.
func TestCase34CloserHearsTemporal(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.start()
	a := s.asks(time.Hour)
	a.awaits(access.StateActive)
	require.False(t, s.worker.clock.service.heard.IsZero(), "the activity that opened it told the time")
	rows, err := s.ledger.Grants(t.Context(), ledger.GrantFilter{RequestID: a.id()})
	require.NoError(t, err)
	require.Equal(t, ledger.GrantOpen, rows[0].Status)
}
