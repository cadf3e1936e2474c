// Package poster posts events to services that take them over HTTP.
package poster

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/neterror"
	"ramp.dev/ramp/internal/plaintext"
)

// Config says where a service is.
type Config struct {
	Address string     `yaml:"address"`          // such as https://siem.example.com:8088; http on this machine only
	CAFile  field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
}

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) (issues access.Issues) {
	for _, is := range (jsonhttp.Config{Address: c.Address}).Validate() {
		if is.Field == "address" {
			is.Field = at + ".address"
			issues = append(issues, is)
		}
	}
	return issues
}

// Client posts to one service.
type Client struct {
	config    Config
	http      *http.Client
	authorize func(ctx context.Context, h http.Header) error
}

// Open returns a client, which calls nothing. authorize sets the header that says who Ramp
// is, for each call, so that secrets can be replaced. Errors are of code unavailable (the
// file of authorities cannot be read) and invalid (there is none in it).
func (c Config) Open(authorize func(ctx context.Context, h http.Header) error) (*Client, error) {
	own, err := jsonhttp.Config{CAFile: c.CAFile}.HTTPClient()
	return &Client{config: c, http: own, authorize: authorize}, err
}

// maxRead bounds what is read of a response: that of a batch has a line for each event.
const maxRead = 32 << 20

// Call makes one call, and returns the status and the body. Errors are of the network, of
// code unavailable, and of secrets that cannot be read.
func (c *Client) Call(ctx context.Context, method, path, contentType string, body []byte) (status int, response []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.config.Address, "/")+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	req.Header = http.Header{"User-Agent": {"ramp"}}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if err := c.authorize(ctx, req.Header); err != nil {
		return 0, nil, err
	}
	resp, err := c.http.Do(req)
	if err == nil {
		defer resp.Body.Close()
		response, err = io.ReadAll(io.LimitReader(resp.Body, maxRead))
	}
	if err != nil {
		return 0, nil, access.Errorf(access.CodeUnavailable, "the service cannot be reached: %w", neterror.Reason(err))
	}
	if resp.StatusCode > 299 {
		response = without(response, req.Header.Get("Authorization"))
	}
	return resp.StatusCode, response, nil
}

// without returns what a service says without the credentials that it was sent: pages of
// proxies repeat a request's headers, and part of what is said becomes an error.
func without(said []byte, authorization string) []byte {
	_, credentials, _ := strings.Cut(authorization, " ")
	parts := []string{credentials}
	if b, err := base64.StdEncoding.DecodeString(credentials); err == nil {
		_, password, _ := strings.Cut(string(b), ":")
		parts = append(parts, string(b), password)
	}
	for _, secret := range parts {
		if len(secret) > 0 {
			said = bytes.ReplaceAll(said, []byte(secret), []byte("(removed)"))
		}
	}
	return said
}

// maxSaid bounds what is repeated of what a service says, in characters.
const maxSaid = 200

// Refused returns the error (unavailable) for a response that is no success, with what the
// service says.
func Refused(what string, status int, response []byte) error {
	text := ""
	if said := plaintext.Line(string(response), maxSaid); said != "" {
		text = ": " + said
	}
	return access.Errorf(access.CodeUnavailable, "%s: the service returns %d%s", what, status, text)
}

// Header sets a header to a prefix and a secret. Errors have none of it in them.
func Header(ctx context.Context, h http.Header, name, prefix string, ref field.Secret) error {
	text, err := ref.Read(ctx)
	if err != nil {
		return err
	}
	text = strings.TrimSpace(text)
	if text == "" || slices.ContainsFunc([]rune(text), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return access.Errorf(access.CodeInvalid, "%s is empty or malformed", ref)
	}
	h.Set(name, fmt.Sprint(prefix, text))
	return nil
}
