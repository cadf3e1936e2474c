package jsonhttp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/secret"
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
	issues := integrations.CheckAddress("address", c.Address)
	issues.Require(!c.Token.IsZero(), "token_missing", "token", "Ramp's own token is needed: file:PATH or env:NAME")
	if err := c.Token.Validate(); err != nil {
		issues.Add("token_malformed", "token", "%s", err)
	}
	return issues
}

// Dialect is what differs between services.
type Dialect struct {
	Name   string      // of the service, for errors: Vault
	Header http.Header // of every request
	// Authenticate sets the header that has Ramp's own token.
	Authenticate func(h http.Header, token string)
	// IsNotFound reports whether the body of a 404 is the service's own word that
	// nothing is there. A proxy and a wrong path return 404, too; to Ramp, nothing
	// means that access has ended.
	IsNotFound func(body []byte) bool
	// Message returns what the body of an error says, without any secret.
	Message func(body []byte) string
}

// Client calls one service. It is safe for concurrent use.
type Client struct {
	dialect     Dialect
	address     string
	token       *secret.Cached
	http        *http.Client
	authorities string
}

// callTimeout bounds one call.
const callTimeout = 10 * time.Second

// Open returns a client. It does not call the service. It takes nothing from the
// environment, no proxy either: what is there may be meant for the person who
// started the worker. The wrapper between, if any, is put between the client and
// the network, for tests. Errors are of code unavailable (the file of authorities
// cannot be read) and invalid (there is none in it).
func (c Config) Open(d Dialect, between func(http.RoundTripper) http.RoundTripper) (*Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	var authorities []byte
	if c.CAFile != "" {
		var err error
		if authorities, err = os.ReadFile(string(c.CAFile)); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "caFile: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, access.InvalidField("ca_malformed", "caFile", "the file has no certificate in it")
		}
	}
	var transport http.RoundTripper = &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, TLSClientConfig: settings, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	if between != nil {
		transport = between(transport)
	}
	return &Client{dialect: d, address: strings.TrimSuffix(c.Address, "/"), token: c.Token.Cached(), authorities: string(authorities),
		http: &http.Client{Transport: transport, Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // Ramp's token goes to the configured address only
		}}}, nil
}

// Authorities returns the certificates of caFile, in PEM; empty for the system's.
func (c *Client) Authorities() string { return c.authorities }
