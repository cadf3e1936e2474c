// Package sinktest is what every kind of sink must pass, against its receiver: whatever is
// cut, full, killed or started again meanwhile, the receiver has every event, in order, and
// once after what it has twice is removed by number.
package sinktest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/sinks"
)

// Harness is one receiver, fresh for each test.
type Harness struct {
	Config sinks.Config // of the sink, as a worker's configuration has it
	// Received returns the CloudEvents that the receiver has for good, in the order in
	// which it has them, with those that it has twice.
	Received func() [][]byte
	Faults   []Fault
	// Once says that the receiver itself drops what it has already.
	Once bool
}

// Fault is one way in which a receiver, or what is between, does not work.
type Fault struct {
	Name  string
	Begin func()
	End   func()
	// Passes says that events arrive all the same.
	Passes bool
	// Seen reports whether the fault has met the events; nil: their failure is recorded.
	Seen func() bool
}

// patience is when a test gives up.
const patience = 90 * time.Second

// fast are options with which a test need not wait long.
var fast = feed.Options{Poll: 10 * time.Millisecond, Rest: time.Millisecond, Record: 20 * time.Millisecond, RetryMin: 20 * time.Millisecond, RetryMax: 200 * time.Millisecond}

// World is a ledger, and workers that come and go.
type World struct {
	testing.TB
	Ledger *ledger.Ledger
	Harness
	server   *evidence.Signer // which signs the log
	log      logrus.FieldLogger
	appended int64
}

const sinkName = "siem"

// New returns a world with one receiver, and no worker.
func New(t testing.TB, open func(t testing.TB) Harness) *World {
	l, err := ledger.Open(t.Context(), "sqlite:"+t.TempDir()+"/ledger.db")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	log, _ := logs.NewNullLogger()
	h := open(t)
	require.Empty(t, sinks.Validate("worker.sinks", map[string]sinks.Config{sinkName: h.Config}))
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return &World{TB: t, Ledger: l, Harness: h, server: evidence.NewSigner(key), log: log}
}

// Append appends events, one transaction each.
func (w *World) Append(n int) {
	w.Helper()
	for range n {
		w.appended++
		require.NoError(w, w.Ledger.AppendEvent(w.Context(), access.Event{At: time.Now(), Kind: access.EventRequestCreated, RequestID: fmt.Sprintf("r%d", w.appended/3),
			Actor: "alice", Message: "my password is hunter2", Detail: map[string]string{"contract": "ssh-demo", "n": fmt.Sprint(w.appended)}}))
	}
	w.Sign(w.server)
}

// Sign has a server sign the log as it is, as servers do every few seconds.
func (w *World) Sign(server *evidence.Signer) {
	w.Helper()
	tree, err := w.Ledger.Tree(w.Context())
	require.NoError(w, err)
	signed, err := server.SignCheckpoint(evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root})
	require.NoError(w, err)
	require.NoError(w, w.Ledger.KeepCheckpoint(w.Context(), tree.Origin, tree.Size, signed, time.Now()))
}

// Consumer returns the sink as a process opens it.
func (w *World) Consumer() *sinks.Consumer {
	w.Helper()
	c, err := sinks.New(sinkName, w.Config, w.Ledger, evidence.NewKeyring(w.server.Public()))
	require.NoError(w, err)
	return c
}

// Work runs a worker until stop is called or the test ends.
func (w *World) Work(cursors feed.Cursors) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	c, f := w.Consumer(), feed.New(w.Ledger, w.log, fast)
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	running.Go(func() { f.Consume(ctx, cursors, c, w.Config.From()) })
	stop = func() { cancel(); running.Wait() }
	w.Cleanup(stop)
	return stop
}

// Cursor returns how far the sink is.
func (w *World) Cursor() (out ledger.Cursor) {
	w.Helper()
	all, err := w.Ledger.Cursors(context.WithoutCancel(w.Context()))
	require.NoError(w, err)
	for _, c := range all {
		if c.Name == sinks.CursorName(sinkName) {
			return c
		}
	}
	return out
}

// Arrived waits until everything that was appended has been taken, and looks at what the
// receiver has.
func (w *World) Arrived() {
	w.Helper()
	if !arrives(func() bool { return w.Cursor().Seq == w.appended }) {
		require.Failf(w, "not everything was taken", "%+v", w.Cursor())
	}
	w.Check(w.appended)
}

func arrives(is func() bool) bool {
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if is() {
			return true
		}
	}
	return false
}

// Check demands that the receiver has the events up to a number, in order, once after what
// it has twice is removed, the same both times, and nothing that people wrote.
func (w *World) Check(last int64) {
	w.Helper()
	seen := map[int64]string{}
	var order []int64
	for _, body := range w.Received() {
		var e struct {
			ID       string `json:"id"`
			Sequence string `json:"sequence"`
		}
		require.NoError(w, strictjson.UnmarshalOpen(body, &e), "%q", body)
		seq, err := strconv.ParseInt(e.ID, 10, 64)
		require.NoError(w, err)
		require.Equal(w, fmt.Sprintf("%020d", seq), e.Sequence)
		if before, twice := seen[seq]; twice {
			require.Equal(w, before, string(body), "event %d is not the same again", seq)
			continue
		}
		require.NotContains(w, string(body), "hunter2")
		seen[seq] = string(body)
		order = append(order, seq)
	}
	var want []int64
	for n := int64(1); n <= last; n++ {
		want = append(want, n)
	}
	require.Equal(w, want, order)
}

// Run is the suite.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, name := range faultNames(t, open) {
		t.Run(name, func(t *testing.T) { throughFault(t, open, name) })
	}
	t.Run("CrashBeforeTheCursorIsRecorded", func(t *testing.T) { crashes(t, open) })
	t.Run("TwoWorkers", func(t *testing.T) { twoWorkers(t, open) })
	t.Run("Resend", func(t *testing.T) { resend(t, open) })
	t.Run("Ping", func(t *testing.T) {
		w := New(t, open)
		require.NoError(t, w.Config.Ping(t.Context()))
		require.Empty(t, w.Received(), "a ping sends no event")
	})
}

func faultNames(t *testing.T, open func(t testing.TB) Harness) (names []string) {
	for _, f := range open(t).Faults {
		names = append(names, f.Name)
	}
	return names
}

// throughFault: a fault begins while a worker is connected, events are appended, other
// workers come and go meanwhile, and the fault ends.
func throughFault(t *testing.T, open func(t testing.TB) Harness, name string) {
	w := New(t, open)
	f := w.Faults[slices.IndexFunc(w.Faults, func(f Fault) bool { return f.Name == name })]
	stop := w.Work(w.Ledger)
	w.Append(20)
	w.Arrived()
	f.Begin()
	stop()
	// All of these are sent at once, however slow the machine is: a fault of the network
	// that lets some bytes pass would let a few events pass.
	w.Append(30)
	stop = w.Work(w.Ledger)
	if !f.Passes {
		seen := f.Seen
		if seen == nil {
			seen = func() bool { return w.Cursor().FailingSince != nil }
		}
		require.True(t, arrives(seen), "the failure is seen")
		require.NotRegexp(t, `\d+\.\d+\.\d+\.\d+`, w.Cursor().Error, "what is recorded of it names no address")
		require.Less(t, w.Cursor().Seq, w.appended, "what has not arrived is not behind the cursor")
	}
	stop()
	w.Append(10)
	w.Work(w.Ledger)
	w.Append(10)
	f.End()
	w.Append(10)
	w.Arrived()
}

// crashes: processes die after the receiver has taken events, and before that is recorded.
func crashes(t *testing.T, open func(t testing.TB) Harness) {
	w := New(t, open)
	for range 3 {
		w.Append(15)
		dying := &dying{Cursors: w.Ledger, tried: make(chan struct{})}
		stop := w.Work(dying)
		select {
		case <-dying.tried:
		case <-time.After(patience):
			t.Fatal("nothing was taken")
		}
		stop()
		require.Zero(t, w.Cursor().Seq)
	}
	w.Work(w.Ledger)
	w.Append(15)
	w.Arrived()
	if !w.Once {
		require.Greater(t, len(w.Received()), int(w.appended), "what dying workers sent was sent again")
	}
}

// dying is the ledger of a process that dies when it would record how far it is.
type dying struct {
	feed.Cursors
	once  sync.Once
	tried chan struct{}
}

func (d *dying) MoveCursor(context.Context, string, int64, time.Time) (int64, error) {
	d.once.Do(func() { close(d.tried) })
	return 0, errors.New("the process has died")
}

func (d *dying) FailCursor(context.Context, string, int64, time.Time, string) error { return nil }

// twoWorkers: for as long as a heartbeat takes, two may run the same sink.
func twoWorkers(t *testing.T, open func(t testing.TB) Harness) {
	w := New(t, open)
	w.Work(w.Ledger)
	w.Work(w.Ledger)
	for range 5 {
		w.Append(8)
	}
	w.Arrived()
}

// resend: a range is sent again, and what is no range of the log is refused.
func resend(t *testing.T, open func(t testing.TB) Harness) {
	w := New(t, open)
	stop := w.Work(w.Ledger)
	w.Append(30)
	w.Arrived()
	stop()
	n, err := sinks.Resend(t.Context(), w.Consumer().Send, w.Ledger, 11, 25)
	require.NoError(t, err)
	require.EqualValues(t, 15, n)
	w.Check(30)
	require.EqualValues(t, 30, w.Cursor().Seq, "the cursor stays")
	_, err = sinks.Resend(t.Context(), w.Consumer().Send, w.Ledger, 29, 31)
	require.EqualError(t, err, "event 31 is not in the log")
	_, err = sinks.Resend(t.Context(), w.Consumer().Send, w.Ledger, 0, 3)
	require.ErrorContains(t, err, "numbered from 1")
}
