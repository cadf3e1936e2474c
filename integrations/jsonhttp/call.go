package jsonhttp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/strictjson"
)

const (
	maxToken = 16 << 10 // bytes; batch tokens are long
	maxBody  = 64 << 20 // bytes; a list of all roles is long
)

// Call makes one call: in, if not nil, is sent as JSON, and what comes back is
// decoded into out, if that is not nil. It returns false if the service itself says
// that nothing is there. A reply without a body leaves out as it is; in reply to
// GET it is no word of the service. Errors are those of
// integrations.CodeOfStatus, and unavailable for whatever is no reply of this
// service; those of code throttled say when to try again.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) (found bool, err error) {
	found, _, err = c.call(ctx, method, path, in, out)
	return found, err
}

// GetWithHeader is Call by GET, for what a service says in a response's header.
func (c *Client) GetWithHeader(ctx context.Context, path string, out any) (found bool, header http.Header, err error) {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) (found bool, header http.Header, err error) {
	resp, body, err := c.send(ctx, method, path, in)
	if err != nil {
		return false, nil, c.failed(method, path, err)
	}
	found, err = c.read(method, path, resp, body, out)
	return found, resp.Header, err
}

// read returns what a response says; see Call.
func (c *Client) read(method, path string, resp *http.Response, body []byte, out any) (found bool, err error) {
	switch status := resp.StatusCode; {
	case status == http.StatusNotFound && c.dialect.IsNotFound(body):
		return false, nil
	case status == http.StatusNotFound:
		return false, access.Errorf(access.CodeUnavailable, "%s %s must be there, is the address right: %w", method, path, c.refusal(resp.StatusCode, body))
	case status >= 300 && status < 400:
		return false, access.Errorf(access.CodeUnavailable, "%s %s: %s returns %d, see another address", method, path, c.dialect.Name, status)
	case status >= 300:
		code, wait := integrations.CodeOfStatus(status), integrations.RetryAfter(resp.Header)
		if c.dialect.Throttled != nil {
			if longer, yes := c.dialect.Throttled(status, resp.Header); yes {
				code, wait = access.CodeThrottled, max(wait, longer)
			}
		}
		err := access.Errorf(code, "%s %s: %w", method, path, c.refusal(status, body))
		return false, access.RetryAfter(err, wait)
	case len(bytes.TrimSpace(body)) == 0 && method != http.MethodGet, out == nil:
		return true, nil
	}
	// null decodes into anything, and would be an empty list, by which access counts as ended:
	// a proxy may have written it. The cause is left out, because it could quote a secret.
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) || strictjson.UnmarshalOpen(body, out) != nil {
		return false, c.Unexpected(method, path)
	}
	return true, nil
}

// Refusal is a response with which a service refuses a call. It is the cause of the error
// that Call returns, for targets to which one service's words mean more than its status.
type Refusal struct {
	Service string // the dialect's name
	Status  int
	Text    string // what the dialect's Message makes of Body
	Body    []byte // as the service sent it; it may quote a secret, so it is in no error
}

func (c *Client) refusal(status int, body []byte) *Refusal {
	text := access.Clip(strings.Join(strings.Fields(c.dialect.Message(body)), " "), 300)
	return &Refusal{Service: c.dialect.Name, Status: status, Text: text, Body: body}
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s returns %d: %s", r.Service, r.Status, r.Text)
}

// RefusalOf returns the refusal in an error; nil if there is none.
func RefusalOf(err error) *Refusal {
	var r *Refusal
	if !errors.As(err, &r) {
		return nil
	}
	return r
}

// Unexpected returns the error (unavailable) for a reply that the service does not
// give.
func (c *Client) Unexpected(method, path string) error {
	return access.Errorf(access.CodeUnavailable, "%s %s: this is not what %s returns; is something else at the address?", method, path, c.dialect.Name)
}

// send makes a call, and once more where the service refuses Ramp's own token though it should
// be good still, as it does when the credentials were exchanged because somebody stole them.
// What is refused with 401 was not done.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, []byte, error) {
	resp, body, token, err := c.sendOnce(ctx, method, path, in)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && c.dialect.Tokens != nil && token != "" {
		c.dialect.Tokens.forget(token)
		resp, body, _, err = c.sendOnce(ctx, method, path, in)
	}
	return resp, body, err
}

// sendOnce makes a call, and returns the token of Ramp's own with which it did.
func (c *Client) sendOnce(ctx context.Context, method, path string, in any) (resp *http.Response, body []byte, token string, err error) {
	if c.token != nil {
		if token, err = c.ownToken(ctx); err != nil {
			return nil, nil, "", err
		}
	}
	resp, body, err = c.sendAs(ctx, method, path, in, token)
	return resp, body, token, err
}

func (c *Client) sendAs(ctx context.Context, method, path string, in any, token string) (*http.Response, []byte, error) {
	var sent io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, nil, err
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.address+path, sent)
	if err != nil {
		return nil, nil, err
	}
	if c.dialect.Header != nil {
		req.Header = c.dialect.Header.Clone()
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != nil {
		c.dialect.Authenticate(req.Header, token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	c.apart.see(resp.Header)
	body, err := read(resp.Body, cmp.Or(c.dialect.MaxBody, maxBody))
	return resp, body, err
}

// read returns a body, or an error for one that is longer than most bytes.
func read(r io.Reader, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(body)) > most {
		err = fmt.Errorf("the response is longer than %d bytes", most)
	}
	return body, err
}

// failed returns an error of the network, without the address that net/http
// repeats. One that has a code keeps it.
func (c *Client) failed(method, path string, err error) error {
	var own *access.Error
	if errors.As(err, &own) {
		return access.Errorf(own.Code, "%s %s: %w", method, path, own)
	}
	var network *url.Error
	if errors.As(err, &network) {
		err = network.Err
	}
	return access.Errorf(access.CodeUnavailable, "%s %s: %w", method, path, err)
}

// ownToken returns Ramp's own token. Errors are of code unavailable, or of the code that
// the dialect's Token or Tokens give them, and never have any of it in them.
func (c *Client) ownToken(ctx context.Context) (string, error) {
	read, ofDialect := c.token.Read, c.dialect.Token
	if c.dialect.Tokens != nil {
		ofDialect = c.dialect.Tokens.Read
	}
	if ofDialect != nil {
		read = ofDialect
	}
	text, err := read(ctx)
	var own *access.Error
	if ofDialect != nil && errors.As(err, &own) {
		return "", err
	}
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own token: %w", err)
	}
	text = strings.TrimSpace(text)
	strange := strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
	if text == "" || len(text) > maxToken || strange {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own token is empty or malformed")
	}
	return text, nil
}
