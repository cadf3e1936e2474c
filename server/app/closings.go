package app

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

// closingLedger has what workers recorded of closings, and how far servers have looked at it.
type closingLedger interface {
	feed.Cursors
	LastSeq(ctx context.Context) (int64, error)
	ClosingsBefore(ctx context.Context, at time.Time) (int64, error)
	Closings(ctx context.Context, after int64, most int) ([]ledger.Closing, error)
	ReopenGrant(ctx context.Context, name string, receipt []byte, at time.Time, why string) (changed bool, err error)
}

// closingWatch reads who closed what is closed. Any worker that the ledger's database and
// Temporal let in can take a closing, look for the grant on a target of its own, and record
// that nothing is left; so a closing counts if a worker whose key is for the grant's target
// has signed it (keys.workers). Another one is undone, and its grant is closed again by the
// target's own workers. Each server looks by itself: two that undo the same undo it once.
//
// How far servers have looked is a cursor in the ledger, by the events' own numbers: what was
// recorded while no server ran is looked at by the next one, however long that takes and
// whatever time its worker wrote into it. A server that runs does not go by the cursor, as
// other readers of the log do, but by what it has looked at itself: whoever owns the database
// can move a cursor.
type closingWatch struct {
	ledger  closingLedger
	servers evidence.Keyring // whose plans say on which target a grant is
	workers evidence.Keyring // empty: nobody's closing is looked at
	log     logrus.FieldLogger
	now     clock
	after   int64 // the last event up to which this server has looked
	cursor  int64 // where this server has last put the cursor, or found it
	begun   bool
	from    int64 // the event after which this server began
	// undecided are closings that could not be judged or undone, by number, since when. They
	// hold up no other.
	undecided map[int64]time.Time
}

const (
	closingsEvery = time.Second
	closingsPage  = 200
	// closingsCursor is the name of the cursor.
	closingsCursor = "closings"
	// closingsSince is how long before its start a server looks at closings whatever the
	// cursor says, which somebody may have moved; and where there is none yet. What is older
	// then was never to be looked at, and the keys that signed it may have been taken out.
	closingsSince = time.Hour
)

// CheckClosings works until ctx ends.
func (w *closingWatch) CheckClosings(ctx context.Context) {
	if w.workers.Empty() {
		return
	}
	repeat(ctx, closingsEvery, func() {
		if err := w.checkOnce(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Warn("who closed what is closed cannot be checked; it is tried again")
		}
	})
}

// checkOnce looks at all closings since the last look. What could not be undone is looked at
// again, and holds up nothing: whoever writes a receipt that no error text can be recorded of,
// or that the database refuses, would otherwise have all later closings count.
func (w *closingWatch) checkOnce(ctx context.Context) error {
	if err := w.openCursor(ctx); err != nil {
		return err
	}
	err := w.lookOn(ctx)
	return errors.Join(err, w.moveCursor(ctx, err))
}

// openCursor finds where to look from.
func (w *closingWatch) openCursor(ctx context.Context) error {
	if w.begun {
		return nil
	}
	lately, err := w.ledger.ClosingsBefore(ctx, w.now().Add(-closingsSince))
	if err != nil {
		return err
	}
	w.cursor, err = w.ledger.OpenCursor(ctx, closingsCursor, lately, w.now())
	if err != nil {
		return err
	}
	w.after, w.begun, w.undecided = min(w.cursor, lately), true, map[int64]time.Time{}
	w.from = w.after
	return nil
}

func (w *closingWatch) lookOn(ctx context.Context) error {
	last, err := w.ledger.LastSeq(ctx)
	if err != nil {
		return err
	}
	if last < w.after {
		// Somebody made the log longer for a moment. Otherwise this server would look at
		// nothing until the log is that long.
		w.log.WithFields(logrus.Fields{"log": last, "looked": w.after}).Error("the ledger's log is shorter than it was: somebody has changed its tables; all closings since this server began are looked at again")
		w.after = w.from
	}
	var failed []error
	for seq, since := range w.undecided {
		page, err := w.ledger.Closings(ctx, seq-1, 1)
		if err == nil && (len(page) == 0 || page[0].Seq != seq) {
			err = access.Errorf(access.CodeEvidence, "event %d recorded a closing, and cannot be read as one any more", seq)
		}
		if err == nil {
			err = w.check(ctx, page[0])
		}
		switch {
		case err == nil:
			delete(w.undecided, seq)
		case access.CodeOf(err) == access.CodeEvidence && w.now().Sub(since) > closingsSince:
			w.log.WithError(err).Error("who recorded a closing could not be found out for an hour, and it counts")
			delete(w.undecided, seq)
		default:
			failed = append(failed, err)
		}
	}
	look := func(closings []ledger.Closing) {
		for _, c := range closings {
			if err := w.check(ctx, c); err != nil {
				failed, w.undecided[c.Seq] = append(failed, err), w.now()
			}
		}
	}
	for {
		page, err := w.ledger.Closings(ctx, w.after, closingsPage)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		look(page)
		if len(page) > 0 {
			w.after = page[len(page)-1].Seq
		}
		if len(page) < closingsPage {
			w.after = max(w.after, last) // the log's end before this page was read: no closing is between
			return errors.Join(failed...)
		}
	}
}

// moveCursor moves the cursor to before the first closing that is still to be undone, so that the
// next server looks at that one as well, and records why it could not be.
func (w *closingWatch) moveCursor(ctx context.Context, failed error) error {
	to := w.after
	for seq := range w.undecided {
		to = min(to, seq-1)
	}
	if to > w.cursor {
		kept, err := w.ledger.MoveCursor(ctx, closingsCursor, to, w.now())
		if access.CodeOf(err) == access.CodeNotFound { // somebody has deleted it
			kept, err = w.ledger.OpenCursor(ctx, closingsCursor, to, w.now())
		}
		if err != nil {
			return err
		}
		w.cursor = kept
	}
	if failed == nil {
		return nil
	}
	return w.ledger.FailCursor(ctx, closingsCursor, w.cursor, w.now(), access.Clip(access.TargetReason(failed), 500))
}

// check undoes a closing that does not count.
func (w *closingWatch) check(ctx context.Context, c ledger.Closing) error {
	g, err := w.grant(c)
	if err != nil {
		return err
	}
	counts := w.verify(c, g)
	if counts == nil {
		return nil
	}
	why := "Its closing on " + access.Clip(g.Target, 60) + " does not count, since no worker whose key is for that target has signed it (" + access.Clip(access.TargetReason(counts), 200) + "). It is closed again."
	undone, err := w.ledger.ReopenGrant(ctx, g.Name, c.Receipt, w.now(), why)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil // the ledger has no such grant
	}
	if err == nil && undone {
		w.log.WithFields(logrus.Fields{"request": c.RequestID, "grant": g.Name, "target": g.Target}).
			Error("a closing was recorded by somebody whose key is not for the target; it is undone, and the grant is closed again")
	}
	return err
}

// grant returns the grant that a closing is about, by the plan that a server signed: on which
// target it is, no column says. Errors are of code evidence, such as where somebody changed the
// plan for the moment in which a server looks; it is looked at again.
func (w *closingWatch) grant(c ledger.Closing) (g access.PlannedGrant, err error) {
	signed, err := evidence.ReadEnvelope(c.PlanEnvelope)
	if err != nil {
		return g, err
	}
	plan, err := w.servers.VerifyPlan(signed)
	if err != nil {
		return g, err
	}
	for _, g := range plan.Grants {
		if plan.RequestID == c.RequestID && g.Name == c.Grant {
			return g, nil
		}
	}
	return g, access.Errorf(access.CodeEvidence, "event %d records that %s was closed, which is not in the plan of its request", c.Seq, access.Clip(c.Grant, 60))
}

func (w *closingWatch) verify(c ledger.Closing, g access.PlannedGrant) error {
	if len(c.Receipt) == 0 {
		return access.Errorf(access.CodeEvidence, "there is no receipt")
	}
	signed, err := evidence.ReadEnvelope(c.Receipt)
	if err != nil {
		return err
	}
	return w.workers.VerifyClosing(signed, c.RequestID, g, c.Begun)
}
