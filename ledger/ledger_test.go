package ledger_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

var (
	ctx = context.Background()
	at  = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
)

// fixture is a ledger in one kind of database, and a raw connection to it.
type fixture struct {
	*testing.T
	*ledger.Ledger
	raw *sql.DB
}

func TestLedger(t *testing.T) { onEach(t, suite) }

// onEach runs a suite on every kind of database.
func onEach(t *testing.T, suite map[string]func(b fixture)) {
	for name, open := range map[string]func(*testing.T) fixture{
		"sqlite": func(t *testing.T) fixture {
			path := filepath.Join(t.TempDir(), "ledger.db")
			l, err := ledger.Open(ctx, "sqlite:"+path)
			require.NoError(t, err)
			raw, err := sql.Open("sqlite", path)
			require.NoError(t, err)
			return fixture{t, l, raw}
		},
		"postgres": func(t *testing.T) fixture {
			address := ledgertest.Postgres(t)
			l, err := ledger.Open(ctx, address)
			require.NoError(t, err)
			raw, err := sql.Open("pgx", address)
			require.NoError(t, err)
			return fixture{t, l, raw}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			_, key, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			b.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
			t.Cleanup(func() { b.raw.Close(); require.NoError(t, b.Close()) })
			for _, suite := range []map[string]func(fixture){suite, contradictions, unfinished, holders, accountSuite, cursorSuite, checkpointSuite, witnessSuite, clocks, dueSuite, histories, glassSuite, ends, noticeSuite, meaningSuite, inventorySuite, stateSuite, misstatements, chatSuite, contractSuite, uploadSuite, reviewSuite, notBegunSuite} {
				for name, test := range suite {
					t.Run(name, func(t *testing.T) { test(fixture{t, b.Ledger, b.raw}) })
				}
			}
		})
	}
}

// sqlite reports whether the database is SQLite's, which keeps any text in a column of
// numbers.
func (b fixture) sqlite() bool {
	_, err := b.raw.Exec(`SELECT sqlite_version()`)
	return err == nil
}

func openRaw(t *testing.T, path string) *sql.DB {
	raw, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	return raw
}

func (b fixture) submission(change ...func(*ledger.Submission)) ledger.Submission {
	id := access.NewRequestID()
	s := ledger.Submission{
		Request: access.Request{ID: id, Contract: "ssh-demo", State: access.StatePending, CreatedAt: at,
			Requester: access.Person{ID: "alice", Kind: access.KindHuman}, Stages: []access.StageStatus{},
			Decisions: []access.Decision{},
			Plan:      access.Plan{RequestID: id, Reason: "why", Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "ssh/demo"}}}},
		PlanEnvelope: []byte(`{"payload":"x"}`),
		Input:        access.RequestInput{Contract: "ssh-demo", Reason: "why", Params: map[string]any{"a": "b"}},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func (b fixture) submitted(change ...func(*ledger.Submission)) ledger.Submission {
	b.Helper()
	s := b.submission(change...)
	created, err := b.Submit(ctx, s)
	require.NoError(b, err)
	require.True(b, created)
	return s
}

func (b fixture) reload(id string) access.Request {
	b.Helper()
	r, err := b.Ledger.Request(ctx, id)
	require.NoError(b, err)
	require.Empty(b, r.Timeline)
	return r
}

func (b fixture) timeline(id string) []access.Event {
	b.Helper()
	events, _, err := b.Timeline(ctx, id)
	require.NoError(b, err)
	return events
}

func grant(s ledger.Submission) access.Grant {
	return access.Grant{Name: access.GrantName(s.Request.ID, 0), RequestID: s.Request.ID, Target: "ssh/demo",
		Principal: "alice", Entitlement: access.Entitlement{"user": "demo"}, ExpiresAt: at.Add(time.Hour)}
}

func (b fixture) code(want access.Code, err error) {
	b.Helper()
	require.Error(b, err)
	require.Equal(b, want, access.CodeOf(err), "%v", err)
}

var suite = map[string]func(b fixture){
	"submit once, whatever is retried": func(b fixture) {
		s := b.submitted()
		created, err := b.Submit(ctx, s)
		require.NoError(b, err)
		require.False(b, created)
		r := b.reload(s.Request.ID)
		require.Equal(b, s.Request.Plan, r.Plan)
		require.Len(b, b.timeline(s.Request.ID), 1)
	},
	"the same id with another question": func(b fixture) {
		s := b.submitted()
		s.Input.Reason = "another"
		_, err := b.Submit(ctx, s)
		b.code(access.CodeConflict, err)
	},
	"unstarted until started": func(b fixture) {
		s := b.submitted()
		has := func() bool {
			list, err := b.Unstarted(ctx, at.Add(time.Second))
			require.NoError(b, err)
			for _, u := range list {
				if u.Request.ID == s.Request.ID {
					require.Equal(b, s.PlanEnvelope, u.PlanEnvelope)
					return true
				}
			}
			return false
		}
		require.True(b, has())
		require.NoError(b, b.MarkStarted(ctx, s.Request.ID))
		require.False(b, has())
	},
	"steps told late or twice change nothing": func(b fixture) {
		s := b.submitted()
		id := s.Request.ID
		step := func(to access.State, key string) {
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: id, To: to, At: at,
				Events: []access.Event{{At: at, Kind: access.EventAccessEnded, Actor: access.ActorRamp, Key: key}}}))
		}
		step(access.StateApproved, "a")
		step(access.StateEnded, "e")
		step(access.StateActive, "late")
		step(access.StateEnded, "e")
		r := b.reload(id)
		require.Equal(b, access.StateEnded, r.State)
		require.Equal(b, at, *r.EndedAt)
		require.Len(b, b.timeline(id), 4)
	},
	"a step of nobody's request": func(b fixture) {
		b.code(access.CodeNotFound, b.Advance(ctx, access.Transition{RequestID: "nobody", At: at}))
	},
	"Case24 a grant is known before it exists": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.IntendGrant(ctx, g, at.Add(time.Second)), "a retry")
		rows, err := b.Grants(ctx, ledger.GrantFilter{RequestID: s.Request.ID, NotClosed: true})
		require.NoError(b, err)
		require.Len(b, rows, 1)
		require.Equal(b, g, rows[0].Grant)
		require.Equal(b, ledger.GrantIntended, rows[0].Status)
		require.Equal(b, access.StateGranting, b.reload(s.Request.ID).State)
	},
	"Case38 a workflow that begins again does not move the end": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		later := g
		later.ExpiresAt = g.ExpiresAt.Add(time.Minute)
		b.code(access.CodeConflict, b.IntendGrant(ctx, later, at.Add(time.Minute)))
		require.NoError(b, b.MarkExtended(ctx, g.Name, later.ExpiresAt))
		require.NoError(b, b.IntendGrant(ctx, g, at), "a retry that an extension overtook")
	},
	"Case10 what was closed does not open again": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at), "a retry")
		b.code(access.CodeConflict, b.IntendGrant(ctx, g, at))
		b.code(access.CodeConflict, b.MarkExtended(ctx, g.Name, at))
	},
	"what opening means for the request is noted with it, once and never late": func(b fixture) {
		s := b.submitted()
		g := grant(s)
		active := access.Transition{RequestID: s.Request.ID, To: access.StateActive, At: at, ActiveAt: &at,
			Events: []access.Event{{At: at, Kind: access.EventAccessActive, Actor: access.ActorRamp, Key: "active"}}}
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, active))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, active), "a retry")
		r := b.reload(s.Request.ID)
		require.Equal(b, access.StateActive, r.State)
		timeline := b.timeline(s.Request.ID)
		require.Equal(b, access.EventAccessActive, timeline[len(timeline)-1].Kind)

		other := b.submitted()
		g = grant(other)
		active.RequestID = other.Request.ID
		require.NoError(b, b.IntendGrant(ctx, g, at))
		require.NoError(b, b.MarkClosed(ctx, g.Name, at))
		require.NoError(b, b.MarkOpened(ctx, g.Name, at, active), "by a worker that stood still meanwhile")
		require.Nil(b, b.reload(other.Request.ID).ActiveAt)
	},
	"nothing opens while ending": func(b fixture) {
		s := b.submitted()
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateApproved, At: at}))
		require.NoError(b, b.Advance(ctx, access.Transition{RequestID: s.Request.ID, To: access.StateEnding, At: at}))
		b.code(access.CodeConflict, b.IntendGrant(ctx, grant(s), at))
	},
	"Case40 a request nobody submitted has no grants": func(b fixture) {
		b.code(access.CodeNotFound, b.IntendGrant(ctx, grant(b.submission()), at))
		b.code(access.CodeNotFound, b.MarkClosed(ctx, "ramp-none-a", at))
	},
	"Case42 events cannot be changed or removed": func(b fixture) {
		b.submitted()
		_, err := b.raw.Exec(`UPDATE events SET actor = 'mallory'`)
		require.ErrorContains(b, err, "append-only")
		_, err = b.raw.Exec(`DELETE FROM events`)
		require.ErrorContains(b, err, "append-only")
	},
	"lists are newest first, in pages, narrowed": func(b fixture) {
		who := "lister-" + access.NewRequestID()
		var ids []string
		for i := range 5 {
			s := b.submitted(func(s *ledger.Submission) {
				s.Request.Requester.ID = who
				s.Request.CreatedAt = at.Add(time.Duration(i/2) * time.Minute) // pairs share a time
			})
			ids = append(ids, s.Request.ID)
		}
		var got []string
		cursor := ""
		for {
			items, next, err := b.Requests(ctx, ledger.RequestFilter{Requester: who, Target: "ssh/demo", States: []access.State{access.StatePending}, Limit: 2, Cursor: cursor})
			require.NoError(b, err)
			for i, r := range items {
				got = append(got, r.ID)
				require.True(b, i == 0 || !r.CreatedAt.After(items[i-1].CreatedAt))
			}
			if cursor = next; next == "" {
				break
			}
		}
		require.ElementsMatch(b, ids, got)
		none, _, err := b.Requests(ctx, ledger.RequestFilter{Requester: who, Target: "ssh/dem_"})
		require.NoError(b, err)
		require.Empty(b, none, "a wildcard is taken as it is written")
		_, _, err = b.Requests(ctx, ledger.RequestFilter{Cursor: "nonsense"})
		b.code(access.CodeInvalid, err)
	},
	"many at once lose nothing, and numbers are read in order, without gaps": func(b fixture) {
		const n = 60
		var wg sync.WaitGroup
		stop, seen := make(chan struct{}), make(chan int64, 1)
		first, err := b.LastSeq(ctx)
		require.NoError(b, err)
		go func() { // a reader that follows the numbers, as the feed does
			next := first + 1
			for stopped := false; ; {
				list, err := b.Events(ctx, ledger.EventFilter{After: next - 1})
				if err != nil {
					b.Errorf("read: %v", err)
				}
				for _, e := range list {
					if e.Seq != next {
						b.Errorf("event %d was read before event %d", e.Seq, next)
					}
					next = e.Seq + 1
				}
				if len(list) > 0 {
					continue
				}
				if stopped { // this read began after the last write
					seen <- next - first - 1
					return
				}
				select {
				case <-stop:
					stopped = true
				case <-time.After(time.Millisecond):
				}
			}
		}()
		for range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				s := b.submission()
				g := grant(s)
				_, err := b.Submit(ctx, s)
				for _, err := range []error{err, b.IntendGrant(ctx, g, at), b.MarkOpened(ctx, g.Name, at), b.MarkClosed(ctx, g.Name, at)} {
					if err != nil {
						b.Errorf("lost: %v", err)
					}
				}
			}()
		}
		wg.Wait()
		close(stop)
		require.Equal(b, int64(4*n), <-seen, "the reader missed an event")
	},
	"refused acts are recorded": func(b fixture) {
		require.NoError(b, b.AppendEvent(ctx, access.Event{At: at, Kind: access.EventActRefused, Actor: "dave", Message: "no"}))
		seq, err := b.LastSeq(ctx)
		require.NoError(b, err)
		list, err := b.Events(ctx, ledger.EventFilter{After: seq - 1})
		require.NoError(b, err)
		require.Equal(b, "dave", list[0].Actor)
	},
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"", "mysql://x", "sqlite:"} {
		_, err := ledger.Open(ctx, address)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), address)
	}
	_, err := ledger.Open(ctx, fmt.Sprintf("sqlite:%s/none/ledger.db", t.TempDir()))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}
