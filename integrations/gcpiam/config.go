package gcpiam

import (
	"context"
	"net/http"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config configures roles on resources of Google Cloud.
type Config struct {
	// Credentials are who Ramp is there: the JSON of a service account's key, or of a workload
	// identity federation (type external_account). They are read for every call.
	Credentials field.Secret `yaml:"credentials"`
	// Endpoint takes the place of Google's addresses, for Private Service Connect and tests.
	Endpoint string     `yaml:"endpoint,omitempty"`
	CAFile   field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty

	// WorkforcePool is the pool by which people sign in, if they have no accounts at Google:
	// the requester's id is then the subject in it. Without one, it is the account's address.
	WorkforcePool string        `yaml:"workforcePool,omitempty"`
	Allow         []AllowConfig `yaml:"allow"` // the most that contracts may give

	// Describe says more of resources and roles in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long Google may show an old policy; 10 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// AllowConfig allows each of its roles on each of its resources.
type AllowConfig struct {
	// Resources are projects/ID, folders/NUMBER and buckets/NAME.
	Resources []string `yaml:"resources"`
	Roles     []string `yaml:"roles"` // such as roles/logging.viewer, or projects/ID/roles/NAME
}

const (
	defaultConsistency = access.Duration(10 * time.Second)
	maxConsistency     = access.Duration(5 * time.Minute)
	// maxResources bounds how many policies one look reads.
	maxResources = 100

	managerAddress = "https://cloudresourcemanager.googleapis.com"
	storageAddress = "https://storage.googleapis.com"
	iamAddress     = "https://iam.googleapis.com"
)

// Validate returns everything that is wrong. It does not reach for Google.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

// Open returns the target. It does not call Google; Ping does. Errors are of code invalid,
// with every issue, and unavailable (a file cannot be read).
func (c Config) Open(_ context.Context, _ string) (integrations.Target, error) { return c.open(nil) }

// open puts a wrapper between the clients and the network, for tests.
func (c Config) open(between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	c = c.withDefaults()
	if err := c.validate().Err(); err != nil {
		return nil, err
	}
	tokens, err := jsonhttp.Config{CAFile: c.CAFile}.OpenTokens("Google", c.Credentials.Cached(), askToken, between)
	if err != nil {
		return nil, err
	}
	d := dialect(tokens)
	t := &target{config: c, step: firstPause}
	for address, client := range map[string]**jsonhttp.Client{managerAddress: &t.manager, storageAddress: &t.storage, iamAddress: &t.iam} {
		if c.Endpoint != "" {
			address = c.Endpoint
		}
		if *client, err = (jsonhttp.Config{Address: address, CAFile: c.CAFile}).Open(d, between); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (c Config) withDefaults() Config {
	if c.Consistency == 0 {
		c.Consistency = defaultConsistency
	}
	return c
}
