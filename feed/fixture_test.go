package feed_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// fast are options with which a test need not wait long.
var fast = feed.Options{Poll: 2 * time.Millisecond, Batch: 3, RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond}

// patience is when a test gives up.
const patience = 20 * time.Second

// fixture is a ledger, and what somebody with all rights on its database has.
type fixture struct {
	*testing.T
	*ledger.Ledger
	address string
	raw     *sql.DB
	logger  *logrus.Logger
	logged  *logs.Hook
}

func newFixture(t *testing.T) *fixture {
	path := filepath.Join(t.TempDir(), "ledger.db")
	f := &fixture{T: t, address: "sqlite:" + path}
	f.logger, f.logged = logs.NewNullLogger()
	f.Ledger = f.open()
	var err error
	f.raw, err = sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	t.Cleanup(func() { f.raw.Close() })
	return f
}

// open opens the ledger as one more process.
func (f *fixture) open() *ledger.Ledger {
	f.Helper()
	l, err := ledger.Open(f.Context(), f.address)
	require.NoError(f, err)
	f.Cleanup(func() { l.Close() })
	return l
}

// append appends n events.
func (f *fixture) append(n int) {
	f.Helper()
	for range n {
		require.NoError(f, f.AppendEvent(context.Background(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
	}
}

// running returns a feed that runs until the test ends, on a process' ledger.
func (f *fixture) running(l *ledger.Ledger, o feed.Options) *feed.Feed {
	r := feed.New(l, f.logger, o)
	f.background(r.Run)
	return r
}

// background runs something until the test ends, or stop is called.
func (f *fixture) background(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { do(ctx) })
	stop = func() { cancel(); done.Wait() }
	f.Cleanup(stop)
	return stop
}

func (f *fixture) exec(statements ...string) {
	f.Helper()
	for _, s := range statements {
		_, err := f.raw.Exec(s)
		require.NoError(f, err, s)
	}
}

// remove removes an event, as somebody with all rights can, and returns how to
// put it back.
func (f *fixture) remove(seq int64) (restore func()) {
	f.Helper()
	f.exec(`DROP TRIGGER IF EXISTS events_no_delete`, `CREATE TABLE IF NOT EXISTS backup AS SELECT * FROM events`)
	_, err := f.raw.Exec(`DELETE FROM events WHERE seq = ?`, seq)
	require.NoError(f, err)
	return func() {
		_, err := f.raw.Exec(`INSERT INTO events SELECT * FROM backup WHERE seq = ?`, seq)
		require.NoError(f, err)
	}
}

func (f *fixture) cursor(name string) (c ledger.Cursor) {
	f.Helper()
	all, err := f.Cursors(context.Background())
	require.NoError(f, err)
	if i := slices.IndexFunc(all, func(c ledger.Cursor) bool { return c.Name == name }); i >= 0 {
		return all[i]
	}
	return c
}

func (f *fixture) eventually(what string, is func() bool) {
	f.Helper()
	require.Eventually(f, is, patience, 2*time.Millisecond, what)
}

// recorder is a consumer that remembers the numbers of what it was given.
type recorder struct {
	name string
	mu   sync.Mutex
	seen []int64
	fail func(events []access.Event) error // nil: it works
}

func (r *recorder) Name() string { return r.name }

func (r *recorder) Handle(_ context.Context, events []access.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(events); err != nil {
			return err
		}
	}
	for _, e := range events {
		r.seen = append(r.seen, e.Seq)
	}
	return nil
}

func (r *recorder) numbers() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func numbers(from, to int64) (out []int64) {
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}
