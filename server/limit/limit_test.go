package limit

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	l := New(Rate{PerSecond: 0.5, Burst: 3})
	for range 3 {
		ok, _ := l.Allow("alice", now)
		require.True(t, ok)
	}
	ok, wait := l.Allow("alice", now)
	require.False(t, ok)
	require.Equal(t, 2*time.Second, wait)
	ok, _ = l.Allow("bob", now)
	require.True(t, ok, "one caller's bucket is not another's")
	ok, _ = l.Allow("alice", now.Add(wait))
	require.True(t, ok, "after the wait it is taken")
	ok, _ = l.Allow("alice", now.Add(wait))
	require.False(t, ok)
}

// TestReturn: what is given back can be taken again, and no bucket gets larger by it.
func TestReturn(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	l := New(Rate{PerSecond: 0.5, Burst: 3})
	taken := func() (n int) {
		for ok := true; ok; n++ {
			ok, _ = l.Allow("alice", now)
		}
		return n - 1
	}
	l.Return("alice", now) // who has taken nothing
	ok, _ := l.Allow("alice", now)
	require.True(t, ok)
	l.Return("alice", now)
	l.Return("alice", now)
	require.Equal(t, 3, taken())
	l.Return("alice", now)
	require.Equal(t, 1, taken())
	now = now.Add(time.Hour)
	l.Return("alice", now)
	require.Equal(t, 3, taken(), "full again by now")
}

func TestMemoryIsBounded(t *testing.T) {
	now := time.Now()
	l := New(Rate{PerSecond: 1, Burst: 2})
	l.max = 100
	for i := range 1000 {
		l.Allow(fmt.Sprint("idle ", i), now)
		now = now.Add(time.Minute)
	}
	l.Allow("busy", now)
	l.Allow("busy", now)
	for i := range 98 {
		l.Allow(fmt.Sprint("another ", i), now.Add(-time.Hour)) // full again by now
	}
	l.Allow("one more", now)
	ok, _ := l.Allow("busy", now)
	require.False(t, ok, "who is at the limit is not forgotten for those who are not")
	for i := range 1000 { // a flood, all at once
		l.Allow(fmt.Sprint("flood ", i), now)
		require.LessOrEqual(t, len(l.buckets), 100)
	}
}
