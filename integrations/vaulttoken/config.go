package vaulttoken

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// Config configures one Vault, or one namespace of it.
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
	// neverGiven are the policies that Vault refuses for tokens, and root, which
	// nobody gets from Ramp.
	neverGiven = []string{"root", "response-wrapping", "control-group"}
)

// Open returns the target. It does not call Vault: the target of one that is down
// opens, and fails its Ping. Errors are of code invalid, with every issue, or
// unavailable.
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, nil)
}

// open lets tests put a transport between the target and Vault.
func (c Config) open(_ context.Context, name string, between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	if issues := c.Validate(name); len(issues) > 0 {
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

// Validate returns everything that is wrong. It does not reach for Vault.
func (c Config) Validate(string) access.Issues {
	issues := integrations.CheckAddress("address", c.Address)
	if c.Namespace != "" && !namespaceShape.MatchString(c.Namespace) {
		issues.Add("namespace_malformed", "namespace", "a namespace is like team or team/project")
	}
	if c.Token.IsZero() {
		issues.Add("token_missing", "token", "Ramp's own token is needed: file:PATH or env:NAME")
	} else if err := c.Token.Validate(); err != nil {
		issues.Add("token_malformed", "token", "%s", err)
	}
	if len(c.Policies) == 0 {
		issues.Add("policies_missing", "policies", "at least one policy is needed")
	}
	for i, p := range c.Policies {
		switch {
		case !policyShape.MatchString(p):
			issues.Add("policy_malformed", "policies", "%q is not the name of a policy, in lower case", access.Clip(p, 40))
		case slices.Contains(neverGiven, p):
			issues.Add("policy_never", "policies", "%s is never given", p)
		case slices.Contains(c.Policies[:i], p):
			issues.Add("policy_duplicate", "policies", "%s is listed twice", p)
		}
	}
	return issues
}
