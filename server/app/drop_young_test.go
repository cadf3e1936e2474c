package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// aged is a ledger of whose database somebody sets times back while it is asked what may be
// dropped, and forward again before that is read.
type aged struct {
	dropLedger
	w written
}

func (a aged) set(by time.Duration) {
	a.w.exec(fmt.Sprintf(`UPDATE events SET at = at + %d`, by.Microseconds()), fmt.Sprintf(`UPDATE requests SET created_at = created_at + %d`, by.Microseconds()))
}

func (a aged) Droppable(ctx context.Context, before time.Time, most int) ([]string, error) {
	a.set(-400 * day)
	defer a.set(400 * day)
	return a.dropLedger.Droppable(ctx, before, most)
}

// TestCase129WhatIsYoungIsKept: whoever writes to the database has no server sign away what
// is recent: by the log, and not by a search in the database, it is known how old something is.
func TestCase129WhatIsYoungIsKept(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		young := w.lived()
		w.now = w.now.Add(200 * day)
		w.mayWrite()
		w.dropper.config = DropConfig{Requests: 365 * day}
		w.dropper.ledger = aged{w.dropper.ledger, w}
		require.Equal(t, access.CodeConflict, access.CodeOf(w.dropper.dropDue(ctx)))
		require.Nil(t, w.events(young.ID)[0].Dropped)
	})
}

// TestDropKeepsRefusedActsForTheirTime: who tries something on a request of long ago is not
// forgotten with it.
func TestDropKeepsRefusedActsForTheirTime(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		old := w.lived()
		w.now = w.now.Add(400 * day)
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: old.ID, Kind: access.EventActRefused, Actor: "mallory"}))
		w.dropper.config = DropConfig{Requests: 365 * day}
		require.NoError(t, w.dropper.dropDue(ctx))
		events := w.events(old.ID)
		require.NotNil(t, events[0].Dropped)
		require.Nil(t, events[len(events)-1].Dropped)
		require.Equal(t, "mallory", events[len(events)-1].Actor)
		_, err := w.reads()
		require.NoError(t, err)
		w.now = w.now.Add(366 * day)
		require.NoError(t, w.dropper.dropDue(ctx))
		events = w.events(old.ID)
		require.NotNil(t, events[len(events)-1].Dropped)
	})
}

// TestCase129BreakGlassIsReviewedBySignature: a review that nobody signed does not let what
// was done with break glass be dropped.
func TestCase129BreakGlassIsReviewedBySignature(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		glass := w.lived()
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: glass.ID, Kind: access.EventGlassBroken, Actor: "alice"}))
		require.NoError(t, w.real.AppendEvent(ctx, access.Event{At: w.now, RequestID: glass.ID, Kind: access.EventGlassReviewed, Actor: "bob"}))
		w.exec(`INSERT INTO statements (request_id, key, envelope) VALUES ('` + glass.ID + `', '` + access.KeyReviewed + `', '{}')`)
		w.now = w.now.Add(400 * day)
		w.dropper.config = DropConfig{Requests: 365 * day}
		require.Equal(t, access.CodeEvidence, access.CodeOf(w.dropper.dropDue(ctx)))
		require.Nil(t, w.events(glass.ID)[0].Dropped)
	})
}

// TestCase129BodyOfLaterKeepsNoReview: a body that says that it was dropped after every
// checkpoint keeps no weekly review from being made; the review says that the log differs.
func TestCase129BodyOfLaterKeepsNoReview(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		asked := w.now
		w.lived()
		w.mayWrite()
		w.exec(`UPDATE events SET removal = 1000000, dropped_at = 1, actor = '', message = '', detail = '{}', idempotency_key = '' WHERE seq = 2`)
		made, _, err := w.reviews.make(t.Context(), review.Period{From: asked.Add(-day), To: asked.Add(day)})
		require.NoError(t, err)
		require.Contains(t, strings.Join(made.Unknown, "\n"), "not those of the log that Ramp signed")
	})
}

// TestCase129RowThatSaysDropped: a row that says that its request was dropped, which no server
// signed, takes the bodies of none of its events away, whatever the request still is.
func TestCase129RowThatSaysDropped(t *testing.T) {
	onEachLedger(t, func(w written) {
		t := w.t
		ctx := t.Context()
		open, pending := w.lived(), w.asked()
		w.exec(`UPDATE grants SET status = 'open' WHERE request_id = '`+open.ID+`'`, `UPDATE requests SET removal = 1, dropped_at = 1`)
		w.now = w.now.Add(400 * day)
		w.dropper.config = DropConfig{Requests: 365 * day}
		require.Equal(t, access.CodeEvidence, access.CodeOf(w.dropper.dropDue(ctx)))
		for _, id := range []string{open.ID, pending.ID} {
			require.Nil(t, w.events(id)[0].Dropped)
		}
		_, err := w.reads()
		require.NoError(t, err)
	})
}
