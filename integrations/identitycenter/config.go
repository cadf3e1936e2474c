package identitycenter

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/pacing"
)

// Config configures one instance of IAM Identity Center.
type Config struct {
	awsapi.Config `yaml:",inline"` // the account where Ramp works: the management account, or the delegated administrator

	IdentityStore string `yaml:"identityStore"`        // the instance's identity store, such as d-1234567890
	User          string `yaml:"user,omitempty"`       // the attribute that is the requester's id: userName, or emails.value; userName if empty
	Management    string `yaml:"management,omitempty"` // the organisation's management account; account if empty
	Portal        string `yaml:"portal,omitempty"`     // where people sign in, for approvers and requesters to read

	// PermissionSets are those that contracts may name: the name that AWS knows, and
	// the ARN. The ARN decides.
	PermissionSets map[string]string `yaml:"permissionSets"`
	Allow          []AllowConfig     `yaml:"allow"` // the most that contracts may give

	// DenyPolicy is the id of a service control policy that is Ramp's alone. Without
	// one, sessions that people have when access ends go on for up to Session.
	DenyPolicy string          `yaml:"denyPolicy,omitempty"`
	Session    access.Duration `yaml:"session,omitempty"` // the longest session of the permission sets; 12 h if zero

	// Describe says more of accounts and permission sets in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long AWS may show an old state; 10 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// AllowConfig allows each of its permission sets in each of its accounts.
type AllowConfig struct {
	PermissionSets []string `yaml:"permissionSets"`
	// Accounts are ids. * stands for every account but the management account, which
	// has to be listed.
	Accounts []string `yaml:"accounts"`
}

const (
	byUserName         = "userName"
	byEmail            = "emails.value"
	everyAccount       = "*"
	longestSession     = access.Duration(12 * time.Hour) // of any permission set
	shortestSession    = access.Duration(time.Hour)
	defaultConsistency = access.Duration(10 * time.Second)
	maxConsistency     = access.Duration(5 * time.Minute)
)

// Validate returns everything that is wrong. It does not reach for AWS.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

// Open returns the target. It does not call AWS; Ping does. Errors are of code
// invalid, with every issue.
func (c Config) Open(ctx context.Context, _ string) (integrations.Target, error) {
	return c.open(ctx, nil)
}

// open takes the transport to AWS; nil is the SDK's own.
func (c Config) open(ctx context.Context, wire http.RoundTripper) (*target, error) {
	c = c.withDefaults()
	if issues := c.validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	sdk, err := c.Load(ctx, wire)
	if err != nil {
		return nil, err
	}
	t := &target{config: c,
		sso: ssoadmin.NewFromConfig(sdk), store: identitystore.NewFromConfig(sdk), org: organizations.NewFromConfig(sdk), sts: sts.NewFromConfig(sdk), iam: iam.NewFromConfig(sdk)}
	t.Target = counted.New(t, counted.Shared{Prefix: assigned, Consistency: c.Consistency.Std(), Step: pollEvery})
	t.accounts.pace = pacing.New(pacing.Rate{PerSecond: accountPages, Burst: accountPages})
	return t, nil
}

func (c Config) withDefaults() Config {
	c.Config = c.Config.WithDefaults()
	if c.User == "" {
		c.User = byUserName
	}
	if c.Management == "" {
		c.Management = c.Account
	}
	if c.Session == 0 {
		c.Session = longestSession
	}
	if c.Consistency == 0 {
		c.Consistency = defaultConsistency
	}
	return c
}
