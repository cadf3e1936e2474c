package ledger_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger/ledgertest"
)

// TestProcessesAppendToOneLog: each keeps the end of the log in memory as it last saw it,
// and what is in the database counts.
func TestProcessesAppendToOneLog(t *testing.T) {
	address := ledgertest.Postgres(t)
	one, other := opened(t, address, "pgx", address), opened(t, address, "pgx", address)
	one.record(3)

	t.Run("at once", func(t *testing.T) {
		const requests, writers, times = 3, 6, 20
		var ids []string
		for range requests {
			ids = append(ids, one.submitted().Request.ID)
		}
		before := one.checkpoint().Size
		var all sync.WaitGroup
		for w := range writers {
			l := []fixture{one, other}[w%2]
			all.Go(func() {
				for n := range times {
					keyed := access.Event{At: at, Kind: access.EventActRefused, Actor: "dave", Key: fmt.Sprint("refused ", n)}
					err := l.Advance(ctx, access.Transition{RequestID: ids[w%requests], At: at, Events: []access.Event{
						{At: at, Kind: access.EventActRefused, Actor: fmt.Sprint("writer ", w)}, keyed, keyed}})
					if err != nil {
						t.Errorf("writer %d: %v", w, err)
					}
				}
			})
		}
		all.Wait()
		after := one.checkpoint()
		require.EqualValues(t, before+writers*times+requests*times, after.Size, "a key is one event, no matter how many write it at once")
		require.NoError(t, one.verify(nil))
	})

	t.Run("more than a process reads at once", func(t *testing.T) {
		saved := one.checkpoint()
		for range 5 {
			other.record(80)
		}
		one.record(1)
		require.NoError(t, one.verify(&saved))
		other.record(2)
		require.NoError(t, one.verify(&saved))
	})

	t.Run("another database was put in its place", func(t *testing.T) {
		one.record(2)
		size := one.checkpoint().Size
		one.attack(fmt.Sprintf(`DELETE FROM events WHERE seq > %d`, size-2), fmt.Sprintf(`DELETE FROM log_hashes WHERE idx >= %d`, tlog.StoredHashCount(size-2)))
		third := opened(t, address, "pgx", address)
		for range 2 {
			third.record(1)
		}
		require.Equal(t, size, third.checkpoint().Size, "as many events, of which the last is another")
		one.record(int(size)) // so that all that the log consists of is hashed again
		require.NoError(t, one.verify(nil), "the log goes on from what is there")
	})

	t.Run("the end was cut off", func(t *testing.T) {
		size := one.checkpoint().Size
		cut := []string{fmt.Sprintf(`DELETE FROM events WHERE seq > %d`, size-3), fmt.Sprintf(`DELETE FROM log_hashes WHERE idx >= %d`, tlog.StoredHashCount(size-3))}
		for _, s := range cut { // the triggers are gone already
			_, err := one.raw.Exec(s)
			require.NoError(t, err)
		}
		one.record(1)
		require.Equal(t, size-2, one.checkpoint().Size)
		require.NoError(t, one.verify(nil))
	})
}
