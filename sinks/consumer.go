package sinks

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/feed/envelope"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/sinks/sink"
)

// Log is what sinks read of the ledger.
type Log interface {
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	LastCheckpoint(ctx context.Context) (signed string, err error)
}

// anchor returns the log's checkpoints that servers with trusted keys have signed.
func anchor(log Log, servers evidence.Keyring) sink.Anchor {
	return func(ctx context.Context) (int64, string, error) {
		signed, err := log.LastCheckpoint(ctx)
		if err != nil {
			return 0, "", err
		}
		c, err := servers.VerifyCheckpoint(signed)
		return c.Size, signed, err
	}
}

// Consumer gives one receiver every event. It is a feed.Consumer.
type Consumer struct {
	name       string
	config     Config
	sink       sink.Sink
	requesters envelope.Requesters
	taken      int64 // the newest event that the receiver has taken from this process
}

var (
	_ feed.Consumer = (*Consumer)(nil)
	_ feed.Batcher  = (*Consumer)(nil)
)

// CursorName returns the name of a sink's cursor, by the sink's name.
func CursorName(name string) string { return "sink:" + name }

// New returns the consumer of a sink whose configuration is valid, and calls nothing.
// servers are the keys of the servers whose checkpoints are kept beside events.
func New(name string, c Config, log Log, servers evidence.Keyring) (*Consumer, error) {
	s, err := c.Open(anchor(log, servers))
	if err != nil {
		return nil, err
	}
	return &Consumer{name: name, config: c, sink: s, requesters: envelope.Requesters{Log: log}}, nil
}

// Name implements feed.Consumer.
func (c *Consumer) Name() string { return CursorName(c.name) }

// From is where the sink begins that has never run.
func (c *Consumer) From() feed.Start { return c.config.From() }

// Batch implements feed.Batcher.
func (c *Consumer) Batch() (int, time.Duration) { return c.sink.Batch() }

// Handle implements feed.Consumer. Of a batch that was taken in part, the part is not sent
// again by this process.
func (c *Consumer) Handle(ctx context.Context, events []access.Event) error {
	for len(events) > 0 && events[0].Seq <= c.taken {
		events = events[1:]
	}
	if len(events) == 0 {
		return nil
	}
	taken, err := c.Send(ctx, events)
	if taken > 0 {
		c.taken = events[taken-1].Seq
	}
	return err
}

// Send is a Sender.
func (c *Consumer) Send(ctx context.Context, events []access.Event) (taken int, err error) {
	messages := make([]sink.Message, 0, len(events))
	for _, e := range events {
		o := envelope.Options{Format: c.config.format(), Text: c.config.Text}
		if o.Requester, err = c.requesters.Of(ctx, e); err != nil {
			return 0, err
		}
		body, err := envelope.Encode(e, o)
		if err != nil {
			return 0, err
		}
		messages = append(messages, sink.Message{Seq: e.Seq, At: e.At, Kind: e.Kind, RequestID: e.RequestID, Severity: sink.SeverityOf(e.Kind), Body: body})
	}
	taken, err = c.sink.Send(ctx, messages)
	if err == nil && taken != len(messages) {
		err = access.Errorf(access.CodeInternal, "the sink has taken %d of %d events and says that nothing is wrong", taken, len(messages))
	}
	return taken, err
}
