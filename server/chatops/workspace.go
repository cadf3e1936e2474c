package chatops

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
)

// Ledger is what a Workspace needs of the ledger.
type Ledger interface {
	feed.Cursors
	AddExternalAct(ctx context.Context, a ledger.ExternalAct) (added bool, err error)
	ClaimExternalActs(ctx context.Context, service string, now, until time.Time, limit int) ([]ledger.ExternalAct, error)
	CloseExternalAct(ctx context.Context, id, outcome string, at time.Time) error
	CloseExternalActWithReply(ctx context.Context, outcome string, at time.Time, r ledger.ChatReply) error
	RetryExternalAct(ctx context.Context, id, problem string, due time.Time) error
	ClaimChatReplies(ctx context.Context, service string, now, until time.Time, limit int) ([]ledger.ChatReply, error)
	RetryChatReply(ctx context.Context, id, problem string, due time.Time, triedAt *time.Time) error
	ForgetChatReply(ctx context.Context, id string) error
	ForgetExternalActs(ctx context.Context, service string, before time.Time) error
	WantChatMessages(ctx context.Context, now time.Time, list ...ledger.ChatMessage) error
	ClaimChatMessage(ctx context.Context, service string, now, until time.Time, every time.Duration) (ledger.ChatMessage, bool, error)
	TryChatMessage(ctx context.Context, id string, tried int64, at time.Time) error
	SentChatMessage(ctx context.Context, m ledger.ChatMessage) error
	RetryChatMessage(ctx context.Context, id, problem string, due time.Time) error
	LateChatMessages(ctx context.Context, service string, before time.Time) ([]ledger.ChatMessage, error)
	AlarmOfChatMessage(ctx context.Context, m ledger.ChatMessage, e access.Event) error
	HoldChat(ctx context.Context, service string, until time.Time) error
	ForgetChatMessages(ctx context.Context, before time.Time) error
	ExternalLinkOf(ctx context.Context, service, person string) (ledger.ExternalLink, error)
	NoticeChoices(ctx context.Context, idsAndAddresses ...string) (map[string]access.NoticeChoice, error)
	Timeline(ctx context.Context, id string) (events []access.Event, refusalsLeftOut int, err error)
}

// UseCases are what people do, as package app has it.
type UseCases interface {
	ExternalActor(ctx context.Context, u ledger.ExternalUser) (access.Actor, error)
	LinkExternalUser(ctx context.Context, u ledger.ExternalUser, name, digest string) (ledger.ExternalLink, error)
	RefuseExternal(ctx context.Context, u ledger.ExternalUser, request string, act access.Act, err error) error
	Catalog(ctx context.Context, p access.Person, query string) []contracts.Offer
	Offer(ctx context.Context, p access.Person, name string) (contracts.Offer, error)
	Submit(ctx context.Context, by access.Actor, in access.RequestInput, key string) (access.Request, bool, error)
	Decide(ctx context.Context, by access.Actor, id string, in app.DecisionInput) (access.Request, error)
	Extend(ctx context.Context, by access.Actor, id, more, reason string, from *time.Time) (access.Request, error)
	Cancel(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)
	Release(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)
}

// Config is what a Workspace works with.
type Config struct {
	Service  chat.Service
	Channel  func(contract string) string // where the approvers of a contract's requests are
	Reasons  bool                         // what people wrote is in messages too
	Pages    string                       // the URL of Ramp's pages
	App      UseCases
	Ledger   Ledger
	Requests func(ctx context.Context, id string) (access.Request, error) // as they were signed
	Log      logrus.FieldLogger
	Now      func() time.Time // nil: the real clock
	// Every is the pace of calls that write messages, of all servers together; a second
	// if 0.
	Every time.Duration
}

// Workspace is one workspace of the chat service. Several servers may run one of the same
// workspace. Make one with New, serve its Surface and run it.
type Workspace struct {
	Config
	// Woken by this process; what other processes wrote down is found by looking.
	newActs, newMessages, newReplies chan struct{}

	outsiders outsiders
	connected atomic.Bool // to a service that Listens
	forms     chan struct{}
}

const (
	// formsAtOnce bounds the forms that are being opened: each is a call of the service,
	// which somebody waits for.
	formsAtOnce = 50
	formWithin  = 3 * time.Second // then the trigger is over
)

// New returns a Workspace.
func New(c Config) *Workspace {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Every == 0 {
		c.Every = callEvery
	}
	return &Workspace{Config: c, newActs: make(chan struct{}, 1), newMessages: make(chan struct{}, 1), newReplies: make(chan struct{}, 1), forms: make(chan struct{}, formsAtOnce)}
}

// Run does what people do and keeps messages up to date, until ctx ends.
func (w *Workspace) Run(ctx context.Context, f *feed.Feed) {
	var running sync.WaitGroup
	running.Go(func() { f.Consume(ctx, w.Ledger, w, feed.FromNow) })
	running.Go(func() { w.doActs(ctx) })
	running.Go(func() { w.sendMessages(ctx) })
	running.Go(func() { w.sendReplies(ctx) })
	running.Go(func() { w.watchUrgent(ctx) })
	if w.Service.Listens() {
		running.Go(func() { w.listen(ctx) })
	}
	running.Wait()
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait returns when there may be something to do, or ctx has ended.
func wait(ctx context.Context, c chan struct{}, most time.Duration) {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-c:
	case <-t.C:
	}
}

// outsiders remembers for a while, and nothing for ever, which conversations people of
// other workspaces read.
type outsiders struct {
	mu    sync.Mutex
	known map[string]outsidersIn // by conversation
}

type outsidersIn struct {
	some  bool
	until time.Time
}

const maxConversations = 10_000

func (o *outsiders) in(conversation string, now time.Time, ask func() (bool, error)) (bool, error) {
	o.mu.Lock()
	found, ok := o.known[conversation]
	o.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.some, nil
	}
	some, err := ask()
	if err != nil {
		return some, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil || len(o.known) > maxConversations {
		o.known = map[string]outsidersIn{}
	}
	o.known[conversation] = outsidersIn{some, now.Add(sharedFor)}
	return some, nil
}
