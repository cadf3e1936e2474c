package app

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// closingLedger has what workers recorded of closings.
type closingLedger interface {
	ClosingsBefore(ctx context.Context, at time.Time) (int64, error)
	Closings(ctx context.Context, after int64, most int) ([]ledger.Closing, error)
	ReopenGrant(ctx context.Context, name string, receipt []byte, at time.Time, why string) (changed bool, err error)
}

// closingWatch reads who closed what is closed. Any worker that the ledger's database and
// Temporal let in can take a closing, look for the grant on a target of its own, and record
// that nothing is left; so a closing counts if a worker whose key is for the grant's target
// has signed it (keys.workers). Another one is undone, and its grant is closed again by the
// target's own workers. Each server looks by itself: two that undo the same undo it once.
type closingWatch struct {
	ledger  closingLedger
	servers evidence.Keyring // whose plans say on which target a grant is
	workers evidence.Keyring // empty: nobody's closing is looked at
	log     logrus.FieldLogger
	now     clock
	after   int64 // the last closing that was looked at
	begun   bool
	left    []ledger.Closing // could not be undone, and hold up no other
}

const (
	closingsEvery = time.Second
	closingsPage  = 200
	// closingsSince is how long before its start a server looks at closings: while it was
	// down another one may have been, or none.
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
	if !w.begun {
		after, err := w.ledger.ClosingsBefore(ctx, w.now().Add(-closingsSince))
		if err != nil {
			return err
		}
		w.after, w.begun = after, true
	}
	var failed []error
	again := w.left
	w.left = nil
	look := func(closings []ledger.Closing) {
		for _, c := range closings {
			if err := w.check(ctx, c); err != nil {
				failed, w.left = append(failed, err), append(w.left, c)
			}
		}
	}
	look(again)
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
			return errors.Join(failed...)
		}
	}
}

// check undoes a closing that does not count.
func (w *closingWatch) check(ctx context.Context, c ledger.Closing) error {
	g, known := w.grant(c)
	if !known {
		return nil
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
// target it is, no column says. Where nobody signed the plan, reading the request is an alarm.
func (w *closingWatch) grant(c ledger.Closing) (g access.PlannedGrant, known bool) {
	signed, err := evidence.ReadEnvelope(c.PlanEnvelope)
	if err != nil {
		return g, false
	}
	plan, err := w.servers.VerifyPlan(signed)
	if err != nil || plan.RequestID != c.RequestID {
		return g, false
	}
	for _, g := range plan.Grants {
		if g.Name == c.Grant {
			return g, true
		}
	}
	return g, false
}

func (w *closingWatch) verify(c ledger.Closing, g access.PlannedGrant) error {
	if len(c.Receipt) == 0 {
		return access.Errorf(access.CodeEvidence, "there is no receipt")
	}
	signed, err := evidence.ReadEnvelope(c.Receipt)
	if err != nil {
		return err
	}
	return w.workers.VerifyClosing(signed, c.RequestID, g)
}
