package ledger_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// leaves reads a ledger's log as an auditor's client does.
type leaves struct{ *ledger.Ledger }

func (l leaves) Leaves(ctx context.Context, from, to int64) ([]evidence.LogLeaf, error) {
	list, err := l.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	events := make([]access.Event, len(list))
	for i, e := range list {
		events[i] = e.Event
	}
	return evidence.LeavesOf(from, events, l.HashReader(ctx))
}

func (b fixture) checkpoint() evidence.Checkpoint {
	b.Helper()
	t, err := b.Tree(ctx)
	require.NoError(b, err)
	return evidence.Checkpoint{Origin: t.Origin, Size: t.Size, Root: t.Root}
}

func (b fixture) verify(against *evidence.Checkpoint) error {
	b.Helper()
	tree, err := b.Tree(ctx)
	if err != nil {
		return err
	}
	_, err = evidence.VerifyLog(ctx, evidence.Keyring{}, evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, against, leaves{b.Ledger}, nil)
	return err
}

// open makes a fresh ledger of one kind, and the attacker's connection to it.
func fresh(t *testing.T, postgres string) fixture {
	if postgres == "" {
		path := filepath.Join(t.TempDir(), "ledger.db")
		return opened(t, "sqlite:"+path, "sqlite", path)
	}
	admin, err := sql.Open("pgx", postgres)
	require.NoError(t, err)
	defer admin.Close()
	name := "log_" + access.NewRequestID()
	_, err = admin.Exec(`CREATE DATABASE ` + name)
	require.NoError(t, err)
	u, err := url.Parse(postgres)
	require.NoError(t, err)
	u.Path = "/" + name
	return opened(t, u.String(), "pgx", u.String())
}

func opened(t *testing.T, address, driver, raw string) fixture {
	l, err := ledger.Open(ctx, address)
	require.NoError(t, err)
	db, err := sql.Open(driver, raw)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close(); l.Close() })
	return fixture{t, l, db}
}

// record appends n events in one transaction.
func (b fixture) record(n int) {
	b.Helper()
	step := access.Transition{RequestID: b.subject(), At: at}
	for i := range n {
		step.Events = append(step.Events, access.Event{At: at, Kind: access.EventActRefused, Actor: fmt.Sprint("person ", i),
			Message: "no\x00 \xff", Detail: map[string]string{"b": "2", "a": "<&>\u2028"}})
	}
	require.NoError(b, b.Advance(ctx, step))
}

// subject is the request that events are about; its own event is leaf 0.
func (b fixture) subject() string {
	b.Helper()
	list, _, err := b.Requests(ctx, ledger.RequestFilter{})
	require.NoError(b, err)
	if len(list) == 0 {
		return b.submitted().Request.ID
	}
	return list[0].ID
}

// attack is what somebody with the database's own rights does.
func (b fixture) attack(statements ...string) {
	b.Helper()
	triggers := []string{`DROP TRIGGER events_no_update`, `DROP TRIGGER events_no_delete`, `DROP TRIGGER log_hashes_no_update`, `DROP TRIGGER log_hashes_no_delete`}
	if _, err := b.raw.Exec(`SELECT 1 FROM pg_class`); err == nil {
		triggers = []string{`DROP TRIGGER events_no_change ON events`, `DROP TRIGGER log_hashes_no_change ON log_hashes`}
	}
	for _, s := range append(triggers, statements...) {
		res, err := b.raw.Exec(s)
		require.NoError(b, err, s)
		if s[0] != 'D' || s[1] != 'R' {
			n, _ := res.RowsAffected()
			require.NotZero(b, n, "the attack touched nothing: %s", s)
		}
	}
}

// TestCase42 tampers with the log as somebody with all rights on the database.
func TestCase42(t *testing.T) {
	const n = 300 // more than one tile
	attacks := map[string]struct {
		do     []string
		anchor bool // only an earlier checkpoint shows it
	}{
		"edit an actor":   {do: []string{`UPDATE events SET actor = 'mallory' WHERE seq = 101`}},
		"edit a detail":   {do: []string{`UPDATE events SET detail = '{"a":"1"}' WHERE seq = 1`}},
		"edit a time":     {do: []string{`UPDATE events SET at = at + 1 WHERE seq = 300`}},
		"break a detail":  {do: []string{`UPDATE events SET detail = '{' WHERE seq = 8`}},
		"delete a row":    {do: []string{`DELETE FROM events WHERE seq = 43`}},
		"delete and join": {do: []string{`DELETE FROM events WHERE seq = 43`, `UPDATE events SET seq = 43 WHERE seq = 300`}},
		"swap two places": {do: []string{`UPDATE events SET seq = -2 WHERE seq = 11`, `UPDATE events SET seq = 11 WHERE seq = 12`, `UPDATE events SET seq = 12 WHERE seq = -2`}},
		"move to the end": {do: []string{`UPDATE events SET seq = 100000 WHERE seq = 11`}},
		"cut off rows":    {do: []string{`DELETE FROM events WHERE seq > 250`}},
		"edit a hash":     {do: []string{fmt.Sprintf(`UPDATE log_hashes SET hash = (SELECT hash FROM log_hashes WHERE idx = 5) WHERE idx = %d`, tlog.StoredHashIndex(8, 0))}},
		"cut off rows and hashes": {anchor: true, do: []string{`DELETE FROM events WHERE seq > 250`,
			fmt.Sprintf(`DELETE FROM log_hashes WHERE idx >= %d`, tlog.StoredHashCount(250))}},
	}
	for name, postgres := range map[string]string{"sqlite": "", "postgres": ledgertest.Postgres(t)} {
		for attack, a := range attacks {
			t.Run(name+"/"+attack, func(t *testing.T) {
				b := fresh(t, postgres)
				b.record(n)
				saved := b.checkpoint()
				require.EqualValues(t, n+1, saved.Size)
				b.record(3)
				require.NoError(t, b.verify(&saved), "an untouched log")
				b.attack(a.do...)
				if a.anchor {
					require.NoError(t, b.verify(nil), "a log that was cut off whole agrees with itself")
				} else {
					require.Equal(t, access.CodeEvidence, access.CodeOf(b.verify(nil)))
				}
				require.Equal(t, access.CodeEvidence, access.CodeOf(b.verify(&saved)))
			})
		}
		t.Run(name+"/rewritten from an edited past", func(t *testing.T) {
			b := fresh(t, postgres)
			b.record(5)
			saved := b.checkpoint()
			b.attack(`UPDATE events SET actor = 'mallory' WHERE seq = 3`, `DELETE FROM log_hashes WHERE idx >= 0`)
			b.rebuild()
			require.NoError(t, b.verify(nil), "the attacker built every hash")
			require.Equal(t, access.CodeEvidence, access.CodeOf(b.verify(&saved)))
		})
		t.Run(name+"/later events do not hide a cut", func(t *testing.T) {
			b := fresh(t, postgres)
			b.record(5)
			b.attack(`DELETE FROM events WHERE seq > 3`)
			b.record(2)
			require.ErrorContains(t, b.verify(nil), "missing")
		})
	}
}

// rebuild is the attacker's: it makes every hash from the rows as they are now.
func (b fixture) rebuild() {
	b.Helper()
	entries, err := b.Entries(ctx, 0, 1000)
	require.NoError(b, err)
	var all []tlog.Hash
	reader := tlog.HashReaderFunc(func(list []int64) (out []tlog.Hash, err error) {
		for _, i := range list {
			out = append(out, all[i])
		}
		return out, nil
	})
	for i, e := range entries {
		hashes, err := tlog.StoredHashes(int64(i), e.Event.Leaf(), reader)
		require.NoError(b, err)
		all = append(all, hashes...)
	}
	for i, h := range all {
		if _, err := b.raw.Exec(fmt.Sprintf(`INSERT INTO log_hashes (idx, hash) VALUES (%d, x'%x')`, i, h[:])); err != nil {
			_, err = b.raw.Exec(fmt.Sprintf(`INSERT INTO log_hashes (idx, hash) VALUES (%d, '\x%x')`, i, h[:]))
			require.NoError(b, err)
		}
	}
}

func TestCheckpointsAndProofs(t *testing.T) {
	b := fresh(t, "")
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	keys := evidence.NewKeyring(signer.Public())
	var all []evidence.Checkpoint
	for range 20 {
		all = append(all, b.checkpoint())
		b.record(13)
	}
	last := b.checkpoint()
	for _, c := range all {
		signed, err := signer.SignCheckpoint(c)
		require.NoError(t, err)
		got, err := keys.VerifyCheckpoint(signed)
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.NoError(t, evidence.VerifyConsistency(c, last, ledgerTiles{b}))
		if c.Size > 0 {
			c.Root[0] ^= 1
			require.Equal(t, access.CodeEvidence, access.CodeOf(evidence.VerifyConsistency(c, last, ledgerTiles{b})))
		}
	}
	proof, err := tlog.ProveRecord(last.Size, 17, b.HashReader(ctx))
	require.NoError(t, err)
	entries, err := b.Entries(ctx, 17, 18)
	require.NoError(t, err)
	require.NoError(t, tlog.CheckRecord(proof, last.Size, last.Root, 17, tlog.RecordHash(entries[0].Event.Leaf())))
	_, err = evidence.NewKeyring().VerifyCheckpoint("x\n0\n\n")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
}

type ledgerTiles struct{ fixture }

func (ledgerTiles) Height() int                     { return evidence.TileHeight }
func (ledgerTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (l ledgerTiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, t := range list {
		var err error
		if out[i], err = tlog.ReadTileData(t, l.HashReader(ctx)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func TestAuditSearch(t *testing.T) {
	b := fresh(t, "")
	b.record(30)
	got, next, err := b.SearchEvents(ctx, ledger.EventSearch{Limit: 20})
	require.NoError(t, err)
	require.Len(t, got, 20)
	require.EqualValues(t, 30, got[0].Leaf)
	got, next, err = b.SearchEvents(ctx, ledger.EventSearch{Limit: 20, Cursor: next})
	require.NoError(t, err)
	require.Len(t, got, 11)
	require.Empty(t, next)
	got, _, err = b.SearchEvents(ctx, ledger.EventSearch{Actor: "person 7", Kind: access.EventActRefused, Since: at, Until: at.Add(1e9)})
	require.NoError(t, err)
	require.Len(t, got, 1)
	_, _, err = b.SearchEvents(ctx, ledger.EventSearch{Cursor: "x"})
	b.code(access.CodeInvalid, err)
}
