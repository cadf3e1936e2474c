package awsiam

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

// Config configures one AWS account.
type Config struct {
	awsapi.Config `yaml:",inline"`

	Path string `yaml:"path,omitempty"` // of the roles, Ramp's alone; /ramp/ if empty

	Worker string      `yaml:"worker,omitempty"` // ARN of the role or user that Ramp is: it assumes roles to hand out credentials
	Trust  TrustConfig `yaml:"trust,omitempty"`  // people who assume roles by themselves

	Boundary   string `yaml:"boundary,omitempty"` // ARN of the policy that bounds every role
	NoBoundary bool   `yaml:"noBoundary,omitempty"`

	Allow []AllowConfig `yaml:"allow,omitempty"` // the most that contracts may give
	// Describe says more of the resources in the inventory, and adds those that a
	// wildcard of allow covers.
	Describe integrations.Described `yaml:"describe,omitempty"`

	// Consistency is how long IAM may show an old state; 15 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// TrustConfig says how AWS knows the requester. Either the ARN names them, or
// their session carries their name as its source identity.
type TrustConfig struct {
	ARN            string `yaml:"arn,omitempty"`            // may contain {{ principal }}
	SourceIdentity bool   `yaml:"sourceIdentity,omitempty"` // the session's source identity must be the principal
}

// AllowConfig allows each of its actions on each of its resources. The
// wildcards are those of IAM: * and ?.
type AllowConfig struct {
	Actions   []string `yaml:"actions"`
	Resources []string `yaml:"resources"`
}

const (
	defaultPath        = "/ramp/"
	defaultConsistency = access.Duration(15 * time.Second)
)

// Validate returns everything that is wrong. It does not reach for AWS.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

// Open returns the target. It does not call AWS; Ping does. Errors are of code
// invalid, with every issue.
func (c Config) Open(ctx context.Context, _ string) (integrations.Target, error) {
	return c.open(ctx, nil)
}

// open takes the transport to AWS; nil is the SDK's own.
func (c Config) open(ctx context.Context, wire http.RoundTripper) (integrations.Target, error) {
	c = c.withDefaults()
	if issues := c.validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	sdk, err := c.Load(ctx, wire)
	if err != nil {
		return nil, err
	}
	t := &target{config: c, iam: iam.NewFromConfig(sdk), sts: sts.NewFromConfig(sdk)}
	if c.Worker != "" {
		return &minter{t}, nil
	}
	return t, nil
}

func (c Config) withDefaults() Config {
	c.Config = c.Config.WithDefaults()
	if c.Path == "" {
		c.Path = defaultPath
	}
	if c.Consistency == 0 {
		c.Consistency = defaultConsistency
	}
	return c
}

// roleARN returns the ARN of a grant's role.
func (c Config) roleARN(grant string) string {
	return "arn:" + c.Partition + ":iam::" + c.Account + ":role" + c.Path + grant
}
