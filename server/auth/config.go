// Package auth authenticates: bearer tokens for programs, a session for the
// browser, both from OpenID Connect providers.
package auth

import (
	"net"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config is how people are known.
type Config struct {
	Issuer       string       `yaml:"issuer"`                 // the provider; its metadata is found below it
	Audience     string       `yaml:"audience,omitempty"`     // what bearer tokens must be for; "ramp" if empty
	ClientID     string       `yaml:"clientId,omitempty"`     // of the web pages; "ramp-web" if empty
	ClientSecret field.Secret `yaml:"clientSecret,omitempty"` // of that client, read at each login; a public client with PKCE if empty
	CLIClientID  string       `yaml:"cliClientId,omitempty"`  // of `ramp login`; "ramp-cli" if empty
	Scopes       []string     `yaml:"scopes,omitempty"`       // requested at login; openid, profile, email, groups if empty
	Claims       ClaimConfig  `yaml:"claims,omitempty"`
	UserInfo     bool         `yaml:"userInfo,omitempty"` // ask the provider for the groups of a person who acts with a token

	// Issuers are the providers where there are several, instead of the fields
	// above. A token is checked by the one that it names, and by no other.
	Issuers []IssuerConfig `yaml:"issuers,omitempty"`

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
	if c.SessionMax <= 0 {
		c.SessionMax = access.Duration(8 * time.Hour)
	}
	if c.SessionIdle <= 0 {
		c.SessionIdle = access.Duration(time.Hour)
	}
	return c
}

// Validate returns everything that is wrong, reaching for nothing.
func (c Config) Validate() access.Issues { return append(c.validateIssuers(), c.Links.validate()...) }

// Loopback reports whether a host of an address is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
