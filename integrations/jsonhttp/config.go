package jsonhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// Config says where a service is, and who Ramp is there. A target's configuration
// has it inline.
type Config struct {
	Address string       `yaml:"address"`          // such as https://vault.example.com:8200; http on loopback only
	CAFile  field.File   `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
	Token   field.Secret `yaml:"token"`            // Ramp's own; read for every call, so it may rotate
}

// Validate returns everything that is wrong. It reaches for nothing.
func (c Config) Validate() access.Issues {
	issues := c.ValidateAddress()
	issues.Require(!c.Token.IsZero(), "token_missing", "token", "Ramp's own token is needed: file:PATH or env:NAME")
	if err := c.Token.Validate(); err != nil {
		issues.Add("token_malformed", "token", "%s", err)
	}
	return issues
}

// ValidateAddress is Validate for a service whose token is not in the configuration.
func (c Config) ValidateAddress() access.Issues {
	return integrations.CheckAddress("address", c.Address)
}

// Dialect is what differs between services.
type Dialect struct {
	Name   string      // of the service, for errors: Vault
	Header http.Header // of every request
	// Authenticate sets the header that has Ramp's own token.
	Authenticate func(h http.Header, token string)
	// Token returns Ramp's own token where the service gives it out for a short time, in
	// place of Config's, which is not read then. Its errors have no secret in them.
	Token func(ctx context.Context) (string, error)
	// Tokens is in the place of Token where Ramp keeps what the service gave out. A call that
	// the service refuses with 401 is made once more, with another token.
	Tokens *Tokens
	// IsNotFound reports whether the body of a 404 is the service's own word that
	// nothing is there. A proxy and a wrong path return 404, too; to Ramp, nothing
	// means that access has ended.
	IsNotFound func(body []byte) bool
	// Message returns what the body of an error says, without any secret.
	Message func(body []byte) string
	// Throttled, if set, reports whether a refusal says that Ramp asked too often, and how
	// long to wait, where the service says so in its own way.
	Throttled func(status int, h http.Header) (wait time.Duration, yes bool)
	// MaxBody bounds what is read of a response, in bytes; 64 MiB if it is 0.
	MaxBody int64
}

// Client calls one service. It is safe for concurrent use.
type Client struct {
	dialect     Dialect
	address     string
	token       Token
	http        *http.Client
	authorities string
	apart       *clocksApart
}

// Token is where a client's token comes from. It is asked at every call.
type Token interface {
	// Read returns the token. Its errors have none of it in them.
	Read(ctx context.Context) (string, error)
}

// As returns a client of the same service with another token; with nil it sends none.
func (c *Client) As(token Token) *Client {
	as := *c
	as.token = token
	return &as
}

// callTimeout bounds one call.
const callTimeout = 10 * time.Second

// Open returns a client. It does not call the service. It takes nothing from the
// environment, no proxy either: what is there may be meant for the person who
// started the worker. The wrapper between, if any, is put between the client and
// the network, for tests. Errors are of code unavailable (the file of authorities
// cannot be read) and invalid (there is none in it).
func (c Config) Open(d Dialect, between func(http.RoundTripper) http.RoundTripper) (*Client, error) {
	own, authorities, err := c.client(between)
	if err != nil {
		return nil, err
	}
	return &Client{dialect: d, address: strings.TrimSuffix(c.Address, "/"), token: c.Token.Cached(), authorities: authorities, http: own, apart: new(clocksApart)}, nil
}

// HTTPClient returns what calls the network as Open's client does: it takes nothing from
// the environment, and follows no redirect. Errors are those of Open.
func (c Config) HTTPClient() (*http.Client, error) {
	own, _, err := c.client(nil)
	return own, err
}

// client returns what calls the network, and the authorities in PEM that are not the
// system's.
func (c Config) client(between func(http.RoundTripper) http.RoundTripper) (*http.Client, string, error) {
	trusted, authorities, err := c.CAFile.Authorities()
	if err != nil {
		return nil, "", err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}
	var transport http.RoundTripper = &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, TLSClientConfig: settings, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	if between != nil {
		transport = between(transport)
	}
	return &http.Client{Transport: transport, Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // Ramp's token goes to the configured address only
	}}, string(authorities), nil
}

// ClocksApart returns how far the service's clock is from this machine's, as the Date of
// its last response says; it is exact to a second, and 0 if there was none.
func (c *Client) ClocksApart() time.Duration { return time.Duration(c.apart.Load()) }

// clocksApart is how far a service's clock was from this one, as its last response said.
type clocksApart struct{ atomic.Int64 }

func (a *clocksApart) see(h http.Header) {
	if there, err := http.ParseTime(h.Get("Date")); err == nil {
		a.Store(int64(time.Since(there).Truncate(time.Second).Abs()))
	}
}

// Authorities returns the certificates of caFile, in PEM; empty for the system's.
func (c *Client) Authorities() string { return c.authorities }
