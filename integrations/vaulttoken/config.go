package vaulttoken

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// Config is one Vault, or one namespace of it.
type Config struct {
	Address   string       `yaml:"address"`             // such as https://vault.example.com:8200; http on loopback only
	Namespace string       `yaml:"namespace,omitempty"` // of Vault Enterprise
	CAFile    field.File   `yaml:"caFile,omitempty"`    // PEM; the system's authorities if empty
	Token     field.Secret `yaml:"token"`               // Ramp's own; read for every call, so it may rotate
	Policies  []string     `yaml:"policies"`            // the policies that contracts may give
}

var (
	// Vault keeps policy names in lower case; a comma would be two of them.
	policyShape    = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,127}$`)
	namespaceShape = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?$`)
	// What Vault refuses on tokens, and root, which nobody gets from Ramp.
	neverGiven = []string{"root", "response-wrapping", "control-group"}
)

// Validate collects everything that is wrong, reaching for nothing.
func (c Config) Validate(_ string) []access.Issue { return c.validate() }

// Open makes the target. It does not call Vault: one that is down opens, and
// fails its Check. Errors are of code invalid, with every issue, or unavailable.
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, nil)
}

// open lets tests stand between the target and its Vault.
func (c Config) open(_ context.Context, name string, between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	if issues := c.validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	c.Policies = slices.Sorted(slices.Values(c.Policies))
	c.Namespace = strings.TrimSuffix(c.Namespace, "/")
	var authorities []byte
	if c.CAFile != "" {
		var err error
		if authorities, err = os.ReadFile(string(c.CAFile)); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "caFile: %w", err)
		}
	}
	v, err := newVault(c, authorities, between)
	if err != nil {
		return nil, err
	}
	return &target{name: name, config: c, vault: v, authorities: string(authorities)}, nil
}

// validate collects everything that is wrong.
func (c Config) validate() (issues []access.Issue) {
	bad := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: field, Message: message})
	}
	if code, message := checkAddress(c.Address); code != "" {
		bad(code, "address", message)
	}
	if c.Namespace != "" && !namespaceShape.MatchString(c.Namespace) {
		bad("namespace_malformed", "namespace", "a namespace is like team or team/project")
	}
	if c.Token.IsZero() {
		bad("token_missing", "token", "Ramp's own token is needed: file:PATH or env:NAME")
	} else if err := c.Token.Validate(); err != nil {
		bad("token_malformed", "token", err.Error())
	}
	if len(c.Policies) == 0 {
		bad("policies_missing", "policies", "at least one policy is needed")
	}
	for i, p := range c.Policies {
		switch {
		case !policyShape.MatchString(p):
			bad("policy_malformed", "policies", "not a policy's name, in lower case: "+access.Clip(p, 40))
		case slices.Contains(neverGiven, p):
			bad("policy_never", "policies", p+" is never given")
		case slices.Contains(c.Policies[:i], p):
			bad("policy_duplicate", "policies", p+" is there twice")
		}
	}
	return issues
}

// checkAddress wants an address that keeps tokens private on their way.
func checkAddress(address string) (code, message string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		// Not echoed: it may have a password in it.
		return "address_malformed", "an address is like https://vault.example.com:8200, with nothing after the port"
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	default:
		return "address_insecure", "https is needed, but for http on this machine itself: tokens travel in it"
	}
	return "", ""
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
