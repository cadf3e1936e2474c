package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/service"
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
	SentNotices(ctx context.Context, request string, kind access.EventKind) ([]ledger.Notice, error)
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	LastExternalLink(ctx context.Context, u ledger.ExternalUser) (link ledger.ExternalLink, linked bool, err error)
	ReviewUntil(ctx context.Context, until time.Time) (ledger.KeptReview, access.Event, error)
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
	rota     Rota // nil: nobody knows who is on call
	log      logrus.FieldLogger
	now      func() time.Time
	wake     chan struct{}
}

// Name is the name of the cursor that says how far notices have got.
const Name = "notices"

// The names of the channels in the outbox. A service's address there is the name that the
// configuration has for it.
const (
	mailChannel    = access.NoticeMail
	serviceChannel = "service"
)

// New returns an Engine that sends through mail and the configured services, and comments
// on tickets.
func New(c Config, l Ledger, r Requests, mail channel.Channel, log logrus.FieldLogger) *Engine {
	channels := map[string]channel.Channel{mailChannel: mail, ticketChannel: ticket.New(c.Tickets), serviceChannel: service.New(c.Channels)}
	e := &Engine{config: c, ledger: l, requests: r, channels: channels, log: log, now: time.Now, wake: make(chan struct{}, 1)}
	if len(c.Facts) > 0 {
		e.rota = facts.New(c.Facts, log, nil)
	}
	return e
}

func (e *Engine) resolver() resolver { return resolver{e.config, e.ledger, e.rota, e.now} }

// look has Run look for notices that are due.
func (e *Engine) look() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
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
	staleTime    = 24 * time.Hour     // what is older when it is read tells nobody anything new
	reviewStale  = 7 * 24 * time.Hour // the time of a review is the end of its week
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
		handle := e.handle
		if ev.Kind == access.EventReviewMade {
			handle = e.handleReview
		} else if concernsNoRequest(ev.Kind, ev.RequestID) {
			handle = e.handleAlone
		} else if ev.RequestID == "" || e.now().Sub(ev.At) > staleTime && !ev.Kind.Urgent() {
			continue
		}
		n, err := handle(ctx, ev)
		if err != nil {
			return err
		}
		added = added || n > 0
	}
	if added {
		e.look()
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
	hearers := decide(ev, r, e.config.Alarms)
	to, err := e.resolver().resolve(ctx, hearers, r.Requester)
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
		if a.muted {
			continue
		}
		list = append(list, ledger.Notice{ID: noticeID(a, ev), Seq: ev.Seq, RequestID: ev.RequestID, Kind: a.of, Channel: a.channel,
			Address: a.address, Why: a.why, Urgent: kind.Urgent(), CreatedAt: now, DueAt: due})
	}
	for _, h := range hearers {
		if err := e.unknownChannel(ctx, h, ev, now); err != nil {
			return 0, err
		}
	}
	list = append(list, e.config.comment(ev, r, now)...)
	for _, later := range []func(context.Context, access.Event, access.Request, time.Time) ([]ledger.Notice, error){e.reminders, e.escalations, e.handled} {
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

// unknownChannel reports a channel that a contract names and no configuration has here. Of
// what must not be missed that is an alarm.
func (e *Engine) unknownChannel(ctx context.Context, h hearer, ev access.Event, now time.Time) error {
	if _, is := e.config.Channels[h.Channel]; h.Channel == "" || is {
		return nil
	}
	e.log.WithFields(logrus.Fields{"request": ev.RequestID, "kind": ev.Kind, "channel": h.Channel}).Error("a contract names a channel that worker.notices.channels does not have; nothing is sent there")
	if !ev.Kind.Urgent() {
		return nil
	}
	return e.alarm(ctx, ev.RequestID, fmt.Sprintf("of channel %s, event %d", h.Channel, ev.Seq), ev.Kind, "no channel "+h.Channel+" is configured here", now)
}

// noticeID is the same whenever an event is handled again. That something waits to be
// decided is told to each address once in a request, and once in each extension; again when
// an approval no longer counts, since some may know that nothing was left for them.
func noticeID(a addressed, ev access.Event) string {
	about := fmt.Sprint(ev.Seq)
	if asked := a.why == whyApprover || a.why == whyOnCall; asked && a.of == access.EventRequestCreated {
		about = "waits"
		if ev.Kind == access.EventDecisionInvalidated {
			about += fmt.Sprint(" again ", ev.Seq)
		}
	} else if asked && a.of == access.EventExtensionAsked {
		about = "waits " + ev.Detail["orderDigest"]
	}
	return rowID(ev.RequestID, about, a)
}

// rowID is the id of a row about something, to one address.
func rowID(request, about string, a addressed) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{request, about, a.channel, strings.ToLower(a.address)}, "\n")))
	return hex.EncodeToString(sum[:16])
}

// idOfNotice is what noticeID returns. It goes into a header.
var idOfNotice = regexp.MustCompile(`^[0-9a-f]{32}$`)
