package integrations_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

// reporter is a target that says how its grants were used.
type reporter struct {
	integrations.Target
	usage func(context.Context) (access.Usage, error)
	stays bool
	asked atomic.Int64
}

func (r *reporter) Bounds() integrations.Bounds {
	return integrations.Bounds{Rate: pacing.Rate{PerSecond: 5}}
}

func (r *reporter) Revoke(context.Context, access.Grant) error { return nil }

func (r *reporter) Usage(ctx context.Context, _ access.Grant) (access.Usage, error) {
	r.asked.Add(1)
	return r.usage(ctx)
}

func (r *reporter) WatchUsage(context.Context) error { return nil }
func (r *reporter) UsageStays() bool                 { return r.stays }

func usageOf(t *testing.T, r *reporter, gone bool) *access.Usage {
	b := integrations.NewBroker(map[string]integrations.Target{"fake/one": r}, nil)
	return b.Usage(t.Context(), access.Grant{Name: grantName, Target: "fake/one"}, gone)
}

var twice = access.Usage{Kind: access.UsageSessions, First: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
	Last: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), Sessions: 2, For: access.Duration(12 * time.Minute)}

func TestBrokerAsksForUsageAtOneMoment(t *testing.T) {
	r := &reporter{usage: func(context.Context) (access.Usage, error) { return twice, nil }}
	require.Equal(t, &twice, usageOf(t, r, false), "before it is revoked")
	require.Nil(t, usageOf(t, r, true))
	require.EqualValues(t, 1, r.asked.Load())
	r.stays = true
	require.Equal(t, &twice, usageOf(t, r, true), "once it is gone")
	require.Nil(t, usageOf(t, r, false))

	b := integrations.NewBroker(map[string]integrations.Target{"fake/one": &busy{}}, map[string]error{"fake/two": errors.New("no such region")})
	for _, target := range []string{"fake/one", "fake/two", "fake/three"} {
		require.Nil(t, b.Usage(t.Context(), access.Grant{Name: grantName, Target: target}, false), target)
	}
	require.NoError(t, b.WatchUsage(t.Context(), "fake/one"), "what cannot say has nothing to note")
	require.Nil(t, usageOf(t, &reporter{stays: true}, false))
}

// What a target says of use goes into the record, where nobody can take it back.
func TestBrokerBelievesNoUsageThatMakesNoSense(t *testing.T) {
	at := twice.First
	for name, u := range map[string]access.Usage{
		"no kind": {}, "another kind": {Kind: "often"}, "negative": {Kind: access.UsageSessions, First: at, Last: at, Sessions: -1},
		"it ends before it begins": {Kind: access.UsageSeen, First: at, Last: at.Add(-time.Hour), Sessions: 1},
		"sessions at no time":      {Kind: access.UsageSessions, Sessions: 2}, "a time and no session": {Kind: access.UsageSessions, First: at, Last: at},
		"not known, and used": {Kind: access.UsageNotKnown, Last: at},
	} {
		r := &reporter{usage: func(context.Context) (access.Usage, error) { return u, nil }}
		require.Equal(t, &access.Usage{Kind: access.UsageNotKnown}, usageOf(t, r, false), name)
	}
	fails := &reporter{usage: func(context.Context) (access.Usage, error) { return access.Usage{}, errors.New("connection refused") }}
	require.Equal(t, &access.Usage{Kind: access.UsageNotKnown}, usageOf(t, fails, false))
}

// Whatever a target does that is asked for usage, access is closed a second later.
func TestUsageDoesNotHoldUpClosing(t *testing.T) {
	t.Run("ATargetThatHangs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			hung := make(chan struct{})
			r := &reporter{usage: func(context.Context) (access.Usage, error) { <-hung; return twice, nil }}
			start := time.Now()
			require.Equal(t, &access.Usage{Kind: access.UsageNotKnown}, usageOf(t, r, false))
			require.Equal(t, time.Second, time.Since(start))
			close(hung)
		})
	})
	t.Run("ManyThatEndAtOnce", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &reporter{usage: func(context.Context) (access.Usage, error) { return twice, nil }}
			b := integrations.NewBroker(map[string]integrations.Target{"fake/one": r}, nil)
			start := time.Now()
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					g := access.Grant{Name: grantName, Target: "fake/one"}
					require.NotNil(t, b.Usage(t.Context(), g, false))
					require.NoError(t, b.Revoke(t.Context(), g))
				})
			}
			all.Wait()
			require.Less(t, time.Since(start), 21*time.Second, "100 at 5 a second take 19 s, and the question a second")
		})
	})
	t.Run("ATargetThatIsBusy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &reporter{usage: func(context.Context) (access.Usage, error) {
				return access.Usage{}, access.RetryAfter(access.Errorf(access.CodeThrottled, "slow down"), 30*time.Second)
			}}
			b := integrations.NewBroker(map[string]integrations.Target{"fake/one": r}, nil)
			g := access.Grant{Name: grantName, Target: "fake/one"}
			start := time.Now()
			require.Equal(t, access.UsageNotKnown, b.Usage(t.Context(), g, false).Kind)
			require.NoError(t, b.Revoke(t.Context(), g))
			require.Less(t, time.Since(start), time.Second, "it is not the closing that was throttled")
		})
	})
}
