package app

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

const day = 24 * time.Hour

// lived is a request that alice made, bob approved, and that was open for half an hour.
func (w written) lived() access.Request {
	w.t.Helper()
	ctx, r := w.t.Context(), w.asked()
	d := access.Decision{RequestID: r.ID, PlanDigest: r.Plan.Digest, Approver: bob.Person, Verdict: access.Approve, At: w.now.Add(time.Minute), Comment: "for the night"}
	signed, err := w.signer.SignDecision(d)
	require.NoError(w.t, err)
	envelope, err := json.Marshal(signed)
	require.NoError(w.t, err)
	step := access.DecisionRecorded(d, envelope)
	step.To, step.Decisions = access.StateApproved, []access.Decision{d}
	_, step.Stages = r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, step.Decisions)
	step.Events = append(step.Events, access.Event{At: d.At, Kind: access.EventRequestApproved, Actor: access.ActorRamp, Key: access.KeyApproved})
	require.NoError(w.t, w.real.Advance(ctx, step))
	opened, name := w.now.Add(2*time.Minute), r.Plan.Grants[0].Name
	end := opened.Add(30 * time.Minute)
	require.NoError(w.t, w.real.IntendGrant(ctx, access.Grant{Name: name, RequestID: r.ID, Target: "postgres/orders", Principal: "alice",
		Entitlement: access.Entitlement{"role": "readonly"}, ExpiresAt: end}, opened))
	require.NoError(w.t, w.real.MarkOpened(ctx, name, opened, access.Activation(r.ID, opened, end)))
	ending := access.Transition{RequestID: r.ID, To: access.StateEnding, At: end, Events: []access.Event{{At: end, Kind: access.EventAccessEnding, Actor: access.ActorRamp, Key: access.KeyEnding}}}
	require.NoError(w.t, w.real.MarkClosed(ctx, name, end, ending, access.Ended(r.ID, access.OutcomeExpired, end)))
	return r
}

// reads is the log as an auditor's client reads it, verified.
func (w written) reads() (evidence.LogReport, error) {
	w.t.Helper()
	tree, err := w.real.Tree(w.t.Context())
	if err != nil {
		return evidence.LogReport{}, err
	}
	return evidence.VerifyLog(w.t.Context(), w.auditor.keys, evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, nil, leaves{w.real}, nil)
}

func (w written) events(id string) []access.Event {
	w.t.Helper()
	list, err := w.real.EventsOf(w.t.Context(), []string{id})
	require.NoError(w.t, err)
	return list
}

func (w written) count(query string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.raw.QueryRow(query).Scan(&n))
	return n
}

// TestDropBodies: a policy drops what people did, wrote and decided, of requests that are
// over and of old events, and of nothing else; all that shows it says so, and the log
// verifies.
func TestDropBodies(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		old := w.lived()
		signedIn := access.Event{At: w.now, Kind: access.EventSessionStarted, Actor: "alice", Message: "from 192.0.2.1"}
		kept := access.Event{At: w.now, Kind: access.EventPersonAdded, Actor: access.ActorSCIM, Detail: map[string]string{"person": "erin"}}
		require.NoError(t, w.real.AppendEvent(ctx, signedIn))
		require.NoError(t, w.real.AppendEvent(ctx, kept))
		waiting := w.asked()
		_, err := w.real.OpenCursor(ctx, "siem", 3, w.now)
		require.NoError(t, err)
		asked := w.now
		w.now = w.now.Add(400 * day)
		young := w.lived()
		last, err := w.real.LastSeq(ctx)
		require.NoError(t, err)

		require.NoError(t, w.dropper.dropDue(ctx))
		same, err := w.real.LastSeq(ctx)
		require.NoError(t, err)
		require.Equal(t, last, same, "the default is never")
		w.dropper.config = DropConfig{Requests: 365 * day, Events: 365 * day}
		require.NoError(t, w.dropper.dropDue(ctx))
		require.Nil(t, w.events(old.ID)[0].Dropped, "a sink has not had the events yet")
		_, err = w.real.MoveCursor(ctx, "siem", last, w.now)
		require.NoError(t, err)
		require.NoError(t, w.dropper.dropDue(ctx))
		dropped, err := w.real.LastSeq(ctx)
		require.NoError(t, err)
		require.Equal(t, last+2, dropped, "of the request, and of the sign-in")
		require.NoError(t, w.dropper.dropDue(ctx))
		again, err := w.real.LastSeq(ctx)
		require.NoError(t, err)
		require.Equal(t, dropped, again, "nothing is dropped twice")

		events := w.events(old.ID)
		require.Len(t, events, 9)
		for _, e := range events {
			require.Equal(t, &access.Dropped{At: w.now, Event: last + 1}, e.Dropped)
			require.Empty(t, e.Actor+e.Message+e.Key)
			require.Empty(t, e.Detail)
			require.Contains(t, e.Phrase(), "dropped on 2027-04-05 by policy")
		}
		require.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE kind = 'session.started' AND actor = '' AND message = ''`))
		require.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE kind = 'person.added' AND removal = 0`))
		require.Zero(t, w.count(`SELECT count(*) FROM statements WHERE request_id = '`+old.ID+`'`))
		require.Zero(t, w.count(`SELECT count(*) FROM grants WHERE request_id = '`+old.ID+`' AND principal <> ''`))
		require.Zero(t, w.count(`SELECT count(*) FROM requests WHERE id = '`+old.ID+`' AND (requester || requester_id || requester_key || human_key || email_key || input || plan || plan_envelope || decisions) LIKE '%alice%'`))
		for _, id := range []string{young.ID, waiting.ID} {
			for _, e := range w.events(id) {
				require.Nil(t, e.Dropped)
			}
		}

		report, err := w.reads()
		require.NoError(t, err)
		require.EqualValues(t, 10, report.Dropped)
		at, _, err := w.auditor.checkpoint(ctx)
		require.NoError(t, err)
		for from := range at.Size {
			require.NoError(t, evidence.VerifyLogFrom(ctx, w.auditor.keys, at, from, leaves{w.real}, w.real.HashReader(ctx), nil), "from %d", from)
		}

		t.Run("all say so", func(t *testing.T) {
			r, err := w.RequestWithTimeline(ctx, oscar.Person, old.ID)
			require.NoError(t, err)
			require.Equal(t, &access.Dropped{At: w.now, Event: last + 1}, r.Dropped)
			require.Empty(t, r.Altered)
			require.Equal(t, access.TimelineCheck{Size: at.Size, Signed: at.Size, SignedAt: r.TimelineCheck.SignedAt}, *r.TimelineCheck)
			require.Equal(t, []any{access.StateEnded, access.OutcomeExpired, "orders", "postgres/orders", asked}, []any{r.State, r.Outcome, r.Contract, r.Plan.Grants[0].Target, r.CreatedAt})
			require.Equal(t, asked.Add(32*time.Minute), *r.EndedAt)
			_, err = w.Request(ctx, alice.Person, old.ID)
			require.Equal(t, access.CodeNotFound, access.CodeOf(err), "nobody knows any more whose it was")
			list, _, err := w.AuditRequests(ctx, carol, ledger.RequestSearch{Target: "postgres/orders"})
			require.NoError(t, err)
			require.Len(t, list, 3)
			require.Contains(t, []*access.Dropped{list[1].Dropped, list[2].Dropped}, r.Dropped)
			_, err = w.Evidence(ctx, carol.Person, old.ID)
			require.Equal(t, access.CodeTooLate, access.CodeOf(err))
			require.ErrorContains(t, err, "dropped on 2027-04-05 by policy")
			_, err = w.Evidence(ctx, carol.Person, young.ID)
			require.NoError(t, err)
			_, err = w.Tile(ctx, carol, "entries/000.p/"+strconv.FormatInt(at.Size, 10))
			require.Equal(t, access.CodeTooLate, access.CodeOf(err))
			entries, err := w.LogEntries(ctx, carol, 0, at.Size)
			require.NoError(t, err)
			require.Len(t, entries, int(at.Size))
			_, err = w.Proofs(ctx, carol, []int64{0, at.Size - 1})
			require.NoError(t, err)
		})
		t.Run("a review reads what there is", func(t *testing.T) {
			made, some, err := w.reviews.make(ctx, review.Period{From: asked.Add(-day), To: w.now.Add(day)})
			require.NoError(t, err)
			require.True(t, some)
			require.Equal(t, 2, made.Figures.Requests)
			require.Contains(t, strings.Join(made.Unknown, "\n"), "What was recorded of 1 request in this time was dropped by policy")
			require.NotContains(t, strings.Join(made.Unknown, "\n"), "log that Ramp signed")
		})
		t.Run("what is about a dropped request goes later", func(t *testing.T) {
			require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: old.ID, Kind: access.EventActRefused, Actor: "dave"}))
			w.now = w.now.Add(366 * day)
			require.NoError(t, w.dropper.dropDue(ctx))
			events := w.events(old.ID)
			require.Nil(t, events[len(events)-1].Dropped, "a sink has not had it")
			last, err := w.real.LastSeq(ctx)
			require.NoError(t, err)
			_, err = w.real.MoveCursor(ctx, "siem", last, w.now)
			require.NoError(t, err)
			require.NoError(t, w.dropper.dropDue(ctx))
			events = w.events(old.ID)
			require.NotNil(t, events[len(events)-1].Dropped)
			_, err = w.reads()
			require.NoError(t, err)
		})
	})
}

// TestCase129 tampers with what was dropped as somebody with all rights on the database: a
// body that is missing without a signed removal is found, and so is one that was put back,
// and what is left of an event if it was changed.
func TestCase129(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		old, second := w.lived(), w.lived()
		w.now = w.now.Add(400 * day)
		young := w.lived()
		was := w.events(old.ID)[2]
		w.dropper.config = DropConfig{Requests: 365 * day}
		require.NoError(t, w.dropper.dropDue(ctx))
		w.mayWrite()
		_, err := w.reads()
		require.NoError(t, err, "an untouched log")
		removal := w.events(old.ID)[0].Dropped.Event
		target, own := w.events(young.ID)[1].Seq, was.Seq
		blank := `actor = '', message = '', detail = '{}', idempotency_key = '', dropped_at = 1`
		forge := func() {
			_, stranger, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			e := w.events(young.ID)[1]
			tree, err := w.real.Tree(ctx)
			require.NoError(t, err)
			record, digest, err := evidence.NewSigner(stranger).SignRemoval(access.Removal{Log: tree.Origin, At: w.now.Add(400 * day), Remains: []access.Remains{e.Remains()}})
			require.NoError(t, err)
			require.NoError(t, w.real.Drop(ctx, ledger.Drop{Event: access.Event{At: w.now, Kind: access.EventBodiesDropped, Actor: access.ActorRamp, Key: access.KeyRemoval(digest),
				Detail: map[string]string{access.DetailRemoval: digest}}, Record: record, At: w.now, Seqs: []int64{e.Seq}}))
		}
		w.exec(`CREATE TABLE kept_events AS SELECT * FROM events`, `CREATE TABLE kept_hashes AS SELECT * FROM log_hashes`, `CREATE TABLE kept_removals AS SELECT * FROM removals`)
		for attack, a := range map[string]struct {
			do   []string
			by   func()
			want access.Code
		}{
			"a body is taken away":                      {do: []string{fmt.Sprintf(`UPDATE events SET removal = %d, %s WHERE seq = %d`, removal, blank, target)}},
			"a body is taken away for later":            {do: []string{fmt.Sprintf(`UPDATE events SET removal = 1000, %s WHERE seq = %d`, blank, target)}, want: access.CodeConflict},
			"a body is taken away by an unsigned event": {by: forge},
			"a body is put back": {do: []string{fmt.Sprintf(`UPDATE events SET removal = 0, dropped_at = 0, actor = '%s', message = '%s', idempotency_key = '%s', detail = '%s' WHERE seq = %d`,
				was.Actor, was.Message, was.Key, detailText(t, was), own)}},
			"another body is put in":              {do: []string{fmt.Sprintf(`UPDATE events SET removal = 0, dropped_at = 0, actor = 'mallory' WHERE seq = %d`, own)}},
			"words are put beside":                {do: []string{fmt.Sprintf(`UPDATE events SET message = 'alice did it' WHERE seq = %d`, own)}},
			"a time is changed":                   {do: []string{fmt.Sprintf(`UPDATE events SET at = at + 1 WHERE seq = %d`, own)}},
			"a kind is changed":                   {do: []string{fmt.Sprintf(`UPDATE events SET kind = 'request.denied' WHERE seq = %d`, own)}},
			"a request is changed":                {do: []string{fmt.Sprintf(`UPDATE events SET request_id = '%s' WHERE seq = %d`, second.ID, own)}},
			"the row of an event is deleted":      {do: []string{fmt.Sprintf(`DELETE FROM events WHERE seq = %d`, own)}},
			"the signed removal is deleted":       {do: []string{fmt.Sprintf(`DELETE FROM removals WHERE seq = %d`, removal)}},
			"the event of a removal is dropped":   {do: []string{fmt.Sprintf(`UPDATE events SET removal = 1000, %s WHERE seq = %d`, blank, removal)}},
			"the hash of a leaf is another's":     {do: []string{fmt.Sprintf(`UPDATE log_hashes SET hash = (SELECT hash FROM log_hashes WHERE idx = 0) WHERE idx = %d`, tlog.StoredHashIndex(0, own-1))}},
			"the removal is said to be another's": {do: []string{fmt.Sprintf(`UPDATE events SET removal = %d WHERE seq = %d`, removal+1, own)}},
		} {
			if a.by != nil {
				a.by()
			}
			w.exec(a.do...)
			want := a.want
			if want == "" {
				want = access.CodeEvidence
			}
			_, err := w.reads()
			require.Equal(t, want, access.CodeOf(err), "%s: %v", attack, err)
			w.exec(`DELETE FROM events`, `INSERT INTO events SELECT * FROM kept_events`, `DELETE FROM log_hashes`, `INSERT INTO log_hashes SELECT * FROM kept_hashes`,
				`DELETE FROM removals`, `INSERT INTO removals SELECT * FROM kept_removals`)
			_, err = w.reads()
			require.NoError(t, err, attack)
		}

		// A row that says that it was dropped hides no request, and a page says what was changed.
		w.exec(fmt.Sprintf(`UPDATE requests SET removal = %d, dropped_at = 1, plan_envelope = '' WHERE id = '%s'`, removal, young.ID))
		r, err := w.Request(ctx, oscar.Person, young.ID)
		require.NoError(t, err)
		require.NotEmpty(t, r.Altered)
		require.Nil(t, r.Dropped, "no server has signed that")
		w.exec(`UPDATE requests SET contract = 'harmless' WHERE id = '` + old.ID + `'`)
		r, err = w.Request(ctx, oscar.Person, old.ID)
		require.NoError(t, err)
		require.Equal(t, "orders", r.Contract)
		require.NotEmpty(t, r.Altered)
		w.exec(fmt.Sprintf(`UPDATE events SET removal = %d, %s WHERE seq = %d`, removal, blank, target), fmt.Sprintf(`UPDATE events SET kind = 'request.denied' WHERE seq = %d`, own))
		r, err = w.RequestWithTimeline(ctx, oscar.Person, young.ID)
		require.NoError(t, err)
		require.Equal(t, []int64{target}, r.TimelineCheck.Altered)
		r, err = w.RequestWithTimeline(ctx, oscar.Person, old.ID)
		require.NoError(t, err)
		require.Equal(t, []int64{own}, r.TimelineCheck.Altered)
	})
}

func detailText(t *testing.T, e access.Event) string {
	t.Helper()
	b, err := json.Marshal(e.Detail)
	require.NoError(t, err)
	return string(b)
}

// TestCase129WhatIsAlteredIsKept: what is not what was recorded is evidence of whoever
// changed it. It is not dropped, and is an alarm; all else is.
func TestCase129WhatIsAlteredIsKept(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		changed, restated, old := w.lived(), w.lived(), w.lived()
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, Kind: access.EventSessionStarted, Actor: "alice"}))
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, Kind: access.EventSessionStarted, Actor: "bob"}))
		w.now = w.now.Add(400 * day)
		w.dropper.config = DropConfig{Requests: 365 * day, Events: 365 * day}
		w.mayWrite()
		w.exec(fmt.Sprintf(`UPDATE events SET actor = 'mallory' WHERE seq = %d`, w.events(changed.ID)[1].Seq),
			`UPDATE events SET actor = 'mallory' WHERE kind = 'session.started' AND actor = 'bob'`,
			`UPDATE requests SET contract = 'harmless' WHERE id = '`+restated.ID+`'`)
		require.Equal(t, access.CodeEvidence, access.CodeOf(w.dropper.dropDue(ctx)))
		require.Nil(t, w.events(changed.ID)[0].Dropped)
		require.Nil(t, w.events(restated.ID)[0].Dropped)
		require.NotNil(t, w.events(old.ID)[0].Dropped)
		require.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE kind = 'session.started' AND removal > 0`))
	})
}

// TestDropIsWhole: of servers that drop at the same time one does, a removal that is not
// whole changes nothing, and the database lets nothing else change an event.
func TestDropIsWhole(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		var ids []string
		for range 20 {
			ids = append(ids, w.lived().ID)
		}
		w.now = w.now.Add(400 * day)
		before, err := w.real.LastSeq(ctx)
		require.NoError(t, err)
		half := ledger.Drop{Event: access.Event{At: w.now, Kind: access.EventBodiesDropped, Key: "removal x"}, Record: []byte("{}"), At: w.now, Requests: ids[:1], Seqs: []int64{1, before + 50}}
		require.Equal(t, access.CodeConflict, access.CodeOf(w.real.Drop(ctx, half)))
		after, err := w.real.LastSeq(ctx)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Nil(t, w.events(ids[0])[0].Dropped)
		for _, change := range []string{`UPDATE events SET actor = 'mallory' WHERE seq = 1`, `DELETE FROM events WHERE seq = 1`,
			`UPDATE events SET removal = 2, actor = '', message = '', detail = '{}', idempotency_key = '' WHERE seq = 1`} {
			_, err := w.raw.Exec(change)
			require.ErrorContains(t, err, "append-only", change)
		}

		var servers sync.WaitGroup
		for range 3 {
			now := w.now
			one := w.restarted()
			one.now, one.dropper.config = now, DropConfig{Requests: 365 * day}
			servers.Go(func() {
				if err := one.dropper.dropDue(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		servers.Wait()
		report, err := w.reads()
		require.NoError(t, err)
		require.EqualValues(t, before, report.Dropped)
	})
}

// TestDropKeepsWhatIsNeeded: nothing goes of what is open, of break glass that nobody has
// reviewed, or of what brought contracts into force.
func TestDropKeepsWhatIsNeeded(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		open, glass, inForce := w.lived(), w.lived(), w.lived()
		w.exec(`UPDATE grants SET status = 'open' WHERE request_id = '`+open.ID+`'`,
			`INSERT INTO contracts_in_force (line, number, digest, grant_name, taken_at, record) VALUES ('proposals', 1, 'd', '`+inForce.Plan.Grants[0].Name+`', 1, '')`)
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: glass.ID, Kind: access.EventGlassBroken, Actor: "alice"}))
		late := w.lived()
		w.now = w.now.Add(400 * day)
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: late.ID, Kind: access.EventGrantDrifted, Actor: access.ActorReconciler}))
		w.dropper.config = DropConfig{Requests: 365 * day}
		require.NoError(t, w.dropper.dropDue(ctx))
		for name, r := range map[string]access.Request{"open": open, "break glass": glass, "in force": inForce, "something happened since": late} {
			require.Nil(t, w.events(r.ID)[0].Dropped, name)
		}
	})
}
