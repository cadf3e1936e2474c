package app

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// closed is a server on a real ledger with one request whose grant is open. Of the workers'
// keys, one is for the grant's target and another is for another environment's.
type closed struct {
	*fixture
	book               *ledger.Ledger
	db                 *sql.DB // as somebody has it who owns the database
	r                  access.Request
	production, second *evidence.Signer
	staging, stranger  *evidence.Signer
}

func newWorkerKey(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

func newClosed(t *testing.T) *closed {
	book, db := newBook(t)
	c := &closed{book: book, db: db, production: newWorkerKey(t), second: newWorkerKey(t), staging: newWorkerKey(t), stranger: newWorkerKey(t)}
	c.fixture = newFixture(t, func(conf *Config) {
		conf.Ledger = book
		conf.Workers = evidence.Keyring{}.With(c.production.Public(), "postgres/orders").With(c.second.Public(), "postgres/orders", "ssh/orders").With(c.staging.Public(), "postgres/staging")
	})
	r, created, err := c.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	require.True(t, created)
	c.r = r
	g := access.Grant{Name: r.Plan.Grants[0].Name, RequestID: r.ID, Target: "postgres/orders", Principal: "alice", ExpiresAt: testTime.Add(time.Hour)}
	require.NoError(t, book.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateApproved, At: testTime}))
	require.NoError(t, book.IntendGrant(t.Context(), g, testTime))
	require.NoError(t, book.MarkOpened(t.Context(), g.Name, testTime, access.Activation(r.ID, testTime, g.ExpiresAt)))
	return c
}

// closes is what a worker records that closes the grant, and that its request has ended.
func (c *closed) closes(by *evidence.Signer, change ...func(*access.Receipt)) {
	c.t.Helper()
	name := c.r.Plan.Grants[0].Name
	receipt := access.Receipt{RequestID: c.r.ID, Grant: name, Target: "postgres/orders", Kind: access.ReceiptClosed, At: testTime, Found: &access.ReadBack{}}
	for _, f := range change {
		f(&receipt)
	}
	var steps []access.Transition
	if by != nil {
		e, err := by.SignReceipt(receipt)
		require.NoError(c.t, err)
		b, err := json.Marshal(e)
		require.NoError(c.t, err)
		steps = append(steps, access.Transition{RequestID: c.r.ID, At: testTime,
			Statements: []access.Statement{{RequestID: c.r.ID, Key: access.KeyReceipt(access.ReceiptClosed, name), Envelope: b}}})
	}
	steps = append(steps, access.Ending(c.r.ID, access.OutcomeRevoked, testTime), access.Ended(c.r.ID, access.OutcomeRevoked, testTime))
	require.NoError(c.t, c.book.MarkClosed(c.t.Context(), name, testTime, steps...))
	require.Equal(c.t, access.StateEnded, c.state())
}

func (c *closed) state() access.State {
	r, err := c.book.Request(c.t.Context(), c.r.ID)
	require.NoError(c.t, err)
	return r.State
}

// checks has the server look, as one that has just started if it is fresh, and reports
// whether it has undone the closing.
func (c *closed) checks() bool {
	c.t.Helper()
	c.looks()
	rows, err := c.book.Grants(c.t.Context(), ledger.GrantFilter{RequestID: c.r.ID})
	require.NoError(c.t, err)
	open := rows[0].Status == ledger.GrantOpen
	require.Equal(c.t, open, c.state() == access.StateEnding)
	return open
}

func (c *closed) looks() {
	c.t.Helper()
	require.NoError(c.t, c.closingWatch.checkOnce(c.t.Context()))
}

// TestCase155WhoClosed: a closing counts that a worker of the grant's target has signed, and
// no other: the request is shown as ending again, its grant is due, and the next closing is
// looked at as well.
func TestCase155WhoClosed(t *testing.T) {
	for name, closes := range map[string]func(c *closed){
		"a worker of another environment": func(c *closed) { c.closes(c.staging) },
		"of which it says the truth":      func(c *closed) { c.closes(c.staging, func(r *access.Receipt) { r.Target = "postgres/staging" }) },
		"a key that nobody accepts":       func(c *closed) { c.closes(c.stranger) },
		"a worker without a key":          func(c *closed) { c.closes(nil) },
		"the same grant on another target": func(c *closed) {
			c.closes(c.second, func(r *access.Receipt) { r.Target = "ssh/orders" })
		},
		"another grant's receipt": func(c *closed) { c.closes(c.production, func(r *access.Receipt) { r.Grant = "ramp-another-0" }) },
		"another request's receipt": func(c *closed) {
			c.closes(c.production, func(r *access.Receipt) { r.RequestID = access.NewRequestID() })
		},
		"the receipt of the opening":   func(c *closed) { c.closes(c.production, func(r *access.Receipt) { r.Kind = access.ReceiptOpened }) },
		"a session that is still open": func(c *closed) { c.closes(c.production, func(r *access.Receipt) { r.Found.Sessions = 1 }) },
		"what was signed before it was opened": func(c *closed) {
			c.closes(c.production, func(r *access.Receipt) { r.At = testTime.Add(-access.ClockSkew - time.Second) })
		},
		"no read-back": func(c *closed) { c.closes(c.production, func(r *access.Receipt) { r.Found = nil }) },
		"the target's column says another environment": func(c *closed) {
			c.closes(c.staging, func(r *access.Receipt) { r.Target = "postgres/staging" })
			_, err := c.db.Exec(`UPDATE grants SET target = 'postgres/staging'`)
			require.NoError(c.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClosed(t)
			require.False(t, c.state() == access.StateEnded)
			closes(c)
			require.True(t, c.checks())
			require.True(t, c.checks(), "once")
			r, err := c.RequestWithTimeline(t.Context(), alice.Person, c.r.ID)
			require.NoError(t, err)
			require.Equal(t, access.StateEnding, r.State)
			require.Contains(t, r.Problem, "Its closing on postgres/orders does not count")
			require.Equal(t, access.GrantClosing, r.GrantStates()[0].Condition, "no page says that it is closed")

			closes(c)
			require.True(t, c.checks(), "the next one does not count either")
			c.closes(c.production)
			require.False(t, c.checks())
			r, err = c.RequestWithTimeline(t.Context(), alice.Person, c.r.ID)
			require.NoError(t, err)
			require.Equal(t, access.GrantClosed, r.GrantStates()[0].Condition)
			timeline := map[access.EventKind]int{}
			for _, e := range r.Timeline {
				timeline[e.Kind]++
			}
			require.Equal(t, 2, timeline[access.EventAccessReopened])
			require.Equal(t, 3, timeline[access.EventGrantClosed])
		})
	}
}

// restarts has another server, with a ledger of its own on the same database, take the place of
// the one that is.
func (c *closed) restarts() {
	c.t.Helper()
	var path string
	require.NoError(c.t, c.db.QueryRow(`SELECT file FROM pragma_database_list`).Scan(&path))
	book, err := ledger.Open(c.t.Context(), "sqlite:"+path)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { book.Close() })
	was := c.closingWatch
	c.book, c.closingWatch = book, &closingWatch{ledger: book, servers: was.servers, workers: was.workers, log: was.log, now: was.now}
}

// cursor is how far servers have looked, as the ledger has it.
func (c *closed) cursor() ledger.Cursor {
	c.t.Helper()
	all, err := c.book.Cursors(c.t.Context())
	require.NoError(c.t, err)
	require.Len(c.t, all, 1)
	require.Equal(c.t, "closings", all[0].Name)
	return all[0]
}

// TestCase162WhatWasMissed: a server that starts looks at all that was recorded since the last
// one looked, however long ago that was and whatever time it bears, and at nothing twice that
// counted: the key that signed it may have been taken out since.
func TestCase162WhatWasMissed(t *testing.T) {
	const year = 365 * 24 * time.Hour
	t.Run("while no server ran", func(t *testing.T) {
		c := newClosed(t)
		c.looks()
		require.Zero(t, c.cursor().Lag(), "also where nothing was closed")
		c.restarts()
		c.closes(c.staging)
		c.restarts()
		c.now = testTime.Add(year)
		require.True(t, c.checks())
		c.looks()
		require.Zero(t, c.cursor().Lag())
		require.Nil(t, c.cursor().FailingSince)
	})
	t.Run("with another time in it", func(t *testing.T) {
		c := newClosed(t)
		c.now = testTime.Add(year)
		c.looks()
		c.closes(c.staging)
		c.restarts()
		require.True(t, c.checks())
	})
	t.Run("what counted", func(t *testing.T) {
		c := newClosed(t)
		c.closes(c.second)
		require.False(t, c.checks())
		c.restarts()
		c.closingWatch.workers = evidence.Keyring{}.With(c.production.Public(), "postgres/orders")
		c.now = testTime.Add(year)
		require.False(t, c.checks())
	})
	t.Run("what could not be undone", func(t *testing.T) {
		c := newClosed(t)
		c.closes(c.staging)
		c.closingWatch.ledger = refusing{c.closingWatch.ledger}
		require.Error(t, c.closingWatch.checkOnce(t.Context()))
		require.Equal(t, access.StateEnded, c.state())
		require.Contains(t, c.cursor().Error, "the database refuses it")
		require.NotNil(t, c.cursor().FailingSince)
		c.restarts()
		c.now = testTime.Add(year)
		require.True(t, c.checks())
		require.Nil(t, c.cursor().FailingSince)
	})
	t.Run("before there was a cursor", func(t *testing.T) {
		for _, one := range []struct {
			age    time.Duration
			undone bool
		}{{closingsSince, true}, {closingsSince + time.Second, false}} {
			c := newClosed(t)
			c.closes(c.staging)
			c.now = testTime.Add(one.age)
			require.Equal(t, one.undone, c.checks())
		}
	})
}

// TestCase162Moved: somebody who owns the database and moves the cursor beyond a closing, or
// deletes it, hides nothing from a server that runs, and nothing of the last hour from one that
// starts.
func TestCase162Moved(t *testing.T) {
	for _, moves := range []string{`UPDATE feed_cursors SET seq = seq + 1000`, `DELETE FROM feed_cursors`} {
		for _, restarts := range []bool{false, true} {
			c := newClosed(t)
			c.looks()
			_, err := c.db.Exec(moves)
			require.NoError(t, err)
			c.closes(c.staging)
			if restarts {
				c.restarts()
			}
			require.True(t, c.checks(), moves)
		}
	}
}

// TestCase166ChangedForAMoment: somebody who may write to the ledger's tables changes them for the
// moment in which a server looks, and has the closing count for good.
func TestCase166ChangedForAMoment(t *testing.T) {
	exec := func(c *closed, statement string) func() {
		return func() {
			_, err := c.db.Exec(statement)
			require.NoError(t, err)
		}
	}
	for name, change := range map[string]func(c *closed) (before, after func()){
		"the plan": func(c *closed) (func(), func()) {
			return exec(c, `UPDATE requests SET plan_envelope = 'x' || plan_envelope`), exec(c, `UPDATE requests SET plan_envelope = substr(plan_envelope, 2)`)
		},
		"the receipt, between the judging and the undoing": func(c *closed) (func(), func()) {
			was := c.closingWatch.ledger
			c.closingWatch.ledger = flipping{was, exec(c, `UPDATE statements SET envelope = envelope || ' '`)}
			return func() {}, func() { c.closingWatch.ledger = was }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClosed(t)
			c.looks()
			c.closes(c.staging)
			before, after := change(c)
			before()
			require.Error(t, c.closingWatch.checkOnce(t.Context()), "it is said")
			require.Equal(t, access.StateEnded, c.state())
			require.NotNil(t, c.cursor().FailingSince)
			after()
			require.True(t, c.checks())
			require.Empty(t, c.closingWatch.undecided)
			c.looks()
			require.Zero(t, c.cursor().Lag())
		})
	}
	t.Run("a log that is long for a moment", func(t *testing.T) {
		c := newClosed(t)
		c.looks()
		exec(c, `INSERT INTO log_hashes (idx, hash) VALUES (1000000, zeroblob(32))`)()
		c.looks()
		exec(c, `DROP TRIGGER log_hashes_no_delete; DELETE FROM log_hashes WHERE idx = 1000000`)()
		c.closes(c.staging)
		require.True(t, c.checks())
	})
	t.Run("a plan that no server's key verifies any more holds the cursor for an hour", func(t *testing.T) {
		c := newClosed(t)
		c.looks()
		c.closes(c.production)
		exec(c, `UPDATE requests SET plan_envelope = 'x'`)()
		require.Error(t, c.closingWatch.checkOnce(t.Context()))
		c.now = c.now.Add(closingsSince + time.Second)
		c.looks()
		require.Zero(t, c.cursor().Lag())
	})
}

// flipping is a ledger in which somebody changes receipts before each undoing.
type flipping struct {
	closingLedger
	flip func()
}

func (f flipping) ReopenGrant(ctx context.Context, name string, receipt []byte, at time.Time, why string) (bool, error) {
	f.flip()
	return f.closingLedger.ReopenGrant(ctx, name, receipt, at, why)
}

// TestClosingsThatCount: what the target's workers closed stays closed, whichever of them; and
// with no workers' keys nothing is looked at.
func TestClosingsThatCount(t *testing.T) {
	c := newClosed(t)
	c.closes(c.second)
	require.False(t, c.checks())

	c = newClosed(t)
	c.closes(c.staging)
	c.closingWatch.workers = evidence.Keyring{}
	c.CheckClosings(t.Context()) // returns
	require.Equal(t, access.StateEnded, c.state())
}

// stubborn is a ledger in which somebody has written a closing that cannot be undone, before
// each that can.
type stubborn struct {
	closingLedger
	t *testing.T
}

const unwritable = `{"\u0000":1}` // of which a reader's error has a character that no database takes

func (s stubborn) Closings(ctx context.Context, after int64, most int) (out []ledger.Closing, err error) {
	page, err := s.closingLedger.Closings(ctx, after, most)
	for _, c := range page {
		bad := c
		bad.Receipt = []byte(unwritable)
		out = append(out, bad, c)
	}
	return out, err
}

func (s stubborn) ReopenGrant(ctx context.Context, name string, receipt []byte, at time.Time, why string) (bool, error) {
	require.NotContains(s.t, why, "\x00")
	if string(receipt) == unwritable {
		return false, access.Errorf(access.CodeUnavailable, "the database refuses it")
	}
	return s.closingLedger.ReopenGrant(ctx, name, receipt, at, why)
}

// refusing is a ledger that undoes nothing.
type refusing struct{ closingLedger }

func (refusing) ReopenGrant(context.Context, string, []byte, time.Time, string) (bool, error) {
	return false, access.Errorf(access.CodeUnavailable, "the database refuses it")
}

// TestCase155OneHoldsUpNoOther: who writes a closing that cannot be undone has no other count.
func TestCase155OneHoldsUpNoOther(t *testing.T) {
	c := newClosed(t)
	c.closes(c.staging)
	c.closingWatch.ledger = stubborn{c.closingWatch.ledger, t}
	require.Error(t, c.closingWatch.checkOnce(t.Context()))
	require.Equal(t, access.StateEnding, c.state())
	require.Error(t, c.closingWatch.checkOnce(t.Context()), "it is looked at again")
	c.closingWatch.ledger = c.closingWatch.ledger.(stubborn).closingLedger
	require.True(t, c.checks())
	require.Empty(t, c.closingWatch.undecided)
}
