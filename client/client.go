// Package client calls a Ramp server over HTTP, for the command line and for
// other programs.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
)

// Client calls one server as one person. It is safe for concurrent use. Every
// error carries a code of package access; a server that cannot be reached is
// CodeUnavailable.
type Client struct {
	// UserAgent says which program calls; "ramp-client" if empty. One that begins
	// with "ramp-cli" is recorded as the command line. Set it before the first call.
	UserAgent string
	// Elsewhere is said behind the error of a server that cannot be reached: how its user
	// names another. Set it before the first call.
	Elsewhere string

	base  string
	token string
	http  *http.Client
}

// New makes a client of the server at base with a bearer token.
func New(base, token string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{Timeout: 40 * time.Second}}
}

// maxResponse bounds what is read of a response, in bytes: more than 256 events
// of the log at their largest.
const maxResponse = 32 << 20

func (c *Client) do(ctx context.Context, method, path string, header http.Header, body, out any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return access.Errorf(access.CodeInvalid, "cannot be written as JSON: %w", err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, r)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "the server's address is malformed: %w", err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", cmp.Or(c.UserAgent, "ramp-client"))
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the rest says the address again
		}
		return access.Errorf(access.CodeUnavailable, "%s cannot be reached: %w%s", c.base, err, c.Elsewhere)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "the response broke off: %w", err)
	}
	if res.StatusCode >= 400 {
		return problemError(res.StatusCode, b)
	}
	if out == nil {
		return nil
	}
	if r, ok := out.(*raw); ok {
		*r = b
		return nil
	}
	if err := strictjson.UnmarshalOpen(b, out); err != nil {
		return access.Errorf(access.CodeInternal, "unexpected response of %s: not a Ramp server? %w", c.base, err)
	}
	return nil
}

// problemError returns the error that a problem (RFC 9457) was on the server.
func problemError(status int, b []byte) error {
	var p struct {
		Kind   access.Code    `json:"kind"`
		Detail string         `json:"detail"`
		Issues []access.Issue `json:"issues"`
	}
	if strictjson.UnmarshalOpen(b, &p) != nil || p.Kind == "" {
		return access.Errorf(access.CodeInternal, "unexpected response %d: not a Ramp server?", status)
	}
	if len(p.Issues) > 0 {
		return &access.Error{Code: p.Kind, Issues: p.Issues}
	}
	return &access.Error{Code: p.Kind, Message: p.Detail}
}

// Page is one page of a list; NextCursor is empty on the last.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// LoginConfig is what a client needs to log in.
type LoginConfig struct {
	Name     string        `json:"name,omitempty"`
	Issuer   string        `json:"issuer"`
	ClientID string        `json:"clientId"`
	Audience string        `json:"audience"`
	Others   []LoginConfig `json:"others,omitempty"` // where there are several providers
}

// Provider returns how to log in at the provider of a name; at the first if the
// name is empty.
func (l LoginConfig) Provider(name string) (LoginConfig, error) {
	known := ""
	for _, one := range append([]LoginConfig{l}, l.Others...) {
		if name == "" || one.Name == name {
			return one, nil
		}
		known += " " + one.Name
	}
	return LoginConfig{}, access.Errorf(access.CodeInvalid, "there is no identity provider %q; there are%s", name, known)
}

// LoginConfig returns how to log in to this server.
func (c *Client) LoginConfig(ctx context.Context) (out LoginConfig, err error) {
	return out, c.do(ctx, "GET", "/api/v1/auth-config", nil, nil, &out)
}

// Me returns who the token says the caller is.
func (c *Client) Me(ctx context.Context) (out access.Person, err error) {
	return out, c.do(ctx, "GET", "/api/v1/me", nil, nil, &out)
}

// Notices returns what the caller hears of.
func (c *Client) Notices(ctx context.Context) (out access.NoticeSettings, err error) {
	return out, c.do(ctx, "GET", "/api/v1/me/notices", nil, nil, &out)
}

// ChooseNotices replaces what the caller hears of.
func (c *Client) ChooseNotices(ctx context.Context, choice access.NoticeChoice) (out access.NoticeSettings, err error) {
	return out, c.do(ctx, "POST", "/api/v1/me/notices", nil, choice, &out)
}

// SignOut ends the caller's sessions in every browser.
func (c *Client) SignOut(ctx context.Context) error {
	return c.do(ctx, "POST", "/api/v1/me/sign-out", nil, struct{}{}, nil)
}

// Catalog lists what the caller may request.
func (c *Client) Catalog(ctx context.Context, query string) ([]contracts.Offer, error) {
	var out Page[contracts.Offer]
	err := c.do(ctx, "GET", "/api/v1/catalog?"+url.Values{"q": {query}}.Encode(), nil, nil, &out)
	return out.Items, err
}

// Submit makes a request. The same key again returns the request that was made
// first.
func (c *Client) Submit(ctx context.Context, ask access.RequestInput, key string) (out access.Request, err error) {
	return out, c.do(ctx, "POST", "/api/v1/requests", http.Header{"Idempotency-Key": {key}}, ask, &out)
}

// DryRun returns the request that Submit would make, and makes none.
func (c *Client) DryRun(ctx context.Context, ask access.RequestInput) (out access.Request, err error) {
	return out, c.do(ctx, "POST", "/api/v1/requests?dryRun=true", nil, ask, &out)
}

// Query narrows a list of requests.
type Query struct {
	States   []string
	Mine     bool
	ToDecide bool
	ToReview bool
	Target   string
	Cursor   string
	Limit    int
}

// Requests lists requests that the caller may see, newest first.
func (c *Client) Requests(ctx context.Context, q Query) (out Page[access.Request], err error) {
	v := url.Values{}
	for name, value := range map[string]string{"state": strings.Join(q.States, ","), "target": q.Target, "cursor": q.Cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Mine {
		v.Set("mine", "true")
	}
	if q.ToDecide {
		v.Set("toDecide", "true")
	}
	if q.ToReview {
		v.Set("toReview", "true")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return out, c.do(ctx, "GET", "/api/v1/requests?"+v.Encode(), nil, nil, &out)
}

func requestPath(id, act string) string {
	p := "/api/v1/requests/" + url.PathEscape(id)
	if act != "" {
		p += "/" + act
	}
	return p
}

// Request returns one request with its timeline. Its plan is read out of the bytes
// that were signed, and the plan's digest is taken of them here; errors are
// CodeEvidence where they are another request's plan, or not the one that the response
// describes.
func (c *Client) Request(ctx context.Context, id string) (out access.Request, err error) {
	if err := c.do(ctx, "GET", requestPath(id, ""), nil, nil, &out); err != nil || out.SignedPlan == "" {
		return out, err
	}
	return readSigned(out)
}

// RequestURL returns the address of a request's page.
func (c *Client) RequestURL(id string) string { return c.base + "/requests/" + url.PathEscape(id) }

// Decision is one person's verdict on exactly the plan of a digest.
type Decision struct {
	Verdict    access.Verdict `json:"decision"`
	PlanDigest string         `json:"planDigest"`
	Comment    string         `json:"comment"`
	Confirmed  []string       `json:"confirmed,omitempty"` // of the rule's statements, word for word
	UpTo       string         `json:"upTo,omitempty"`      // an approval for less than the plan's length
	StartAt    *time.Time     `json:"startAt,omitempty"`   // an approval from later on
}

// Decide decides a request.
func (c *Client) Decide(ctx context.Context, id string, d Decision) (out access.Request, err error) {
	return out, c.do(ctx, "POST", requestPath(id, "decision"), nil, d, &out)
}

// Review reviews a use of break glass.
func (c *Client) Review(ctx context.Context, id, digest string, justified bool, comment string) (out access.Request, err error) {
	body := map[string]any{"planDigest": digest, "justified": justified, "comment": comment}
	return out, c.do(ctx, "POST", requestPath(id, "review"), nil, body, &out)
}

// Stop ends a request; act is cancel, release or revoke.
func (c *Client) Stop(ctx context.Context, id, act, reason string) (out access.Request, err error) {
	return out, c.do(ctx, "POST", requestPath(id, act), nil, map[string]string{"reason": reason}, &out)
}

// Extend prolongs active access by more, from the end that it has. The same call again,
// after a response that was lost, extends no further. from is nil where no end is known.
func (c *Client) Extend(ctx context.Context, id, more, reason string, from *time.Time) (out access.Request, err error) {
	body := map[string]any{"for": more, "reason": reason}
	if from != nil {
		body["from"] = from
	}
	return out, c.do(ctx, "POST", requestPath(id, "extend"), nil, body, &out)
}

// PickUp fetches a credential of one grant, by the grant's name, sealed on the
// worker to a key that is made here and used once.
func (c *Client) PickUp(ctx context.Context, id, grant string) (access.Credential, error) {
	key, err := evidence.NewRecipient()
	if err != nil {
		return access.Credential{}, err
	}
	var sealed evidence.SealedCredential
	body := map[string]string{"grant": grant, "recipient": key.Public()}
	if err := c.do(ctx, "POST", requestPath(id, "credentials"), nil, body, &sealed); err != nil {
		return access.Credential{}, err
	}
	return key.Open(sealed, evidence.CredentialContext(id, grant))
}
