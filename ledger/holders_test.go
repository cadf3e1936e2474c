package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// holders is Case30 on each database: what grants share goes with the last.
var holders = map[string]func(b fixture){
	"HoldersCase30FirstOutLeavesLastOutRemoves": func(b fixture) {
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
		require.NoError(b, h.Removed(ctx, "admins", "ramp-b"))
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
	// A grant is done with what it has removed, or left to others: what somebody else gives
	// afterwards is not its own to remove. Until the object was seen on the target, and while
	// that may show an old state, it is not done.
	"HoldersCase157Settled": func(b fixture) {
		h := b.Holders("group/settled")
		settled := func(grant string, within time.Duration) map[string]bool {
			out, err := h.Settled(ctx, grant, within)
			require.NoError(b, err)
			return out
		}
		leave := func(grant string, isLast bool) {
			last, err := h.Release(ctx, "admins", grant)
			require.NoError(b, err)
			require.Equal(b, isLast, last)
			if last {
				require.Empty(b, settled(grant, 0), "it is being removed")
				require.NoError(b, h.Removed(ctx, "admins", grant))
			}
		}
		require.NoError(b, h.Hold(ctx, "admins", "ramp-lost"))
		leave("ramp-lost", true)
		require.Empty(b, settled("ramp-lost", 0), "what was never seen may still come")

		for _, grant := range []string{"ramp-a", "ramp-b"} {
			require.NoError(b, h.Hold(ctx, "admins", grant))
			require.NoError(b, h.Made(ctx, "admins", grant))
			require.Empty(b, settled(grant, 0), "it is held")
		}
		leave("ramp-a", false)
		require.Equal(b, map[string]bool{"admins": false}, settled("ramp-a", time.Hour), "others hold it, and remove it")
		leave("ramp-b", true)
		require.Equal(b, map[string]bool{"admins": true}, settled("ramp-b", 0))
		require.Empty(b, settled("ramp-b", time.Hour), "it may be shown late")
		earlier := func(column string) {
			_, err := b.raw.ExecContext(ctx, `UPDATE holders SET `+column+` = `+column+` - 7200000 WHERE target = 'group/settled' AND `+column+` > 0`)
			require.NoError(b, err)
		}
		earlier("left_at")
		earlier("made_at")
		require.Empty(b, settled("ramp-b", time.Hour), "long ago it was left too soon after it was made")
		earlier("made_at")
		require.Equal(b, map[string]bool{"admins": true}, settled("ramp-b", time.Hour))
		require.Equal(b, access.CodeConflict, access.CodeOf(h.Made(ctx, "admins", "ramp-b")), "who has left does not come back")

		require.NoError(b, h.Made(ctx, "admins", "ramp-c"))
		require.NoError(b, h.Hold(ctx, "admins", "ramp-c"), "as where it is extended")
		leave("ramp-c", true)
		require.Empty(b, settled("ramp-c", 0), "what is made anew may still come")
		require.Equal(b, map[string]bool{"admins": true}, settled("ramp-b", 0), "the next changes nothing for those before")
	},
	"HoldersHeld": func(b fixture) {
		h := b.Holders("group/held")
		require.NoError(b, h.Hold(ctx, "assignment a", "ramp-a"))
		require.NoError(b, h.Hold(ctx, "assignment a", "ramp-b"))
		require.NoError(b, h.Hold(ctx, "assignment %", "ramp-c"))
		require.NoError(b, h.Hold(ctx, "denied a", "ramp-a"))
		require.NoError(b, b.Holders("group/else").Hold(ctx, "assignment z", "ramp-z"))
		last, err := h.Release(ctx, "assignment a", "ramp-a")
		require.NoError(b, err)
		require.False(b, last)
		last, err = h.Release(ctx, "assignment %", "ramp-c")
		require.NoError(b, err)
		require.True(b, last)
		held, err := h.Held(ctx, "assignment ")
		require.NoError(b, err)
		require.Equal(b, map[string][]string{"assignment a": {"ramp-b"}, "assignment %": {"ramp-c"}}, held, "what is being removed is held still")
		held, err = h.Held(ctx, "assignment %")
		require.NoError(b, err)
		require.Equal(b, map[string][]string{"assignment %": {"ramp-c"}}, held, "a prefix is no pattern")
		require.NoError(b, h.Removed(ctx, "assignment %", "ramp-c"))
		held, err = h.Held(ctx, "")
		require.NoError(b, err)
		require.Equal(b, map[string][]string{"assignment a": {"ramp-b"}, "denied a": {"ramp-a"}}, held)
	},
	// Many come and go at once: the object is there while somebody holds it, and
	// not when all have left.
	"HoldersCase30AtTheSameTime": func(b fixture) {
		h := b.Holders("group/busy")
		var there atomic.Bool
		var all sync.WaitGroup
		comeAndGo := func(name string) error {
			for {
				err := h.Hold(ctx, "admins", name)
				if err == nil {
					break
				}
				if access.CodeOf(err) != access.CodeUnavailable {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			there.Store(true)
			time.Sleep(2 * time.Millisecond)
			if !there.Load() {
				return errors.New("it was removed under a holder's hands")
			}
			last, err := h.Release(ctx, "admins", name)
			if err != nil || !last {
				return err
			}
			time.Sleep(2 * time.Millisecond)
			there.Store(false)
			return h.Removed(ctx, "admins", name)
		}
		for i := range 6 {
			all.Go(func() {
				for round := range 40 {
					if err := comeAndGo(fmt.Sprintf("ramp-%d-%d", i, round)); err != nil {
						b.Errorf("%d, round %d: %v", i, round, err)
					}
				}
			})
		}
		all.Wait()
		require.False(b, there.Load(), "the last one out removes it")
	},
}
