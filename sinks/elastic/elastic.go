// Package elastic sends events to Elasticsearch or OpenSearch by their bulk API. An event's
// number is its document's id, so that one that is sent again makes no second document.
package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/sinks/poster"
	"ramp.dev/ramp/sinks/sink"
)

// Config is one index or data stream.
type Config struct {
	poster.Config `yaml:",inline"`
	Index         string       `yaml:"index,omitempty"`    // an index, alias or data stream: ramp-events
	APIKey        field.Secret `yaml:"apiKey,omitempty"`   // Elasticsearch's, encoded as it is shown once
	User          string       `yaml:"user,omitempty"`     // or a user
	Password      field.Secret `yaml:"password,omitempty"` // and their password
}

const defaultIndex = "ramp-events"

var indexForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,199}$`)

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) access.Issues {
	issues := c.Config.Validate(at)
	issues.Require(c.Index == "" || indexForm.MatchString(c.Index), "index_malformed", at+".index", "an index is lowercase letters, digits, dots, dashes and underscores, 200 at most")
	issues.Require((c.User == "") == c.Password.IsZero(), "password_missing", at+".user", "user and password come together")
	issues.Require(c.APIKey.IsZero() != (c.User == ""), "credential_missing", at+".apiKey", "either apiKey is needed, or user and password")
	return issues
}

// Elastic implements sink.Sink.
type Elastic struct {
	index  string
	client *poster.Client
}

var _ sink.Sink = (*Elastic)(nil)

// Open returns the sink, and calls nothing. Errors are those of poster.Config.Open.
func (c Config) Open() (*Elastic, error) {
	index := c.Index
	if index == "" {
		index = defaultIndex
	}
	client, err := c.Config.Open(func(ctx context.Context, h http.Header) error {
		if !c.APIKey.IsZero() {
			return poster.Header(ctx, h, "Authorization", "ApiKey ", c.APIKey)
		}
		password, err := c.Password.Read(ctx)
		if err != nil {
			return err
		}
		r := http.Request{Header: h}
		r.SetBasicAuth(c.User, password)
		return nil
	})
	return &Elastic{index: index, client: client}, err
}

// Batch implements sink.Sink.
func (e *Elastic) Batch() (int, time.Duration) { return 2000, 100 * time.Millisecond }

// Ping implements sink.Sink.
func (e *Elastic) Ping(ctx context.Context) error {
	status, body, err := e.client.Call(ctx, http.MethodGet, "/", "", nil)
	if err == nil && status != http.StatusOK {
		err = poster.Refused("the service cannot be used", status, body)
	}
	return err
}

// maxRequest bounds a request, in bytes of documents.
const maxRequest = 5 << 20

// Send implements sink.Sink.
func (e *Elastic) Send(ctx context.Context, messages []sink.Message) (taken int, err error) {
	for taken < len(messages) {
		body, n := bulk(messages[taken:])
		done, err := e.post(ctx, body, messages[taken:taken+n])
		taken += done
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// bulk returns the body of a request with as many messages as fit, at least one.
func bulk(messages []sink.Message) (body []byte, n int) {
	var b bytes.Buffer
	for _, m := range messages {
		if n > 0 && b.Len()+len(m.Body) > maxRequest {
			break
		}
		// A data stream takes documents by create only, and wants @timestamp.
		fmt.Fprintf(&b, "{\"create\":{\"_id\":\"%d\"}}\n{\"@timestamp\":%q,", m.Seq, m.At.UTC().Format(time.RFC3339Nano))
		b.Write(bytes.TrimPrefix(m.Body, []byte{'{'}))
		b.WriteByte('\n')
		n++
	}
	return b.Bytes(), n
}

// result is what became of one document.
type result struct {
	ID     string          `json:"_id"`
	Status int             `json:"status"`
	Error  json.RawMessage `json:"error"`
}

// post makes a request and returns how many of its messages are in the index, counted from
// the first. One that was there already is a conflict, and taken.
func (e *Elastic) post(ctx context.Context, body []byte, messages []sink.Message) (int, error) {
	status, response, err := e.client.Call(ctx, http.MethodPost, "/"+url.PathEscape(e.index)+"/_bulk?filter_path=items.*._id,items.*.status,items.*.error.type,items.*.error.reason", "application/x-ndjson", body)
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, poster.Refused("documents were not taken", status, response)
	}
	var reply struct {
		Items []struct {
			Create result `json:"create"`
		} `json:"items"`
	}
	if strictjson.UnmarshalOpen(response, &reply) != nil || len(reply.Items) != len(messages) {
		return 0, access.Errorf(access.CodeUnavailable, "this is not what a bulk request returns; is something else at the address?")
	}
	for i, m := range messages {
		is := reply.Items[i].Create
		if is.ID != strconv.FormatInt(m.Seq, 10) {
			return i, access.Errorf(access.CodeUnavailable, "this is not what a bulk request returns: another document's result is in place of event %d", m.Seq)
		}
		if is.Status != http.StatusCreated && is.Status != http.StatusConflict {
			return i, access.Errorf(access.CodeUnavailable, "event %d was not taken: %d %s", m.Seq, is.Status, plaintext.Line(string(is.Error), 200))
		}
	}
	return len(messages), nil
}
