package worker

import (
	"context"
	"crypto/rand"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/ledger/verified"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/mail"
	chatservice "ramp.dev/ramp/notices/service"
	"ramp.dev/ramp/notices/ticket"
)

// sendNotices sends notices until ctx ends. Every worker that is configured for it does,
// and the ledger keeps them from sending the same.
func (w *Worker) sendNotices(ctx context.Context, c notices.Config, d Deps, events *feed.Feed) {
	w.metrics.registry.MustRegister(notices.Metrics{Ledger: d.Ledger})
	engine := notices.New(c, d.Ledger, signedRequests(&verified.Requests{Ledger: d.Ledger, Keys: d.Keyring, Log: d.Log, Now: clock.Now}), mail.New(c.Mail), d.Log)
	w.background.Go(func() { engine.Run(ctx, events) })
}

// PingNotices asks whether the mail server can be used; nothing is sent.
func (c Config) PingNotices(ctx context.Context) error {
	if !c.Notices.On() {
		return nil
	}
	return mail.New(c.Notices.Mail).Ping(ctx)
}

// PingTickets asks whether Ramp may comment on tickets; no comment is written.
func (c Config) PingTickets(ctx context.Context) error {
	return ticket.New(c.Notices.Tickets).Ping(ctx)
}

// PingChannels reads the addresses of channels of chat services. Nobody is asked: there is
// no way but to write there.
func (c Config) PingChannels(ctx context.Context) error {
	return chatservice.New(c.Notices.Channels).Ping(ctx)
}

// PingRota asks the source by which people on call are mailed whether it can be used.
func (c Config) PingRota(ctx context.Context) error {
	for _, one := range c.Notices.Facts {
		if err := one.Ping(ctx); err != nil {
			return err
		}
	}
	return nil
}

// TestNotice sends a message that says it is a test: to a mail address, to a channel by its
// name, or to a ticket like jira:OPS-42, as a comment.
func (c Config) TestNotice(ctx context.Context, address string) error {
	if !c.Notices.On() {
		return access.Errorf(access.CodeInvalid, "worker.notices is not configured, so nothing can be sent")
	}
	m := channel.Message{ID: "test." + strings.ToLower(rand.Text()), Subject: "[Ramp] A test message",
		Text: "Somebody who runs Ramp tries whether its notices arrive. This one did.\n\n" + c.Notices.Pages + "\n"}
	if system, key, is := strings.Cut(address, ":"); is && chatservice.IsName(system) {
		return ticket.New(c.Notices.Tickets).Send(ctx, ticket.Address(system, key), m)
	}
	if chatservice.IsName(address) {
		return chatservice.New(c.Notices.Channels).Send(ctx, address, m)
	}
	return mail.New(c.Notices.Mail).Send(ctx, address, m)
}

// signedRequests reads requests as they were signed: a notice must say nothing that
// somebody else wrote into the ledger. Of a plan that nobody signed nothing is said but
// that; people who hear of it should look at once.
func signedRequests(v *verified.Requests) notices.Requests {
	return func(ctx context.Context, id string) (access.Request, error) {
		r, err := v.Request(ctx, id)
		if err == nil && r.Plan.Digest == "" {
			return access.Request{ID: id, State: r.State, Contract: "a request", Altered: []string{"its plan is not one that a server signed"}}, nil
		}
		return r, err
	}
}
