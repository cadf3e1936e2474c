package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/ticket"
)

// Ledger is what an Engine needs of the ledger.
type Ledger interface {
	feed.Cursors
	Directory
	AddNotices(ctx context.Context, notices ...ledger.Notice) error
	ClaimNotices(ctx context.Context, now, until time.Time, limit int) ([]ledger.Notice, error)
	CloseNotice(ctx context.Context, id string, outcome ledger.NoticeOutcome, problem string, at time.Time) error
	RetryNotice(ctx context.Context, id, problem string, due time.Time) error
	ForgetNotices(ctx context.Context, before time.Time) error
	AppendEvent(ctx context.Context, e access.Event) error
}

// Requests reads a request as it was signed: what the ledger says otherwise is in
// Altered.
type Requests func(ctx context.Context, id string) (access.Request, error)

// Engine decides who hears of events, and sends notices. Make one with New.
type Engine struct {
	config   Config
	ledger   Ledger
	requests Requests
	channels map[string]channel.Channel
	log      logrus.FieldLogger
	now      func() time.Time
	wake     chan struct{}
}

// Name is the name of the cursor that says how far notices have got.
const Name = "notices"

// mailChannel is the name of the channel that reaches people.
const mailChannel = "mail"

// New returns an Engine that sends through mail, and comments on tickets.
func New(c Config, l Ledger, r Requests, mail channel.Channel, log logrus.FieldLogger) *Engine {
	channels := map[string]channel.Channel{mailChannel: mail, ticketChannel: ticket.New(c.Tickets)}
	return &Engine{config: c, ledger: l, requests: r, channels: channels, log: log, now: time.Now, wake: make(chan struct{}, 1)}
}

const (
	lookEvery = 5 * time.Second // for notices that are due again
	// claimFor is how long a notice is one process's: longer than it takes to send all that
	// are claimed together, so that it is sent by one.
	claimFor = 2 * time.Minute
	// sendWithin bounds one try, and finishWithin one that is under way when the process
	// stops, within what a worker gives its activities.
	sendWithin   = 30 * time.Second
	finishWithin = 5 * time.Second
	atOnce       = 20 // how many notices are claimed together
	parallel     = 10
	staleTime    = 24 * time.Hour // what is older when it is read tells nobody anything new
	// alarmAfter is how long an urgent notice may fail before that is an event.
	alarmAfter   = time.Minute
	giveUp       = 24 * time.Hour
	giveUpUrgent = 7 * 24 * time.Hour
	giveUpRefuse = time.Hour // a refusal may be a mistake in the service's configuration
	keep         = 7 * 24 * time.Hour
)

// Run decides and sends until ctx ends. Several processes may run at once: each event is
// written down once, and each notice is one process's at a time. It needs no Temporal,
// so that nobody who may write to its namespace keeps a notice of break glass back.
func (e *Engine) Run(ctx context.Context, f *feed.Feed) {
	var consuming sync.WaitGroup
	consuming.Go(func() { f.Consume(ctx, e.ledger, e, feed.FromNow) })
	defer consuming.Wait()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	forgot := time.Time{}
	for failing := false; ; {
		_, failed, err := e.send(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			e.log.WithError(err).Error("notices cannot be sent at the moment; it is tried again")
		}
		failing = err != nil
		if failed > 0 {
			e.log.WithField("notices", failed).Warn("notices were not taken; they are tried again")
		}
		if now := e.now(); now.Sub(forgot) > time.Hour {
			forgot = now
			if err := e.ledger.ForgetNotices(ctx, now.Add(-keep)); err != nil {
				e.log.WithError(err).Warn("notices that were sent could not be deleted; it is tried again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.wake:
		}
	}
}

// Name implements feed.Consumer.
func (e *Engine) Name() string { return Name }

// Handle implements feed.Consumer: it writes down who hears of events.
func (e *Engine) Handle(ctx context.Context, events []access.Event) error {
	added := false
	for _, ev := range events {
		if ev.RequestID == "" || e.now().Sub(ev.At) > staleTime && !ev.Kind.Urgent() {
			continue
		}
		n, err := e.handle(ctx, ev)
		if err != nil {
			return err
		}
		added = added || n > 0
	}
	if added {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (e *Engine) handle(ctx context.Context, ev access.Event) (int, error) {
	if !ev.Kind.Noticeable() {
		return 0, nil
	}
	r, err := e.requests(ctx, ev.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	to, err := e.config.resolve(ctx, e.ledger, decide(ev, r, e.config.Alarms), r.Requester)
	if err != nil {
		return 0, err
	}
	kind, now := ev.Kind, e.now().UTC()
	due := now
	if !kind.Urgent() {
		if due, err = e.config.Quiet.until(now); err != nil {
			return 0, err
		}
	}
	var list []ledger.Notice
	for _, a := range to {
		list = append(list, ledger.Notice{ID: noticeID(a, ev), Seq: ev.Seq, RequestID: ev.RequestID, Kind: a.of, Channel: mailChannel,
			Address: a.address, Why: a.why, Urgent: kind.Urgent(), CreatedAt: now, DueAt: due})
	}
	list = append(list, e.config.comment(ev, r, now)...)
	for _, later := range []func(context.Context, access.Event, access.Request, time.Time) ([]ledger.Notice, error){e.reminders, e.escalations} {
		more, err := later(ctx, ev, r, now)
		if err != nil {
			return 0, err
		}
		list = append(list, more...)
	}
	if ev.Kind == access.EventGlassBroken && !slices.ContainsFunc(to, func(a addressed) bool { return a.why == whyReviewer }) {
		// Those who watch alarms hear of it, and of this.
		if err := e.alarm(ctx, ev.RequestID, "of reviewers", kind, "nobody who may review it has an address here", now); err != nil {
			return 0, err
		}
	}
	return len(list), e.ledger.AddNotices(ctx, list...)
}

// noticeID is the same whenever an event is handled again. That something waits to be
// decided is told to each address once in a request, and once in each extension.
func noticeID(a addressed, ev access.Event) string {
	about := fmt.Sprint(ev.Seq)
	if a.of == access.EventRequestCreated && a.why == whyApprover {
		about = "waits"
	}
	if a.of == access.EventExtensionAsked && a.why == whyApprover {
		about = "waits " + ev.Detail["orderDigest"]
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{ev.RequestID, about, mailChannel, strings.ToLower(a.address)}, "\n")))
	return hex.EncodeToString(sum[:16])
}

// idOfNotice is what noticeID returns. It goes into a header.
var idOfNotice = regexp.MustCompile(`^[0-9a-f]{32}$`)

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
	r, err := e.requests(ctx, n.RequestID)
	if err != nil {
		return false, err
	}
	if n.Channel == ticketChannel {
		return e.onTicket(ctx, n, r)
	}
	if moot(n.Kind, n.Why, r) || n.Why == whyEnds && !endsSoon(r, e.now()) {
		return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeMoot, "", e.now().UTC())
	}
	through, known := e.channels[n.Channel]
	hears, err := e.config.hears(ctx, e.ledger, n, r)
	if err != nil {
		return false, err
	}
	n.Urgent = n.Kind.Urgent()
	if !known || !hears || !idOfNotice.MatchString(n.ID) {
		return false, e.refuse(ctx, n)
	}
	return e.through(ctx, through, n, e.config.compose(n, r))
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
