package awsiam

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Config configures one AWS account.
type Config struct {
	Region   string `yaml:"region"`
	Account  string `yaml:"account"`            // 12 digits
	Profile  string `yaml:"profile,omitempty"`  // of the shared configuration files; AWS's default credentials if empty
	Endpoint string `yaml:"endpoint,omitempty"` // of an emulator

	Partition string `yaml:"partition,omitempty"` // aws if empty
	Path      string `yaml:"path,omitempty"`      // of the roles, Ramp's alone; /ramp/ if empty

	Worker string      `yaml:"worker,omitempty"` // ARN of the role or user that Ramp is: it assumes roles to hand out credentials
	Trust  TrustConfig `yaml:"trust,omitempty"`  // people who assume roles by themselves

	Boundary   string `yaml:"boundary,omitempty"` // ARN of the policy that bounds every role
	NoBoundary bool   `yaml:"noBoundary,omitempty"`

	Allow []AllowConfig `yaml:"allow,omitempty"` // the most that contracts may give

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
	defaultPartition   = "aws"
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
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(c.Region),
		// Ramp retries by itself. Retrying here, too, would multiply the calls
		// just when AWS asks for fewer, and hide throttling from the waiting user.
		awsconfig.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	if c.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(c.Profile))
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "AWS configuration: %w", err)
	}
	if wire != nil {
		sdk.HTTPClient = &http.Client{Transport: wire}
	}
	if c.Endpoint != "" {
		sdk.BaseEndpoint = aws.String(c.Endpoint)
	}
	t := &target{config: c, iam: iam.NewFromConfig(sdk), sts: sts.NewFromConfig(sdk)}
	if c.Worker != "" {
		return &minter{t}, nil
	}
	return t, nil
}

func (c Config) withDefaults() Config {
	if c.Partition == "" {
		c.Partition = defaultPartition
	}
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
