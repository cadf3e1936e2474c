package awsapi

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/sirupsen/logrus"

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

	// Assume are the roles that Ramp assumes, each with the credentials of the one
	// before, the first with its own. The last is in the account.
	Assume []Assume `yaml:"assume,omitempty"`
}

// Assume is one role of a chain.
type Assume struct {
	Role string `yaml:"role"` // its ARN
	// ExternalID is what the role's trust policy wants to hear. AWS does not treat it
	// as a secret: it keeps a service that many customers use from being led into the
	// account of another.
	ExternalID string `yaml:"externalId,omitempty"`
}

// AccountShape matches the id of an account.
var AccountShape = regexp.MustCompile(`^[0-9]{12}$`)

var (
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`)
	partitionShape = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	roleShape      = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/[A-Za-z0-9_+=,.@/-]{1,500}$`)
	externalShape  = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]{2,256}$`)
)

// maxChain is how many roles a chain has at the most. One in a hub and one in the
// account are usual; AWS ends each session of a chain after an hour.
const maxChain = 4

// chainSession is the name of Ramp's sessions in CloudTrail of the accounts that it
// changes by a chain of roles.
const chainSession = "ramp"

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
	return append(issues, c.validateChain()...)
}

func (c Config) validateChain() (issues access.Issues) {
	issues.Require(len(c.Assume) <= maxChain, "assume_long", "assume", "at most %d roles, one after the other", maxChain)
	for i, one := range c.Assume {
		field := fmt.Sprintf("assume[%d]", i)
		m := roleShape.FindStringSubmatch(one.Role)
		issues.Require(m != nil && m[1] == c.Partition, "assume_malformed", field+".role", "the ARN of a role of partition %s is needed", c.Partition)
		issues.Require(one.ExternalID == "" || externalShape.MatchString(one.ExternalID), "external_id_malformed", field+".externalId",
			"2 to 256 letters, digits and _+=,.@:/-")
		if last := i == len(c.Assume)-1; last && m != nil {
			issues.Require(m[2] == c.Account, "assume_elsewhere", field+".role", "the last role must be in account %s", c.Account)
		}
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
		// What the SDK says by itself, such as that it asks the machine's older metadata, would
		// stand among the results of a command.
		awsconfig.WithLogger(logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
			logrus.Debugf("AWS's SDK: "+format, v...)
		})),
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
	for _, one := range c.Assume {
		// Each session is renewed before it ends, from the one before it.
		sdk.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(sdk), one.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = chainSession
			if one.ExternalID != "" {
				o.ExternalID = aws.String(one.ExternalID)
			}
		}))
	}
	return sdk, nil
}
