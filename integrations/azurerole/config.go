package azurerole

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config configures roles in one tenant of Azure.
type Config struct {
	Tenant string `yaml:"tenant"` // its id
	Client string `yaml:"client"` // the id of Ramp's own application there
	// Secret is the application's, or Assertion a token of another identity provider that the
	// application trusts (a federated credential). They are read for every call.
	Secret    field.Secret `yaml:"secret,omitempty"`
	Assertion field.Secret `yaml:"assertion,omitempty"`
	Cloud     string       `yaml:"cloud,omitempty"`    // public, usgov or china; public if empty
	Endpoint  string       `yaml:"endpoint,omitempty"` // takes the place of all three of Azure's addresses, for tests
	CAFile    field.File   `yaml:"caFile,omitempty"`   // PEM; the system's authorities if empty

	// User says what the requester's id is at Entra ID: userPrincipalName, which is looked up
	// in Microsoft Graph, or id, the object's own; userPrincipalName if empty.
	User string `yaml:"user,omitempty"`
	// Roles are those that contracts may name: the name that people read, and the GUID.
	Roles map[string]string `yaml:"roles"`
	Allow []AllowConfig     `yaml:"allow"` // the most that contracts may give

	// Describe says more of scopes and roles in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long Azure may show an old state; 30 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// AllowConfig allows each of its roles on each of its scopes.
type AllowConfig struct {
	Scopes []string `yaml:"scopes"` // /subscriptions/GUID and what is below
	Roles  []string `yaml:"roles"`  // names under Config.Roles
}

// addresses are those of one of Azure's clouds.
type addresses struct{ management, graph, login string }

func clouds() map[string]addresses {
	return map[string]addresses{
		"public": {"https://management.azure.com", "https://graph.microsoft.com", "https://login.microsoftonline.com"},
		"usgov":  {"https://management.usgovcloudapi.net", "https://graph.microsoft.us", "https://login.microsoftonline.us"},
		"china":  {"https://management.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
	}
}

const (
	byName             = "userPrincipalName"
	byID               = "id"
	defaultConsistency = access.Duration(30 * time.Second)
	maxConsistency     = access.Duration(10 * time.Minute)
	pollEvery          = time.Second
)

// Validate returns everything that is wrong. It does not reach for Azure.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

// Open returns the target. It does not call Azure; Ping does. Errors are of code invalid,
// with every issue, and unavailable (a file cannot be read).
func (c Config) Open(_ context.Context, _ string) (integrations.Target, error) { return c.open(nil) }

// open puts a wrapper between the clients and the network, for tests.
func (c Config) open(between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	c = c.withDefaults()
	if err := c.validate().Err(); err != nil {
		return nil, err
	}
	credentials := c.Secret
	if credentials.IsZero() {
		credentials = c.Assertion
	}
	at, t := clouds()[c.Cloud], &target{config: c}
	login := cmp.Or(c.Endpoint, at.login) + "/" + c.Tenant + "/oauth2/v2.0/token"
	for address, client := range map[string]**jsonhttp.Client{at.management: &t.management, at.graph: &t.graph} {
		service := jsonhttp.Config{Address: cmp.Or(c.Endpoint, address), CAFile: c.CAFile}
		tokens, err := service.OpenTokens("Azure", credentials.Cached(), c.askToken(login, address+"/.default"), between)
		if err != nil {
			return nil, err
		}
		if *client, err = service.Open(dialect(tokens), between); err != nil {
			return nil, err
		}
	}
	t.Target = counted.New(t, counted.Shared{Prefix: assigned, Consistency: c.Consistency.Std(), Step: pollEvery})
	return t, nil
}

func (c Config) withDefaults() Config {
	c.Cloud, c.User, c.Consistency = cmp.Or(c.Cloud, "public"), cmp.Or(c.User, byName), cmp.Or(c.Consistency, defaultConsistency)
	return c
}
