// Package webhooks tells other programs of every event: CloudEvents 1.0 as JSON
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md),
// signed by the scheme of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
// Events come in order, each at least once, with the same webhook-id for every try; their
// numbers have no gaps, so that a receiver sees one that it missed.
package webhooks

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/feed/envelope"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/neterror"
	"ramp.dev/ramp/ledger"
)

// Hook delivers events to one program. It is a feed.Consumer.
type Hook struct {
	name       string
	config     Config
	http       *http.Client
	requesters envelope.Requesters
	now        func() time.Time
	taken      int64 // the newest event that the program has taken from this process
}

// Log is what webhooks read of the ledger: whose request an event is about.
type Log interface {
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
}

var _ feed.Consumer = (*Hook)(nil)

// Open returns the hook of a configuration that is valid, and calls nothing. Errors are
// of code invalid, or unavailable for a file of authorities that cannot be read.
func Open(name string, c Config, log Log) (*Hook, error) {
	own, err := jsonhttp.Config{CAFile: c.CAFile}.HTTPClient()
	return &Hook{name: name, config: c, http: own, requesters: envelope.Requesters{Log: log}, now: time.Now}, err
}

// Name implements feed.Consumer.
func (h *Hook) Name() string { return CursorName(h.name) }

// CursorName returns the name of a webhook's cursor, by the webhook's name.
func CursorName(name string) string { return "webhook:" + name }

// Handle implements feed.Consumer. Of a batch that was taken in part, the part is not sent
// again by this process.
func (h *Hook) Handle(ctx context.Context, events []access.Event) error {
	for len(events) > 0 && events[0].Seq <= h.taken {
		events = events[1:]
	}
	n, err := h.Send(ctx, events)
	if n > 0 {
		h.taken = events[n-1].Seq
	}
	return err
}

// Send delivers events, and returns how many of them the program has taken, counted from
// the first.
func (h *Hook) Send(ctx context.Context, events []access.Event) (taken int, err error) {
	for _, e := range events {
		if err := h.deliver(ctx, e); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func (h *Hook) deliver(ctx context.Context, e access.Event) error {
	id := strconv.FormatInt(e.Seq, 10)
	o := envelope.Options{Format: h.config.Format, Text: h.config.Text}
	var err error
	if o.Format == envelope.OCSF { // Ramp's own form has no place for it
		if o.Requester, err = h.requesters.Of(ctx, e); err != nil {
			return err
		}
	}
	body, err := envelope.Encode(e, o)
	if err != nil {
		return err
	}
	signers, err := h.config.signers(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.config.URL, bytes.NewReader(body))
	if err != nil {
		return access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	at, messageID := h.now(), "ramp_"+id
	var signatures []string
	for _, s := range signers {
		signature, err := s.Sign(messageID, at, body)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	req.Header = http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}, "User-Agent": {"ramp"}}
	req.Header.Set(standardwebhooks.HeaderWebhookID, messageID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return h.send(req, e.Seq)
}

// maxRead bounds what is read of a response, so that its connection can be used again.
const maxRead = 64 << 10

func (h *Hook) send(req *http.Request, seq int64) error {
	resp, err := h.http.Do(req)
	if err != nil {
		return network(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxRead))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return access.Errorf(access.CodeUnavailable, "event %d was not taken: the program returns %d", seq, resp.StatusCode)
	}
	return nil
}

// network returns an error of the network without the address, which may hold a secret.
func network(err error) error {
	return access.Errorf(access.CodeUnavailable, "the program cannot be reached: %w", neterror.Reason(err))
}
