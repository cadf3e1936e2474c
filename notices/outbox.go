package notices

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
)

// send sends what is due, and returns how many were done with, and how many are tried
// again.
func (e *Engine) send(ctx context.Context) (sent, failed int, err error) {
	for {
		now := e.now().UTC()
		list, err := e.ledger.ClaimNotices(ctx, now, now.Add(claimFor), atOnce)
		if err != nil {
			return sent, failed, err
		}
		var mu sync.Mutex
		var errs []error
		var sending sync.WaitGroup
		for some := range slices.Chunk(list, parallel) {
			for _, n := range some {
				sending.Go(func() {
					ok, err := e.one(ctx, n)
					mu.Lock()
					defer mu.Unlock()
					if ok {
						sent++
					} else {
						failed++
					}
					errs = append(errs, err)
				})
			}
			sending.Wait()
		}
		if err := errors.Join(errs...); err != nil {
			return sent, failed, err
		}
		if len(list) < atOnce || ctx.Err() != nil {
			return sent, failed, nil
		}
	}
}

// one sends one notice, and writes down what became of it.
func (e *Engine) one(ctx context.Context, n ledger.Notice) (sent bool, err error) {
	if n.Kind == access.EventReviewMade {
		return e.oneReview(ctx, n)
	}
	if concernsNoRequest(n.Kind, n.RequestID) {
		return e.oneAlone(ctx, n)
	}
	r, err := e.requests(ctx, n.RequestID)
	if err != nil {
		return false, err
	}
	if n.Channel == ticketChannel {
		return e.onTicket(ctx, n, r)
	}
	if moot(n.Kind, n.Why, r) || endsWhy(n.Why) && !endsSoon(r, e.now()) {
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeMoot, "", e.now().UTC())
	}
	if n.Channel == onCallChannel {
		if over, err := e.overtaken(ctx, n, r); err != nil {
			return false, err
		} else if !over {
			return e.toOnCall(ctx, n, r)
		}
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeMoot, "", e.now().UTC())
	}
	through, known := e.channels[n.Channel]
	to, hears, err := e.resolver().hears(ctx, n, r)
	n.Urgent = n.Kind.Urgent()
	if errors.Is(err, errRota) {
		return false, e.failed(ctx, n, err, e.now().UTC())
	}
	if err != nil {
		return false, err
	}
	if mayHandOver(n.Why) && !hears || hears && to.muted { // another is on call now, or they want to hear of it no more
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeMoot, "", e.now().UTC())
	}
	if !known || !hears || !idOfNotice.MatchString(n.ID) {
		return false, e.refuse(ctx, n)
	}
	if over, err := e.overtaken(ctx, n, r); err != nil {
		return false, err
	} else if over {
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeMoot, "", e.now().UTC())
	}
	m := e.config.compose(n, r, e.config.zone(to.zone))
	if n.Channel == serviceChannel {
		m = e.config.composeShared(n, r)
	}
	return e.through(ctx, through, n, m)
}

// overtaken reports whether a notice that asks for a decision comes when its stage is met,
// or one that says that nothing is left to decide when it waits again.
func (e *Engine) overtaken(ctx context.Context, n ledger.Notice, r access.Request) (bool, error) {
	asks := n.Why == whyApprover || n.Why == whyOnCall
	closes := n.Why == whyHandled && (n.Kind == access.EventDecisionRecorded || n.Kind == access.EventExtensionDecided)
	if !asks && !closes {
		return false, nil
	}
	waits, err := e.waits(ctx, n, "", r)
	return waits == closes, err
}

// mayHandOver reports whether who hears for a reason may be somebody else by now, since
// they are on call.
func mayHandOver(why string) bool {
	return why == whyOnCall || why == whyEscalated || why == whyHandled
}

// onTicket writes a comment. What it says is not moot once more has happened: the ticket
// tells what happened when.
func (e *Engine) onTicket(ctx context.Context, n ledger.Notice, r access.Request) (sent bool, err error) {
	if !e.config.isComment(n, r) {
		return false, e.refuse(ctx, n)
	}
	n.Urgent = false // a ticket is no one who must hear at once
	return e.through(ctx, e.channels[ticketChannel], n, e.config.composeComment(n, r))
}

// through sends a message, and writes down what became of it.
func (e *Engine) through(ctx context.Context, c channel.Channel, n ledger.Notice, m channel.Message) (sent bool, err error) {
	sending, done := finishing(ctx)
	err = c.Send(sending, n.Address, m)
	done()
	// What the service has is written down also when this process is stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := e.now().UTC()
	if err == nil {
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeSent, "", now)
	}
	return false, e.failed(ctx, n, err, now)
}

// refuse gives up a notice that nobody of its address is to have: their address changed,
// they left, or somebody else than Ramp wrote it. Of what must not be missed that is an
// alarm.
func (e *Engine) refuse(ctx context.Context, n ledger.Notice) error {
	const why = "nobody who is to hear of it has the address that was written down"
	now := e.now().UTC()
	e.log.WithFields(logrus.Fields{"request": n.RequestID, "kind": n.Kind}).Error("a notice is not sent: " + why)
	if n.Urgent {
		if err := e.alarm(ctx, n.RequestID, n.ID, n.Kind, why, now); err != nil {
			return err
		}
	}
	return e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeGivenUp, why, now)
}

// finishing returns a context that lasts a little longer than ctx, so that a process
// that stops does not break off what it is just saying, and say it again later.
func finishing(ctx context.Context) (context.Context, func()) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-longer.Done():
		case <-time.After(finishWithin):
			cancel()
		}
	})
	return longer, func() { stop(); cancel() }
}

// failed decides when a notice is tried again, and whether that it fails is an alarm.
func (e *Engine) failed(ctx context.Context, n ledger.Notice, why error, now time.Time) error {
	problem := access.Clip(why.Error(), 300)
	e.log.WithError(why).WithFields(logrus.Fields{"request": n.RequestID, "kind": n.Kind, "channel": n.Channel, "tries": n.Tries}).Error("a notice could not be sent")
	age, most := now.Sub(n.CreatedAt), giveUp
	switch {
	case channel.IsRefused(why):
		most = giveUpRefuse
	case n.Urgent:
		most = giveUpUrgent
	}
	if n.Urgent && (age >= alarmAfter || channel.IsRefused(why)) {
		if err := e.alarm(ctx, n.RequestID, n.ID, n.Kind, n.Channel+" did not take it: "+n.Why, now); err != nil {
			return err
		}
	}
	if age >= most {
		return e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeGivenUp, problem, now)
	}
	return e.ledger.RetryNotice(ctx, n.ID, problem, now.Add(max(pause(n), access.RetryAfterOf(why))))
}

// alarm records that somebody who must hear of something did not, once for each
// notice. It names no address: events are for ever.
func (e *Engine) alarm(ctx context.Context, request, notice string, kind access.EventKind, why string, now time.Time) error {
	if kind == access.EventNoticeUndelivered {
		return nil // that nobody heard that nobody heard would go on for ever
	}
	return e.ledger.AppendEvent(ctx, access.UndeliveredAlarm(request, kind, why, notice, now))
}

// pause grows with each try.
func pause(n ledger.Notice) time.Duration {
	first, most := 15*time.Second, 15*time.Minute
	if n.Urgent {
		first, most = 5*time.Second, time.Minute
	}
	return min(most, first<<min(max(n.Tries-1, 0), 10))
}
