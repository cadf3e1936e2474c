package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/program"
)

var _ program.Caller = (*client)(nil)

// Call implements program.Caller: one POST. A reply counts if it has status 200 and a
// signature of one of the secrets under the call's own id, so that no reply to another call,
// and nothing that somebody between the two made up, counts (docs/threats.md, case 134).
func (c *client) Call(ctx context.Context, id string, message []byte) ([]byte, error) {
	keys, err := c.keys(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(message))
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	if err := sign(req.Header, keys, id, message); err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "ramp")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, network(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, program.MaxReply+1))
	if err != nil {
		return nil, network(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, status(resp)
	}
	if len(body) > program.MaxReply {
		return nil, access.Errorf(access.CodeUnavailable, "the reply is longer than %d bytes", program.MaxReply)
	}
	if resp.Header.Get(standardwebhooks.HeaderWebhookID) != id {
		return nil, access.Errorf(access.CodeUnavailable, "the reply is signed for another call, or not at all: it needs the call's webhook-id")
	}
	for _, key := range keys {
		if key.Verify(body, resp.Header) == nil {
			return body, nil
		}
	}
	return nil, access.Errorf(access.CodeUnavailable, "the reply has no signature of a secret that Ramp knows; does the service have the same secret and clock, and does something change replies on the way?")
}

// sign sets the headers of a message of the scheme.
func sign(h http.Header, keys []*standardwebhooks.Webhook, id string, message []byte) error {
	at := time.Now()
	var signatures []string
	for _, key := range keys {
		signature, err := key.Sign(id, at, message)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

// status returns what a status other than 200 means. No signature vouches for it, so it
// never says that a call is wrong or that nothing is there: such calls are not tried again.
func status(resp *http.Response) error {
	code := integrations.CodeOfStatus(resp.StatusCode)
	if code != access.CodeThrottled && code != access.CodeForbidden {
		code = access.CodeUnavailable
	}
	err := access.Errorf(code, "the service returns %d; what it says of a call, errors too, has status 200 and a signature", resp.StatusCode)
	return access.RetryAfter(err, integrations.RetryAfter(resp.Header))
}

// network returns an error of the network without the address, which may hold a secret.
func network(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return access.Errorf(access.CodeUnavailable, "the service cannot be reached: %w", err)
}
