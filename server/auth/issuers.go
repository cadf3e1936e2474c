package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/strictjson"
)

// IssuerConfig is one of several providers. Where there is one only, its fields
// are those of Config.
type IssuerConfig struct {
	Name         string            `yaml:"name"`             // for people who choose one
	Prefix       string            `yaml:"prefix,omitempty"` // of the ids and groups of its people, such as "partner:"; one issuer may have none
	Kind         access.PersonKind `yaml:"kind,omitempty"`   // what its people are when no claim says: human if empty
	Issuer       string            `yaml:"issuer"`
	Audience     string            `yaml:"audience,omitempty"`
	ClientID     string            `yaml:"clientId,omitempty"`
	ClientSecret field.Secret      `yaml:"clientSecret,omitempty"`
	CLIClientID  string            `yaml:"cliClientId,omitempty"`
	Scopes       []string          `yaml:"scopes,omitempty"`
	Claims       ClaimConfig       `yaml:"claims,omitempty"`
	UserInfo     bool              `yaml:"userInfo,omitempty"`

	others []string // the prefixes of the others
}

// issuers are the providers of either form, their defaults filled in.
func (c Config) issuers() []IssuerConfig {
	list := c.Issuers
	if len(list) == 0 {
		list = []IssuerConfig{{Issuer: c.Issuer, Audience: c.Audience, ClientID: c.ClientID, ClientSecret: c.ClientSecret,
			CLIClientID: c.CLIClientID, Scopes: c.Scopes, Claims: c.Claims, UserInfo: c.UserInfo}}
	}
	out := make([]IssuerConfig, len(list))
	for i, is := range list {
		out[i] = is.withDefaults()
		for j, other := range list {
			if i != j && other.Prefix != "" {
				out[i].others = append(out[i].others, other.Prefix)
			}
		}
	}
	return out
}

func (c IssuerConfig) withDefaults() IssuerConfig {
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
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "profile", "email", "groups"}
	}
	if c.Kind == "" {
		c.Kind = access.KindHuman
	}
	return c
}

// validateIssuers: two people of two issuers must never have one id, nor a group of
// one pass for a group of another.
func (c Config) validateIssuers() access.Issues {
	var issues []access.Issue
	bad := func(field, code, format string, args ...any) {
		issues = append(issues, access.Issue{Code: code, Field: "server.identity." + field, Message: fmt.Sprintf(format, args...)})
	}
	if len(c.Issuers) == 0 {
		return validateIssuer("issuer", c.Issuer)
	}
	if c.Issuer != "" {
		bad("issuer", "issuer_twice", "name one issuer here, or several under issuers")
	}
	names, places, prefixes := map[string]bool{}, map[string]bool{}, []string{}
	for i, is := range c.Issuers {
		field := fmt.Sprintf("issuers[%d]", i)
		issues = append(issues, validateIssuer(field+".issuer", is.Issuer)...)
		if is.Name == "" || names[is.Name] {
			bad(field+".name", "issuer_name", "each issuer needs a name of its own")
		}
		if places[is.Issuer] {
			bad(field+".issuer", "issuer_twice", "this issuer is there already")
		}
		for _, p := range prefixes {
			if p == is.Prefix || p != "" && is.Prefix != "" && (strings.HasPrefix(p, is.Prefix) || strings.HasPrefix(is.Prefix, p)) {
				bad(field+".prefix", "prefix_ambiguous", "its people could pass for those of another issuer: give each a prefix that begins no other's")
			}
		}
		if is.Kind != "" && is.Kind != access.KindHuman && is.Kind != access.KindService {
			bad(field+".kind", "kind_unknown", "it may be human or service")
		}
		names[is.Name], places[is.Issuer], prefixes = true, true, append(prefixes, is.Prefix)
	}
	return issues
}

func validateIssuer(field, issuer string) access.Issues {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return []access.Issue{{Code: "issuer_malformed", Field: "server.identity." + field,
			Message: "the address of an OpenID Connect provider is needed, such as https://login.example.com"}}
	}
	if u.Scheme == "http" && !Loopback(u.Hostname()) {
		return []access.Issue{{Code: "issuer_in_clear", Field: "server.identity." + field,
			Message: "a provider that is not on this machine must be reached by https: somebody in between could pose as it"}}
	}
	return nil
}

// namespaced makes an id or a group the issuer's own. Without a prefix it must not look
// like another's.
func (c IssuerConfig) namespaced(name string) (string, error) {
	for _, p := range c.others {
		if c.Prefix == "" && strings.HasPrefix(name, p) {
			return "", unauthenticated("identity_of_another", "the token says "+access.Clip(name, 60)+", as only another issuer's may")
		}
	}
	return c.Prefix + name, nil
}

// prefixed makes a person the issuer's own.
func (c IssuerConfig) prefixed(p access.Person) (access.Person, error) {
	names := []*string{&p.ID}
	if p.OnBehalfOf != "" {
		names = append(names, &p.OnBehalfOf)
	}
	p.Groups = append([]string(nil), p.Groups...)
	for i := range p.Groups {
		names = append(names, &p.Groups[i])
	}
	for _, n := range names {
		own, err := c.namespaced(*n)
		if err != nil {
			return access.Person{}, err
		}
		*n = own
	}
	return p, nil
}

// providerForToken returns the provider that a token names. The name is not
// believed: it only chooses who verifies the token.
func (a *Auth) providerForToken(token string) (*provider, error) {
	if len(a.providers) == 1 {
		return a.providers[0], nil
	}
	if issuer, ok := claimOf(token, "iss"); ok {
		for _, p := range a.providers {
			if p.config.Issuer == issuer {
				return p, nil
			}
		}
	}
	return nil, unauthenticated("token_invalid", "the token is not one of these providers', or was changed")
}

// claimOf reads a text out of a token's claims without believing it.
func claimOf(token, name string) (string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", false
	}
	var claims map[string]any
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || strictjson.Unmarshal(b, &claims) != nil {
		return "", false
	}
	s, ok := claims[name].(string)
	return s, ok
}

func (a *Auth) bearer(ctx context.Context, token string, act bool) (access.Person, time.Time, error) {
	p, err := a.providerForToken(token)
	if err != nil {
		return access.Person{}, time.Time{}, err
	}
	return p.bearer(ctx, token, act)
}

// providerByName finds a provider by the name that people choose it by.
func (a *Auth) providerByName(name string) (*provider, bool) {
	for _, p := range a.providers {
		if p.config.Name == name || len(a.providers) == 1 && name == "" {
			return p, true
		}
	}
	return nil, false
}

// LoginProviders are the providers that people may log in at; none if there is one
// only, and nothing to choose.
func (a *Auth) LoginProviders() []string {
	var out []string
	for _, p := range a.providers {
		if len(a.providers) > 1 && p.config.Kind == access.KindHuman {
			out = append(out, p.config.Name)
		}
	}
	return out
}
