package awsiam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

var _ integrations.UsageReporter = (*target)(nil)

// Usage implements integrations.UsageReporter, by what IAM says of when the role was last
// used to call AWS. IAM learns of use late: within four hours, mostly
// (docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html). So that it
// says nothing means nothing, and there may be use after the last that it knows.
func (t *target) Usage(ctx context.Context, g access.Grant) (access.Usage, error) {
	out, err := t.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &g.Name})
	if err != nil {
		return access.Usage{}, awsapi.Mapped(err)
	}
	u := access.Usage{Kind: access.UsageLast}
	if path := aws.ToString(out.Role.Path); path == t.config.Path && out.Role.RoleLastUsed != nil {
		u.Last = aws.ToTime(out.Role.RoleLastUsed.LastUsedDate)
	}
	return u, nil
}

// WatchUsage implements integrations.UsageReporter: IAM keeps what it knows.
func (t *target) WatchUsage(context.Context) error { return nil }

// UsageStays implements integrations.UsageReporter: what IAM knows of a role goes with it.
func (t *target) UsageStays() bool { return false }
