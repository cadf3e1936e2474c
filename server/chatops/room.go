package chatops

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
)

// Service is the name of Slack in links, events and rows.
const Service = "slack"

// Ledger is what a Room needs of the ledger.
type Ledger interface {
	feed.Cursors
	AddChatAct(ctx context.Context, a ledger.ChatAct) (added bool, err error)
	ClaimChatActs(ctx context.Context, service string, now, until time.Time, limit int) ([]ledger.ChatAct, error)
	CloseChatAct(ctx context.Context, id, outcome string, at time.Time) error
	CloseChatActWithReply(ctx context.Context, outcome string, at time.Time, r ledger.ChatReply) error
	RetryChatAct(ctx context.Context, id, problem string, due time.Time) error
	ClaimChatReplies(ctx context.Context, service string, now, until time.Time, limit int) ([]ledger.ChatReply, error)
	RetryChatReply(ctx context.Context, id, problem string, due time.Time, triedAt *time.Time) error
	ForgetChatReply(ctx context.Context, id string) error
	ForgetChatActs(ctx context.Context, before time.Time) error
	WantChatMessages(ctx context.Context, now time.Time, list ...ledger.ChatMessage) error
	ClaimChatMessage(ctx context.Context, service string, now, until time.Time, every time.Duration) (ledger.ChatMessage, bool, error)
	TryChatMessage(ctx context.Context, id string, tried int64, at time.Time) error
	SentChatMessage(ctx context.Context, m ledger.ChatMessage) error
	RetryChatMessage(ctx context.Context, id, problem string, due time.Time) error
	LateChatMessages(ctx context.Context, service string, before time.Time) ([]ledger.ChatMessage, error)
	AlarmOfChatMessage(ctx context.Context, m ledger.ChatMessage, e access.Event) error
	HoldChat(ctx context.Context, service string, until time.Time) error
	ForgetChatMessages(ctx context.Context, before time.Time) error
	ChatLinkOf(ctx context.Context, service, person string) (ledger.ChatLink, error)
	Timeline(ctx context.Context, id string) (events []access.Event, refusalsLeftOut int, err error)
}

// UseCases are what people do, as package app has it.
type UseCases interface {
	ChatActor(ctx context.Context, u ledger.ChatUser) (access.Actor, error)
	LinkChat(ctx context.Context, u ledger.ChatUser, name, digest string) (ledger.ChatLink, error)
	RefuseChat(ctx context.Context, u ledger.ChatUser, request string, act access.Act, err error) error
	Catalog(ctx context.Context, p access.Person, query string) []contracts.Offer
	Offer(ctx context.Context, p access.Person, name string) (contracts.Offer, error)
	Submit(ctx context.Context, by access.Actor, in access.RequestInput, key string) (access.Request, bool, error)
	Decide(ctx context.Context, by access.Actor, id string, in app.DecisionInput) (access.Request, error)
	Extend(ctx context.Context, by access.Actor, id, more, reason string, from *time.Time) (access.Request, error)
	Cancel(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)
	Release(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)
}

// Config is what a Room works with.
type Config struct {
	Slack    slack.Config
	Bot      chat.Bot // nil: Slack's
	Pages    string   // the URL of Ramp's pages
	App      UseCases
	Ledger   Ledger
	Requests func(ctx context.Context, id string) (access.Request, error) // as they were signed
	Log      logrus.FieldLogger
	Now      func() time.Time // nil: the real clock
	// Every is the pace of calls that write messages, of all servers together; a second
	// if 0.
	Every time.Duration
}

// Room is one workspace of the chat service. Several servers may run one of the same
// workspace. Make one with New, serve its Surface and run it.
type Room struct {
	Config
	// Woken by this process; what other processes wrote down is found by looking.
	newActs, newMessages, newReplies chan struct{}

	outsiders cached[bool] // by place
	forms     chan struct{}
}

const (
	// formsAtOnce bounds the forms that are being opened: each is a call of the service,
	// which somebody waits for.
	formsAtOnce = 50
	formWithin  = 3 * time.Second // then the trigger is over
)

// New returns a Room.
func New(c Config) *Room {
	if c.Bot == nil {
		c.Bot = slack.New(c.Slack)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Every == 0 {
		c.Every = callEvery
	}
	return &Room{Config: c, newActs: make(chan struct{}, 1), newMessages: make(chan struct{}, 1), newReplies: make(chan struct{}, 1), forms: make(chan struct{}, formsAtOnce)}
}

// Run does what people do and keeps messages up to date, until ctx ends.
func (r *Room) Run(ctx context.Context, f *feed.Feed) {
	var running sync.WaitGroup
	running.Go(func() { f.Consume(ctx, r.Ledger, r, feed.FromNow) })
	running.Go(func() { r.doActs(ctx) })
	running.Go(func() { r.sendMessages(ctx) })
	running.Go(func() { r.sendReplies(ctx) })
	running.Go(func() { r.watchUrgent(ctx) })
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

// cached remembers what a service said for a while, and nothing for ever.
type cached[T any] struct {
	mu   sync.Mutex
	said map[string]remembered[T]
}

type remembered[T any] struct {
	value T
	until time.Time
}

const maxCached = 10_000

func (c *cached[T]) get(key string, now time.Time, long time.Duration, ask func() (T, error)) (T, error) {
	c.mu.Lock()
	found, ok := c.said[key]
	c.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.value, nil
	}
	v, err := ask()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == nil || len(c.said) > maxCached {
		c.said = map[string]remembered[T]{}
	}
	c.said[key] = remembered[T]{v, now.Add(long)}
	return v, nil
}
