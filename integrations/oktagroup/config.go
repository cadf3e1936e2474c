package oktagroup

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config configures groups of one organisation at Okta.
type Config struct {
	Address string     `yaml:"address"`          // the organisation's, such as https://example.okta.com
	CAFile  field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
	// Token is an API token (SSWS); Client and Key, in its place, are a service application
	// and its private key as a JWK (OAuth 2.0, private_key_jwt). They are read for every
	// call.
	Token  field.Secret `yaml:"token,omitempty"`
	Client string       `yaml:"client,omitempty"`
	Key    field.Secret `yaml:"key,omitempty"`

	// Groups are those that contracts may name: the name that people read, and Okta's id.
	Groups map[string]string `yaml:"groups"`
	// EndSessions ends all of a person's sessions at Okta when a membership ends.
	EndSessions bool `yaml:"endSessions,omitempty"`

	// Describe says more of groups in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long Okta may show an old state; 10 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

const (
	defaultConsistency = access.Duration(10 * time.Second)
	maxConsistency     = access.Duration(5 * time.Minute)
	pollEvery          = time.Second
)

var (
	clientShape = regexp.MustCompile(`^0oa[A-Za-z0-9]{17}$`)
	groupShape  = regexp.MustCompile(`^00g[A-Za-z0-9]{17}$`)
	userShape   = regexp.MustCompile(`^00u[A-Za-z0-9]{17}$`)
	loginShape  = regexp.MustCompile(`^[A-Za-z0-9._%+@'-]{1,100}$`)
)

// Validate returns everything that is wrong. It does not reach for Okta.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

func (c Config) validate() (issues access.Issues) {
	issues = integrations.CheckAddress("address", c.Address)
	require := issues.Require
	require(c.Token.IsZero() != c.Key.IsZero(), "token_missing", "token", "either token, or client and key, are needed: file:PATH, env:NAME or vault:MOUNT/PATH#FIELD")
	require(c.Key.IsZero() == (c.Client == "") && (c.Client == "" || clientShape.MatchString(c.Client)), "client_malformed", "client", "with key, the id of a service application is needed, such as 0oa0123456789abcdefg, and without it none")
	for name, secret := range map[string]field.Secret{"token": c.Token, "key": c.Key} {
		if err := secret.Validate(); err != nil {
			issues.Add("secret_malformed", name, "%s", err)
		}
	}
	require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	require(len(c.Groups) > 0, "groups_missing", "groups", "what contracts may name is needed: names and ids of groups")
	ids := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		id, at := c.Groups[name], "groups."+access.Clip(name, 40)
		require(name != "" && len(name) <= 255, "group_name", at, "Okta's names of groups have 1 to 255 characters")
		require(groupShape.MatchString(id), "group_malformed", at, "the id of a group is needed, such as 00g0123456789abcdefg")
		require(ids[id] == "", "group_twice", at, "it is the same group as %s", access.Clip(ids[id], 40))
		ids[id] = name
	}
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listGroups: func(v string) bool { return c.Groups[v] != "" },
	})...)
}

// Open returns the target. It does not call Okta; Ping does. Errors are of code invalid, with
// every issue, and unavailable (a file cannot be read).
func (c Config) Open(_ context.Context, _ string) (integrations.Target, error) { return c.open(nil) }

// open puts a wrapper between the client and the network, for tests.
func (c Config) open(between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	c = c.withDefaults()
	if err := c.validate().Err(); err != nil {
		return nil, err
	}
	client, err := c.client(between, c.askToken(c.scopes()...))
	if err != nil {
		return nil, err
	}
	t := &target{config: c, okta: client, between: between}
	t.Target = counted.New(t, counted.Shared{Prefix: member, Consistency: c.Consistency.Std(), Step: pollEvery})
	return t, nil
}

// client returns a client of Okta; of a service application, with the tokens that ask gets.
func (c Config) client(between func(http.RoundTripper) http.RoundTripper, ask jsonhttp.AskToken) (*jsonhttp.Client, error) {
	d := dialect()
	if !c.Key.IsZero() {
		var err error
		if d.Tokens, err = c.tokens(between, ask); err != nil {
			return nil, err
		}
		d.Authenticate = func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) }
	}
	return c.address().Open(d, between)
}

func (c Config) address() jsonhttp.Config {
	return jsonhttp.Config{Address: c.Address, CAFile: c.CAFile, Token: c.Token}
}

func (c Config) tokens(between func(http.RoundTripper) http.RoundTripper, ask jsonhttp.AskToken) (*jsonhttp.Tokens, error) {
	return c.address().OpenTokens("Okta", c.Key.Cached(), ask, between)
}

func (c Config) withDefaults() Config {
	c.Consistency = cmp.Or(c.Consistency, defaultConsistency)
	return c
}
