package vaulttoken

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/vaultapi"
)

// Config configures one Vault, or one namespace of it.
type Config struct {
	jsonhttp.Config `yaml:",inline"`
	Namespace       string   `yaml:"namespace,omitempty"` // of Vault Enterprise, HCP Vault and OpenBao
	Policies        []string `yaml:"policies,omitempty"`  // the policies that contracts may give
	// SignIn is how the worker gets a token of its own; nil where Token is one.
	SignIn *SignIn `yaml:"signIn,omitempty"`
	// Logins says that people log in themselves; nil where Ramp gives them tokens.
	Logins *Logins `yaml:"logins,omitempty"`
	// Secrets are the dynamic secrets that contracts may give, by the name that contracts use.
	Secrets map[string]Secret `yaml:"secrets,omitempty"`
	// Describe says more of the policies and secrets in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

var (
	// Vault keeps policy names in lower case; a comma would be two of them.
	policyShape    = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,127}$`)
	namespaceShape = regexp.MustCompile(`^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?)?$`)
	// neverGiven are the policies that Vault refuses for tokens, and root, which
	// nobody gets from Ramp.
	neverGiven = []string{"root", "response-wrapping", "control-group"}
)

// Open returns the target. It does not call Vault: the target of one that is down
// opens, and fails its Ping. Errors are of code invalid, with every issue, or
// unavailable.
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	if c.Logins != nil {
		return c.openLogins(name, nil)
	}
	return c.open(ctx, name, nil)
}

// open lets tests put a transport between the target and Vault.
func (c Config) open(_ context.Context, name string, between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	c, own, err := c.connect(name, between)
	if err != nil {
		return nil, err
	}
	return &target{name: name, config: c, vault: own}, nil
}

// connect returns the configuration as it is used, and the client.
func (c Config) connect(name string, between func(http.RoundTripper) http.RoundTripper) (Config, *vault, error) {
	if issues := c.Validate(name); len(issues) > 0 {
		return c, nil, access.Invalid(issues...)
	}
	c.Policies = slices.Sorted(slices.Values(c.Policies))
	c.Namespace = strings.TrimSuffix(c.Namespace, "/")
	client, err := c.Config.Open(vaultapi.Dialect(c.Namespace), between)
	if err != nil {
		return c, nil, err
	}
	own := &vault{Client: client}
	if c.SignIn != nil {
		own.session = newSession(client.As(nil), c.SignIn.method(c.Namespace))
		own.Client = client.As(own.session)
	}
	return c, own, nil
}

// Validate returns everything that is wrong. It does not reach for Vault.
func (c Config) Validate(string) access.Issues {
	var issues access.Issues
	if c.SignIn == nil {
		issues = c.Config.Validate()
	} else {
		issues = append(c.ValidateAddress(), c.SignIn.validate()...)
		issues.Require(c.Token.IsZero(), "token_twice", "token", "the worker signs in (signIn), so it has no other token")
		if err := c.Token.Validate(); err != nil {
			issues.Add("token_malformed", "token", "%s", err)
		}
	}
	issues.Require(namespaceShape.MatchString(c.Namespace), "namespace_malformed", "namespace", "a namespace is like team or team/project")
	issues.Require(len(c.Policies)+len(c.Secrets) > 0, "policies_missing", "policies", "at least one policy, or one secret, is needed")
	for i, p := range c.Policies {
		issues.Require(policyShape.MatchString(p), "policy_malformed", "policies", "%q is not the name of a policy, in lower case", access.Clip(p, 40))
		issues.Require(!slices.Contains(neverGiven, p), "policy_never", "policies", "%s is never given", p)
		issues.Require(!slices.Contains(c.Policies[:i], p), "policy_duplicate", "policies", "%s is listed twice", access.Clip(p, 40))
	}
	issues = append(issues, c.validateSecrets()...)
	issues = append(issues, c.validateLogins()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listPolicies: func(v string) bool { return slices.Contains(c.Policies, v) },
		listSecrets:  func(v string) bool { _, there := c.Secrets[v]; return there },
	})...)
}
