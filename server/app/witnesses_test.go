package app

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/witness"
	"ramp.dev/ramp/witness/witnesstest"
)

// asking is another process of the same server, which asks witnesses.
func (w written) asking(c witness.Config) written {
	w.t.Helper()
	asked := WitnessConfig{Quorum: c.Quorum, AlarmAfter: c.Alarm()}
	for _, name := range c.Names() {
		client, err := c.Open(name)
		require.NoError(w.t, err)
		asked.Members = append(asked.Members, client)
	}
	now := w.now
	w.fixture = newFixture(w.t, func(c *Config) {
		c.Ledger, c.Checkpoints, c.Signer, c.Witnesses = w.real, w.store, w.signer, asked
	})
	w.now = now
	return w
}

// start starts a witness that knows the server's log.
func (w written) start(name string) witnesstest.Witness {
	tree, err := w.real.Tree(w.t.Context())
	require.NoError(w.t, err)
	return witnesstest.Start(w.t, "witness.example/"+name, w.signer.LogKey(tree.Origin))
}

func (w written) witnesses() access.Witnesses {
	w.t.Helper()
	out, err := w.Witnesses(w.t.Context(), carol)
	require.NoError(w.t, err)
	return out
}

// alarms are the events that say that the log is not witnessed.
func (w written) alarms() (out []access.Event) {
	events, err := w.real.Events(w.t.Context(), ledger.EventFilter{Limit: 1000})
	require.NoError(w.t, err)
	for _, e := range events {
		if e.Kind == access.EventLogUnwitnessed {
			out = append(out, e)
		}
	}
	return out
}

// packed returns what the check of a pack's witnesses says.
func (w written) packed(id string, policy evidence.WitnessPolicy) evidence.Check {
	w.t.Helper()
	pack, err := w.Evidence(w.t.Context(), carol.Person, id)
	require.NoError(w.t, err)
	keys := evidence.NewKeyring(w.signer.Public())
	report := pack.VerifyWitnessed(keys, evidence.Keyring{}, policy)
	last := report.Checks[len(report.Checks)-1]
	require.Equal(w.t, "the log was witnessed", last.Name, "%+v", report)
	return last
}

// TestWitnesses: what witnesses cosign is kept, served and in evidence packs, whichever of
// several servers asked.
func TestWitnesses(t *testing.T) {
	onEachLedger(t, func(w written) {
		one, two := w.start("one"), w.start("two")
		first, other := w.asking(witnesstest.Config(2, one, two)), w.asking(witnesstest.Config(2, one, two))
		policy := evidence.WitnessPolicy{Witnesses: []evidence.Witness{one.Verifier(t), two.Verifier(t)}, Least: 2}
		_, err := first.Cosigned(t.Context(), carol)
		require.Equal(t, access.CodeNotFound, access.CodeOf(err))
		r := first.asked()
		require.NoError(t, first.round(t.Context()))
		require.EqualValues(t, 1, other.witnesses().Witnessed)
		require.True(t, first.packed(r.ID, policy).OK)
		r = other.asked()
		require.Contains(t, first.packed(r.ID, policy).Detail, "1 of the request's events are younger")
		for _, server := range []written{first, other} { // not yet: a minute has not passed
			require.NoError(t, server.round(t.Context()))
			require.EqualValues(t, 1, server.witnesses().Witnessed)
			server.fixture.now = server.fixture.now.Add(cosignEvery)
		}
		require.NoError(t, other.round(t.Context()))
		require.NoError(t, first.round(t.Context()))
		got := first.witnesses()
		require.EqualValues(t, 2, got.Witnessed)
		require.Equal(t, got.Size, got.Witnessed)
		require.Empty(t, got.Problem)
		for _, one := range got.Witnesses {
			require.EqualValues(t, 2, one.Cosigned)
			require.NotNil(t, one.At)
			require.Empty(t, one.Problem)
		}
		require.True(t, strings.HasPrefix(got.LogKey, w.origin()+"+"))
		require.Equal(t, "2 of 2 witnesses have cosigned the first 2 events: witness.example/one, witness.example/two", first.packed(r.ID, policy).Detail)
		signed, err := other.Cosigned(t.Context(), carol)
		require.NoError(t, err)
		at, by, err := evidence.NewKeyring(w.signer.Public()).VerifyCosigned(signed, policy.Witnesses...)
		require.NoError(t, err)
		require.EqualValues(t, 2, at.Size)
		require.Len(t, by, 2)
		require.Equal(t, []int64{2, 2}, []int64{first.WitnessFigures().Witnessed, other.WitnessFigures().Witnessed})
		for _, nobody := range []access.Actor{alice, oscar} {
			_, err := first.Cosigned(t.Context(), nobody)
			require.Equal(t, access.CodeForbidden, access.CodeOf(err))
			_, err = first.Witnesses(t.Context(), nobody)
			require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		}
	})
}

func (w written) origin() string {
	tree, err := w.real.Tree(w.t.Context())
	require.NoError(w.t, err)
	return tree.Origin
}

// TestCase128SplitView: a server that shows two people two logs, both signed, has the
// cosignatures of k of n for one of them only, even with a witness of its own; the others
// say so, and that is an alarm.
func TestCase128SplitView(t *testing.T) {
	onEachLedger(t, func(w written) {
		one, two, own := w.start("one"), w.start("two"), w.start("own")
		policy := evidence.WitnessPolicy{Witnesses: []evidence.Witness{one.Verifier(t), two.Verifier(t), own.Verifier(t)}, Least: 2}
		shown := w.asking(witnesstest.Config(2, one, two))
		for range 3 {
			shown.asked()
		}
		r := shown.asked()
		require.NoError(t, shown.round(t.Context()))
		require.True(t, shown.packed(r.ID, policy).OK)

		hidden := w
		path := filepath.Join(t.TempDir(), "hidden.db")
		var err error
		hidden.real, err = ledger.Open(t.Context(), "sqlite:"+path)
		require.NoError(t, err)
		t.Cleanup(func() { hidden.real.Close() })
		hidden.store = &kept{}
		hidden.raw, err = sql.Open("sqlite", path)
		require.NoError(t, err)
		t.Cleanup(func() { hidden.raw.Close() })
		hidden.exec(`UPDATE log SET origin = '` + w.origin() + `'`)
		hidden = hidden.asking(witnesstest.Config(2, one, two, own))
		for range 4 {
			r = hidden.asked()
		}
		require.NoError(t, hidden.round(t.Context()))
		check := hidden.packed(r.ID, policy)
		require.False(t, check.OK)
		require.Contains(t, check.Detail, "1 of the witnesses given have cosigned the log, and 2 must")
		got := hidden.witnesses()
		require.Equal(t, []bool{true, false, true}, []bool{got.Witnesses[0].Disputed, got.Witnesses[1].Disputed, got.Witnesses[2].Disputed}, "one, three, two")
		require.Contains(t, got.Problem, "Witnesses dispute the log: one, two saw another one")
		alarms := hidden.alarms()
		require.Len(t, alarms, 1)
		require.Equal(t, "one,two", alarms[0].Detail["disputed"])
		require.Equal(t, alarms[0].Message, hidden.WitnessFigures().Problem)
		// The log that was shown first goes on.
		shown.fixture.now = shown.fixture.now.Add(cosignEvery)
		shown.asked()
		require.NoError(t, shown.round(t.Context()))
		require.EqualValues(t, 5, shown.witnesses().Witnessed)
	})
}

// TestCase128ALogThatWasCutOffIsDisputed: a witness has cosigned more than there is.
func TestCase128ALogThatWasCutOffIsDisputed(t *testing.T) {
	onEachLedger(t, func(w written) {
		one := w.start("one")
		before := w.asking(witnesstest.Config(1, one))
		for range 5 {
			before.asked()
		}
		require.NoError(t, before.round(t.Context()))
		// Whoever cut it off has the server's files too.
		w.mayWrite()
		w.exec(`DELETE FROM events WHERE seq > 3`, `DELETE FROM log_hashes WHERE idx > 3`, `DELETE FROM witnessed_checkpoints`, `DELETE FROM cosignatures`)
		w.store.signed = ""
		after := w.asking(witnesstest.Config(1, one))
		require.NoError(t, after.round(t.Context()))
		require.Equal(t, []string{"one"}, after.WitnessFigures().Ahead)
		require.Contains(t, after.witnesses().Problem, "By the word of one, witnesses have cosigned more of the log than there is")
		require.True(t, after.witnesses().Witnesses[0].Disputed)
		require.Contains(t, after.witnesses().Witnesses[0].Problem, "says that it has cosigned 5 events of a log of this name, and this one has 3")
	})
}

// TestCase128NoWitnessIsAnAlarm: witnesses that are kept away are missed, and nobody who
// writes to the ledger makes them seem to be there.
func TestCase128NoWitnessIsAnAlarm(t *testing.T) {
	onEachLedger(t, func(w written) {
		one, two := w.start("one"), w.start("two")
		c := witnesstest.Config(2, one, two)
		gone := c.Members["two"]
		gone.URL = "http://127.0.0.1:1"
		c.Members["two"] = gone
		server := w.asking(c)
		server.asked()
		minutes := func(n int, meanwhile string) {
			for range n {
				require.NoError(t, server.round(t.Context()))
				if meanwhile != "" {
					server.exec(meanwhile)
				}
				server.fixture.now = server.fixture.now.Add(time.Minute)
			}
		}
		minutes(16, "")
		require.Empty(t, server.alarms(), "it may take its time")
		minutes(3, "")
		require.Len(t, server.alarms(), 1, "one an hour")
		require.Equal(t, "Fewer than 2 of 2 witnesses have cosigned what the log has after event 0, for longer than 15m0s.", server.alarms()[0].Message)
		require.Contains(t, server.witnesses().Witnesses[1].Problem, "the witness cannot be reached")

		// What others write in place of a witness counts for nothing.
		rows, err := server.real.Witnessed(t.Context(), server.origin(), 10)
		require.NoError(t, err)
		require.NotEmpty(t, rows[0].Cosignatures)
		forged := strings.Replace(rows[0].Cosignatures[0].Line, "/one", "/two", 1)
		server.exec(`INSERT INTO cosignatures SELECT origin, size, '` + two.Verifier(t).ID() + `', '` + forged + `', 1 FROM witnessed_checkpoints`)
		require.Zero(t, server.witnesses().Witnessed)

		// Nor does it help to make all that is kept look young, or to remove it.
		for _, write := range []string{`UPDATE witnessed_checkpoints SET asked_at = 1900000000000000`, `DELETE FROM witnessed_checkpoints`} {
			again := w.asking(c)
			again.fixture.now = server.fixture.now.Add(time.Hour)
			server = again
			server.exec(write)
			server.asked()
			before := len(server.alarms())
			minutes(18, write)
			require.Greater(t, len(server.alarms()), before, write)
			require.NoError(t, server.round(t.Context()))
			rows, err := server.real.Witnessed(t.Context(), server.origin(), 1)
			require.NoError(t, err)
			require.EqualValues(t, server.witnesses().Size, rows[0].Size, "witnesses are asked about what is new all the same: %s", write)
			server.exec(`DELETE FROM witnessed_checkpoints`, `DELETE FROM cosignatures`)
		}
	})
}
