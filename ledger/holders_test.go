package ledger_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// holders is Case30 on each database: what grants share goes with the last.
var holders = map[string]func(b book){
	"HoldersCase30FirstOutLeavesLastOutRemoves": func(b book) {
		h := b.Holders("group/one")
		for range 2 { // again is no second hold
			require.NoError(b, h.Hold(ctx, "admins", "ramp-a"))
			require.NoError(b, h.Hold(ctx, "admins", "ramp-b"))
		}
		require.NoError(b, b.Holders("group/two").Hold(ctx, "admins", "ramp-c"), "another target's is another object")
		last, err := h.Release(ctx, "admins", "ramp-a")
		require.NoError(b, err)
		require.False(b, last)
		require.Equal(b, access.CodeConflict, access.CodeOf(h.Hold(ctx, "admins", "ramp-a")), "who has left does not come back")
		for range 2 { // as after a crash before the removal
			last, err = h.Release(ctx, "admins", "ramp-b")
			require.NoError(b, err)
			require.True(b, last)
			objects, err := h.Objects(ctx, "ramp-b")
			require.NoError(b, err)
			require.Equal(b, map[string]bool{"admins": true}, objects)
			require.Equal(b, access.CodeUnavailable, access.CodeOf(h.Hold(ctx, "admins", "ramp-d")), "nobody holds what is being removed")
		}
		require.NoError(b, h.Gone(ctx, "admins", "ramp-b"))
		objects, err := h.Objects(ctx, "ramp-b")
		require.NoError(b, err)
		require.Equal(b, map[string]bool{"admins": false}, objects)
		require.NoError(b, h.Hold(ctx, "admins", "ramp-d"))
		last, err = h.Release(ctx, "admins", "ramp-b")
		require.NoError(b, err)
		require.False(b, last, "a late one does not take it from the next")
		last, err = h.Release(ctx, "admins", "ramp-never")
		require.NoError(b, err)
		require.False(b, last, "who never held it ends nothing")
	},
	// Many come and go at once. Between holding and releasing, nobody else may be
	// told to remove the object.
	"HoldersCase30AtTheSameTime": func(b book) {
		h := b.Holders("group/busy")
		var holding, removals atomic.Int32
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				name := fmt.Sprintf("ramp-%d", i)
				for {
					err := h.Hold(ctx, "admins", name)
					if err == nil {
						break
					}
					if access.CodeOf(err) != access.CodeUnavailable {
						b.Errorf("hold: %v", err)
						return
					}
					time.Sleep(time.Millisecond)
				}
				holding.Add(1)
				time.Sleep(2 * time.Millisecond)
				holding.Add(-1)
				last, err := h.Release(ctx, "admins", name)
				if err != nil {
					b.Errorf("release: %v", err)
				}
				if !last {
					return
				}
				removals.Add(1)
				time.Sleep(2 * time.Millisecond) // while it is being removed
				if n := holding.Load(); n != 0 {
					b.Errorf("told to remove what %d others hold", n)
				}
				if err := h.Gone(ctx, "admins", name); err != nil {
					b.Errorf("gone: %v", err)
				}
			})
		}
		all.Wait()
		require.Positive(b, removals.Load(), "the last one out removes it")
	},
}
