package app

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// kept is a store of checkpoints beside the signing key.
type kept struct {
	signed string
	err    error
}

func (k *kept) Load() (string, error) { return k.signed, nil }

func (k *kept) Save(signed string) error {
	if k.err == nil {
		k.signed = signed
	}
	return k.err
}

// written is a real ledger that somebody else may write, with processes of a server
// on it.
type written struct {
	*fixture
	real   *ledger.Ledger
	raw    *sql.DB
	store  *kept
	signer *evidence.Signer
}

// postgres has a database for each of the tests.
var postgres ledgertest.Shared

func TestMain(m *testing.M) { os.Exit(postgres.Run(m)) }

func onEachLedger(t *testing.T, test func(w written)) {
	run := func(t *testing.T, driver, address, raw string) {
		l, err := ledger.Open(t.Context(), address)
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		db, err := sql.Open(driver, raw)
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		w := written{real: l, raw: db, store: &kept{}}
		w.fixture = newFixture(t, func(c *Config) { c.Ledger, c.Checkpoints, w.signer = l, w.store, c.Signer })
		test(w)
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		run(t, "sqlite", "sqlite:"+path, path)
	})
	t.Run("postgres", func(t *testing.T) {
		address := postgres.Database(t)
		run(t, "pgx", address, address)
	})
}

// restarted is another process of the same server.
func (w written) restarted() written {
	w.fixture = newFixture(w.t, func(c *Config) { c.Ledger, c.Checkpoints, c.Signer = w.real, w.store, w.signer })
	return w
}

func (w written) exec(statements ...string) {
	w.t.Helper()
	for _, s := range statements {
		_, err := w.raw.Exec(s)
		require.NoError(w.t, err, s)
	}
}

// mayWrite takes away what keeps people from writing the log by accident.
func (w written) mayWrite() {
	w.t.Helper()
	for _, table := range []string{"events", "log_hashes"} {
		for _, suffix := range []string{"_no_update", "_no_delete"} {
			if _, err := w.raw.Exec(`DROP TRIGGER ` + table + suffix); err != nil {
				w.exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER ALL`)
			}
		}
	}
}

func (w written) asked() access.Request {
	w.t.Helper()
	in := testInput
	in.Reason += " " + access.NewRequestID()
	r, _, err := w.Submit(w.t.Context(), alice, in, "")
	require.NoError(w.t, err)
	return r
}

// TestCase66TheLogWasCutOff: what this server, or an earlier process of it, has signed
// must still be there.
func TestCase66TheLogWasCutOff(t *testing.T) {
	onEachLedger(t, func(w written) {
		for range 5 {
			w.asked()
		}
		at, _, err := w.auditor.checkpoint(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 5, at.Size)
		require.NotEmpty(t, w.store.signed)
		kept, err := w.real.LastCheckpoint(t.Context())
		require.NoError(t, err)
		require.Equal(t, w.store.signed, kept, "others find it in the ledger")
		again := w.restarted()
		_, _, err = again.auditor.checkpoint(t.Context())
		require.NoError(t, err)
		require.False(t, again.LogBroken())
		w.mayWrite()
		w.exec(`DELETE FROM events WHERE seq > 3`, `DELETE FROM log_hashes WHERE idx > 3`)
		for _, now := range []written{w, w.restarted()} {
			for range 2 {
				_, signed, err := now.auditor.checkpoint(t.Context())
				require.Equal(t, access.CodeEvidence, access.CodeOf(err))
				require.Empty(t, signed)
				require.True(t, now.LogBroken())
			}
		}
		// As many events as before are not the same events.
		for range 4 {
			w.asked()
		}
		_, _, err = w.restarted().auditor.checkpoint(t.Context())
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
		r := w.asked()
		r, err = w.RequestWithTimeline(t.Context(), alice.Person, r.ID)
		require.NoError(t, err, "people still see what there is")
		require.Contains(t, r.TimelineCheck.Problem, "no longer holds")
	})
}

// TestCase66WhatCannotBeKeptIsNotSigned: a checkpoint that a restart would forget is
// given to nobody; and what cannot be read is not taken for nothing.
func TestCase66WhatCannotBeKeptIsNotSigned(t *testing.T) {
	onEachLedger(t, func(w written) {
		w.asked()
		w.store.err = errors.New("the disk is full")
		_, signed, err := w.auditor.checkpoint(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		require.Empty(t, signed)
		w.store.err, w.store.signed = nil, "half of a"
		_, _, err = w.auditor.checkpoint(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	})
}

// TestCase67EditedEvents: somebody who edits an event, and even its leaf, has people see
// that it was edited.
func TestCase67EditedEvents(t *testing.T) {
	onEachLedger(t, func(w written) {
		var all []access.Request
		for range 4 {
			all = append(all, w.asked())
		}
		_, _, err := w.auditor.checkpoint(t.Context())
		require.NoError(t, err)
		shown := func(w written, i int) access.Request {
			t.Helper()
			r, err := w.RequestWithTimeline(t.Context(), alice.Person, all[i].ID)
			require.NoError(t, err)
			return r
		}
		require.Equal(t, access.TimelineCheck{Size: 4, Signed: 4, SignedAt: &testTime}, *shown(w, 1).TimelineCheck)
		all = append(all, w.asked()) // not signed yet
		require.Equal(t, access.TimelineCheck{Size: 5, Signed: 4, SignedAt: &testTime}, *shown(w, 4).TimelineCheck)
		w.mayWrite()
		w.exec(`UPDATE events SET actor = 'mallory' WHERE seq IN (2, 5)`)
		for _, now := range []written{w, w.restarted()} {
			require.Equal(t, []int64{2}, shown(now, 1).TimelineCheck.Altered)
			require.True(t, shown(now, 1).TimelineCheck.IsAltered(shown(now, 1).Timeline[0]))
			require.Equal(t, []int64{5}, shown(now, 4).TimelineCheck.Altered)
			require.Empty(t, shown(now, 0).TimelineCheck.Altered)
			require.Empty(t, shown(now, 0).TimelineCheck.Problem)
		}
		// An event that was added beyond the log's end.
		w.exec(`INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
			VALUES (6, 1, '` + all[0].ID + `', 'decision.recorded', 'bob', 'fine', '{"decision":"approve"}', '')`)
		require.Equal(t, []int64{6}, shown(w, 0).TimelineCheck.Altered)
		// The leaf's hash with the event: the tree above it does not agree.
		changed := shown(w, 1).Timeline[0]
		w.exec(`UPDATE log_hashes SET hash = ` + hexLiteral(t, w, changed) + ` WHERE idx = ` + place(1))
		require.Equal(t, []int64{2}, shown(w.restarted(), 1).TimelineCheck.Altered)
	})
}

// hexLiteral is the hash of an event's leaf, as the dialect writes bytes.
func hexLiteral(t *testing.T, w written, e access.Event) string {
	t.Helper()
	h := tlog.RecordHash(e.Leaf())
	if _, ok := w.raw.Driver().(*stdlib.Driver); ok {
		return `'\x` + hex.EncodeToString(h[:]) + `'`
	}
	return `x'` + hex.EncodeToString(h[:]) + `'`
}

// place is where a leaf's hash is kept.
func place(leaf int64) string { return strconv.FormatInt(tlog.StoredHashIndex(0, leaf), 10) }
