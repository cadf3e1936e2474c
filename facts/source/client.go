package source

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// maxReply bounds what is read of one response, in bytes: a ticket and a rota are short.
const maxReply = 4 << 20

// Dialect is what differs between services.
type Dialect struct {
	Name    string // of the service, for errors: Jira
	Address string // if the configuration has none
	Header  http.Header
	// Authorization returns the header that has Ramp's own token; nil: Bearer, or Basic
	// where there is a user.
	Authorization func(token string) string
	// ErrorFields are the names one of which the service's own errors have, as an object
	// in JSON. A 404 without them is somebody else's, and says nothing.
	ErrorFields []string
}

// Client calls one service.
type Client struct {
	http *jsonhttp.Client
	base string // path before that of each call
	name string
}

// Open returns a client of the service, and calls nothing. Errors are of code invalid, or
// unavailable for a file of authorities that cannot be read.
func (c Config) Open(d Dialect) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(cmp.Or(c.Address, d.Address), "/"))
	if err != nil {
		return nil, access.InvalidField("address_malformed", "address", "this is no address")
	}
	authorization := d.Authorization
	switch {
	case authorization != nil:
	case c.User != "":
		authorization = func(token string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+token))
		}
	default:
		authorization = func(token string) string { return "Bearer " + token }
	}
	header := d.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json")
	}
	header.Set("User-Agent", "ramp") // GitHub refuses calls without one
	client, err := c.jsonhttp(u).Open(jsonhttp.Dialect{
		Name: d.Name, Header: header, MaxBody: maxReply,
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", authorization(token)) },
		IsNotFound:   d.isOwnError,
		// What the service says in words is left out: it may quote the request, and people
		// would read it as Ramp's.
		Message: func([]byte) string { return "its own words are not shown" },
	}, nil)
	return &Client{http: client, base: u.EscapedPath(), name: d.Name}, err
}

func (d Dialect) isOwnError(body []byte) bool {
	var reply map[string]any
	if strictjson.UnmarshalOpen(body, &reply) != nil {
		return false
	}
	for _, name := range d.ErrorFields {
		if _, there := reply[name]; there {
			return true
		}
	}
	return false
}

// Get reads what is at a path, which is escaped, into out. It returns false if the service
// itself says that nothing is there. Errors are of code forbidden where the token is not
// enough, throttled with the time to wait, or unavailable.
func (c *Client) Get(ctx context.Context, path string, out any) (found bool, err error) {
	return c.Send(ctx, http.MethodGet, path, nil, out)
}

// Send makes one call with a body in JSON; else it is Get.
func (c *Client) Send(ctx context.Context, method, path string, in, out any) (found bool, err error) {
	found, err = c.http.Call(ctx, method, c.base+path, in, out)
	switch access.CodeOf(err) {
	case access.CodeForbidden:
		return false, access.Errorf(access.CodeForbidden, "%s refuses Ramp's token, or the token may not do this", c.name)
	case access.CodeInvalid, access.CodeConflict:
		return false, access.Errorf(access.CodeUnavailable, "%s does not take what Ramp sends: %w", c.name, err)
	case access.CodeThrottled:
		return false, access.RetryAfter(access.Errorf(access.CodeThrottled, "%s asks Ramp to call more seldom", c.name), access.RetryAfterOf(err))
	}
	return found, err
}

// Has reports whether there is something at a path, an object with a field that it always
// has: any page at all would else do, such as one to log in on.
func (c *Client) Has(ctx context.Context, path, field string) (found bool, err error) {
	var object map[string]any
	found, err = c.Get(ctx, path, &object)
	if err == nil && found && object[field] == nil {
		err = c.Unexpected(field)
	}
	return found && err == nil, err
}

// Unexpected returns the error for a reply that lacks what the service always gives.
func (c *Client) Unexpected(what string) error {
	return access.Errorf(access.CodeUnavailable, "%s replies without %s; may Ramp's token read it?", c.name, what)
}

// ClocksApart implements Service.
func (c *Client) ClocksApart() time.Duration { return c.http.ClocksApart() }

// OpenFile returns what is at an address that is a secret.
func (c Config) OpenFile(address field.Secret) (*jsonhttp.File, error) {
	return jsonhttp.Config{CAFile: c.CAFile}.OpenFile("the calendar", address, maxReply)
}
