// Package splunk sends events to Splunk's HTTP Event Collector with indexer acknowledgement
// (docs.splunk.com, "About HTTP Event Collector Indexer Acknowledgment"): a batch is taken
// when the indexers have written it, not when the collector has received it.
package splunk

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/sinks/poster"
	"ramp.dev/ramp/sinks/sink"
)

// Config is one collector.
type Config struct {
	poster.Config `yaml:",inline"`
	Token         field.Secret `yaml:"token"` // of the collector, with acknowledgement
	Index         string       `yaml:"index,omitempty"`
	SourceType    string       `yaml:"sourceType,omitempty"` // ramp:event if empty
}

const defaultSourceType = "ramp:event"

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) access.Issues {
	issues := c.Config.Validate(at)
	issues.Require(!c.Token.IsZero(), "token_missing", at+".token", "the collector's token is needed: file:PATH or env:NAME")
	return issues
}

// Splunk implements sink.Sink.
type Splunk struct {
	config  Config
	client  *poster.Client
	channel string // the collector counts what it has taken for each
	poll    time.Duration
	within  time.Duration
}

var _ sink.Sink = (*Splunk)(nil)

const (
	pollEvery  = 500 * time.Millisecond
	ackWithin  = 2 * time.Minute
	maxRequest = 512 << 10 // bytes of events in one request; Splunk Cloud takes 1 MiB
)

// Open returns the sink, and calls nothing. Errors are those of poster.Config.Open.
func (c Config) Open() (*Splunk, error) {
	s := &Splunk{config: c, channel: uuid.NewString(), poll: pollEvery, within: ackWithin}
	var err error
	s.client, err = c.Config.Open(func(ctx context.Context, h http.Header) error {
		h.Set("X-Splunk-Request-Channel", s.channel)
		return poster.Header(ctx, h, "Authorization", "Splunk ", c.Token)
	})
	return s, err
}

// Batch implements sink.Sink: an acknowledgement takes the indexers a second or more.
func (s *Splunk) Batch() (int, time.Duration) { return 10_000, 250 * time.Millisecond }

// Ping implements sink.Sink.
func (s *Splunk) Ping(ctx context.Context) error {
	status, body, err := s.client.Call(ctx, http.MethodGet, "/services/collector/health", "", nil)
	if err == nil && status != http.StatusOK {
		err = poster.Refused("the collector is not well", status, body)
	}
	return err
}

// entry is an event as the collector takes it.
type entry struct {
	Time       json.Number      `json:"time"`
	Source     string           `json:"source"`
	SourceType string           `json:"sourcetype"`
	Index      string           `json:"index,omitempty"`
	Event      json.RawMessage  `json:"event"`
	Fields     map[string]int64 `json:"fields"`
}

// Send implements sink.Sink. All requests are made before their acknowledgements are
// waited for.
func (s *Splunk) Send(ctx context.Context, messages []sink.Message) (int, error) {
	var sent []request
	for rest := messages; len(rest) > 0; {
		body, n, err := s.body(rest)
		if err != nil {
			return 0, err
		}
		id, err := s.post(ctx, body)
		if err != nil {
			return 0, err
		}
		rest = rest[n:]
		sent = append(sent, request{id: id, messages: n})
	}
	return s.acknowledged(ctx, sent)
}

// request is one request whose acknowledgement is waited for.
type request struct {
	id       int64
	messages int
}

// body returns as many messages as fit into one request, at least one.
func (s *Splunk) body(messages []sink.Message) (body []byte, n int, err error) {
	kind := s.config.SourceType
	if kind == "" {
		kind = defaultSourceType
	}
	var b bytes.Buffer
	for _, m := range messages {
		e, err := json.Marshal(entry{Time: json.Number(strconv.FormatFloat(float64(m.At.UnixMicro())/1e6, 'f', 6, 64)), Source: "ramp",
			SourceType: kind, Index: s.config.Index, Event: m.Body, Fields: map[string]int64{"seq": m.Seq}})
		if err != nil {
			return nil, 0, err
		}
		if n > 0 && b.Len()+len(e) > maxRequest {
			break
		}
		b.Write(e)
		n++
	}
	return b.Bytes(), n, nil
}

// post sends a request and returns the number under which it is acknowledged.
func (s *Splunk) post(ctx context.Context, body []byte) (int64, error) {
	status, response, err := s.client.Call(ctx, http.MethodPost, "/services/collector/event", "application/json", body)
	if err != nil {
		return 0, err
	}
	var reply struct {
		Code  *int   `json:"code"`
		AckID *int64 `json:"ackId"`
	}
	if status != http.StatusOK {
		return 0, poster.Refused("events were not taken", status, response)
	}
	if strictjson.UnmarshalOpen(response, &reply) != nil || reply.Code == nil || *reply.Code != 0 {
		return 0, access.Errorf(access.CodeUnavailable, "this is not what Splunk's collector returns; is something else at the address?")
	}
	if reply.AckID == nil {
		return 0, access.Errorf(access.CodeInvalid, "the collector's token is without indexer acknowledgement: switch it on for the token, or nobody knows what was lost")
	}
	return *reply.AckID, nil
}

// acknowledged waits until everything is acknowledged, and returns of how many messages
// that is so, counted from the first. What is not acknowledged in time, or cannot be asked
// for, is sent again on another channel: the collector forgets what it has acknowledged,
// and one that was started again never knew it.
func (s *Splunk) acknowledged(ctx context.Context, sent []request) (taken int, err error) {
	pending := map[int64]bool{}
	for _, r := range sent {
		pending[r.id] = true
	}
	late := time.NewTimer(s.within)
	defer late.Stop()
	for {
		if err = s.ask(ctx, pending); err != nil || len(pending) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-late.C:
			err = access.Errorf(access.CodeUnavailable, "the indexers have not acknowledged %d requests within %s", len(pending), s.within)
		case <-time.After(s.poll):
			continue
		}
		break
	}
	if err != nil {
		s.channel = uuid.NewString()
	}
	for _, r := range sent {
		if pending[r.id] {
			break
		}
		taken += r.messages
	}
	return taken, err
}

// ask removes from pending what was acknowledged.
func (s *Splunk) ask(ctx context.Context, pending map[int64]bool) error {
	ids := make([]int64, 0, len(pending))
	for id := range pending {
		ids = append(ids, id)
	}
	body, err := json.Marshal(map[string][]int64{"acks": ids})
	if err != nil {
		return err
	}
	status, response, err := s.client.Call(ctx, http.MethodPost, "/services/collector/ack?channel="+url.QueryEscape(s.channel), "application/json", body)
	if err != nil {
		return err
	}
	var reply struct {
		Acks map[string]bool `json:"acks"`
	}
	if status != http.StatusOK || strictjson.UnmarshalOpen(response, &reply) != nil {
		return poster.Refused("what was indexed is not known", status, response)
	}
	for _, id := range ids {
		if reply.Acks[strconv.FormatInt(id, 10)] {
			delete(pending, id)
		}
	}
	return nil
}
