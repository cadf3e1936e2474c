package webhook

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/internal/webhooksecret"
)

// Config configures a service.
type Config struct {
	URL    string     `yaml:"url"`              // https; http on this machine only
	CAFile field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
	// Secrets sign each call, by all of them, and one of them signs the reply: a new one
	// stands beside the old one until the service knows it. Each is whsec_ and 24 to 64 bytes
	// in base64.
	Secrets     []field.Secret  `yaml:"secrets"`
	Description field.File      `yaml:"description"`       // JSON, as `ramp target describe` prints it
	Timeout     access.Duration `yaml:"timeout,omitempty"` // of one call; 15s if zero, 1m at the most
}

const (
	defaultTimeout = access.Duration(15 * time.Second)
	maxTimeout     = access.Duration(time.Minute)
)

// Validate returns everything that is wrong. It reaches for nothing. The address is not
// repeated: it may hold a secret.
func (c Config) Validate(string) (issues access.Issues) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		issues.Add("address_malformed", "url", "an address is like https://billing.example.com/ramp")
	} else {
		issues.Require(jsonhttp.IsSafe(u.Scheme, u.Host), "address_insecure", "url", "https is needed, or http on this machine itself")
	}
	issues.Require(len(c.Secrets) > 0, "secret_missing", "secrets", "a secret is needed that signs calls and replies; make one with: echo whsec_$(openssl rand -base64 32)")
	for i, s := range c.Secrets {
		if err := s.Validate(); err != nil {
			issues.Add("secret_malformed", fmt.Sprintf("secrets[%d]", i), "%s", err)
		}
	}
	issues.Require(c.Description != "", "description_missing", "description", "a file is needed with what the service says of itself: `ramp target describe` prints it")
	issues.Require(c.Timeout >= 0 && c.Timeout <= maxTimeout, "timeout_long", "timeout", "it is %s at the most", maxTimeout)
	return issues
}

// Open returns the target, and calls nothing. Errors are of code invalid, with every issue,
// and unavailable (a file cannot be read).
func (c Config) Open(_ context.Context, name string) (integrations.Target, error) {
	if err := c.Validate(name).Err(); err != nil {
		return nil, err
	}
	d, err := program.ReadDescription(string(c.Description))
	if err != nil {
		return nil, err
	}
	caller, err := c.Caller()
	if err != nil {
		return nil, err
	}
	return program.New(name, d, caller, c.timeout()), nil
}

// Caller returns what calls the service, of a configuration that is valid. It takes no proxy
// from the environment and follows no redirect. Errors are those of Open.
func (c Config) Caller() (program.Caller, error) {
	own, err := jsonhttp.Config{CAFile: c.CAFile}.HTTPClient()
	if err != nil {
		return nil, err
	}
	own.Timeout = c.timeout()
	return &client{config: c, http: own}, nil
}

func (c Config) timeout() time.Duration { return time.Duration(cmp.Or(c.Timeout, defaultTimeout)) }

// client calls the service. It is safe for concurrent use.
type client struct {
	config Config
	http   *http.Client
}

// keys reads the secrets. Errors hold none of them.
func (c *client) keys(ctx context.Context) (out []*standardwebhooks.Webhook, err error) {
	for _, s := range c.config.Secrets {
		w, err := webhooksecret.Read(ctx, s)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "the secret: %w", err)
		}
		out = append(out, w)
	}
	return out, nil
}
