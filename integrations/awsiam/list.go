package awsiam

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"ramp.dev/ramp/integrations/awsapi"
)

// content is what a role has in it: names of inline policies, ARNs of attached
// ones, and names of the instance profiles that it is in.
type content struct {
	inline, attached, profiles []string
	ends                       time.Time // the earlier of the ends that its policies state; zero if none does
}

// content reads what is in a role: nothing, if there is no role.
func (t *target) content(ctx context.Context, name string) (c content, err error) {
	c.inline, err = awsapi.All(ctx, iam.NewListRolePoliciesPaginator(t.iam, &iam.ListRolePoliciesInput{RoleName: &name}),
		func(page *iam.ListRolePoliciesOutput) []string { return page.PolicyNames })
	if err != nil {
		return content{}, awsapi.UnlessMissing(err)
	}
	attached, err := awsapi.All(ctx, iam.NewListAttachedRolePoliciesPaginator(t.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name}),
		func(page *iam.ListAttachedRolePoliciesOutput) []types.AttachedPolicy { return page.AttachedPolicies })
	if err != nil {
		return content{}, awsapi.UnlessMissing(err)
	}
	for _, p := range attached {
		c.attached = append(c.attached, aws.ToString(p.PolicyArn))
	}
	profiles, err := awsapi.All(ctx, iam.NewListInstanceProfilesForRolePaginator(t.iam, &iam.ListInstanceProfilesForRoleInput{RoleName: &name}),
		func(page *iam.ListInstanceProfilesForRoleOutput) []types.InstanceProfile {
			return page.InstanceProfiles
		})
	if err != nil {
		return content{}, awsapi.UnlessMissing(err)
	}
	for _, p := range profiles {
		c.profiles = append(c.profiles, aws.ToString(p.InstanceProfileName))
	}
	return c, nil
}
