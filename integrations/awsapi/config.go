package awsapi

import (
	"context"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Config says which account a target is. A target's configuration has it inline.
type Config struct {
	Region    string `yaml:"region"`
	Account   string `yaml:"account"`             // 12 digits
	Profile   string `yaml:"profile,omitempty"`   // of the shared configuration files; AWS's default credentials if empty
	Endpoint  string `yaml:"endpoint,omitempty"`  // of an emulator
	Partition string `yaml:"partition,omitempty"` // aws if empty
}

// AccountShape matches the id of an account.
var AccountShape = regexp.MustCompile(`^[0-9]{12}$`)

var (
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`)
	partitionShape = regexp.MustCompile(`^aws(-[a-z]+)*$`)
)

// WithDefaults returns c with its defaults filled in.
func (c Config) WithDefaults() Config {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	return c
}

// Validate returns everything that is wrong, with defaults filled in. It does not
// reach for AWS.
func (c Config) Validate() (issues access.Issues) {
	issues.Require(regionShape.MatchString(c.Region), "region_malformed", "region", "a region is needed, such as eu-central-1")
	issues.Require(AccountShape.MatchString(c.Account), "account_malformed", "account", "the account's 12 digits are needed, in quotes")
	issues.Require(partitionShape.MatchString(c.Partition), "partition_malformed", "partition", "such as aws, aws-cn or aws-us-gov")
	if c.Endpoint != "" {
		issues = append(issues, integrations.CheckAddress("endpoint", c.Endpoint)...)
	}
	return issues
}

// Load returns what the SDK's clients are made of. It does not call AWS. The
// transport to AWS is wire; nil is the SDK's own. Errors are of code invalid.
func (c Config) Load(ctx context.Context, wire http.RoundTripper) (aws.Config, error) {
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
		return sdk, access.Errorf(access.CodeInvalid, "AWS configuration: %w", err)
	}
	if wire != nil {
		sdk.HTTPClient = &http.Client{Transport: wire}
	}
	if c.Endpoint != "" {
		sdk.BaseEndpoint = aws.String(c.Endpoint)
	}
	return sdk, nil
}
