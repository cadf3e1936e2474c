// Package auth says who is asking: bearer tokens for programs, a session for
// the browser, both from one OpenID Connect provider.
package auth

import (
	"net/url"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Config is how people are known.
type Config struct {
	Issuer           string      `yaml:"issuer"`                     // the provider; its metadata is found below it
	Audience         string      `yaml:"audience,omitempty"`         // what bearer tokens must be for; "ramp" if empty
	ClientID         string      `yaml:"clientId,omitempty"`         // of the web pages; "ramp-web" if empty
	ClientSecretFile string      `yaml:"clientSecretFile,omitempty"` // file with the client's secret; a public client with PKCE if empty
	CLIClientID      string      `yaml:"cliClientId,omitempty"`      // of `ramp login`; "ramp-cli" if empty
	Scopes           []string    `yaml:"scopes,omitempty"`           // asked for at login; openid, profile, email, groups if empty
	Claims           ClaimConfig `yaml:"claims,omitempty"`

	// Links are accounts of one human, each a list of ids: they count as the first
	// wherever people are counted.
	Links Links `yaml:"links,omitempty"`

	// How long a browser's session lasts: at most (8h if 0), and unused (1h if 0).
	SessionMax  access.Duration `yaml:"sessionMax,omitempty"`
	SessionIdle access.Duration `yaml:"sessionIdle,omitempty"`
}

// ClaimConfig names the claims that make a person.
type ClaimConfig struct {
	ID         string   `yaml:"id,omitempty"`         // stable and never given to anybody else; "sub" if empty
	Name       string   `yaml:"name,omitempty"`       // "name"
	Email      string   `yaml:"email,omitempty"`      // "email"
	Groups     string   `yaml:"groups,omitempty"`     // "groups"
	Kind       string   `yaml:"kind,omitempty"`       // "ramp_kind": human, service or agent; human when absent
	OnBehalfOf string   `yaml:"onBehalfOf,omitempty"` // "ramp_on_behalf_of"; required of agents
	Attributes []string `yaml:"attributes,omitempty"` // further claims that contracts read; "employment"
}

func (c Config) withDefaults() Config {
	set := func(s *string, def string) {
		if *s == "" {
			*s = def
		}
	}
	set(&c.Audience, "ramp")
	set(&c.ClientID, "ramp-web")
	set(&c.CLIClientID, "ramp-cli")
	set(&c.Claims.ID, "sub")
	set(&c.Claims.Name, "name")
	set(&c.Claims.Email, "email")
	set(&c.Claims.Groups, "groups")
	set(&c.Claims.Kind, "ramp_kind")
	set(&c.Claims.OnBehalfOf, "ramp_on_behalf_of")
	if c.Claims.Attributes == nil {
		c.Claims.Attributes = []string{"employment"}
	}
	if c.SessionMax <= 0 {
		c.SessionMax = access.Duration(8 * time.Hour)
	}
	if c.SessionIdle <= 0 {
		c.SessionIdle = access.Duration(time.Hour)
	}
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "profile", "email", "groups"}
	}
	return c
}

// Check says what is wrong, reaching for nothing.
func (c Config) Check() error {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return access.Invalid(access.Issue{Code: "issuer_malformed", Field: "server.identity.issuer",
			Message: "the address of an OpenID Connect provider is needed, such as https://login.example.com"})
	}
	if err := c.Links.check(); err != nil {
		return err
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return access.Invalid(access.Issue{Code: "issuer_in_clear", Field: "server.identity.issuer",
			Message: "a provider that is not on this machine must be reached by https: whoever sits between could be anybody"})
	}
	return nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
