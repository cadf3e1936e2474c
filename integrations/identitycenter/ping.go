package identitycenter

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

// Ping implements integrations.Pinger: the credentials are of the configured account,
// the permission sets are what the configuration says, their sessions are no longer
// than it says, and the deny policy is in force somewhere.
func (t *target) Ping(ctx context.Context) error {
	me, err := t.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return awsapi.Mapped(err)
	}
	if account := aws.ToString(me.Account); account != t.config.Account {
		return access.Errorf(access.CodeForbidden, "the credentials are of account %s, not %s", account, t.config.Account)
	}
	if _, err := t.store.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &t.config.IdentityStore, MaxResults: aws.Int32(1)}); err != nil {
		return awsapi.Mapped(err)
	}
	for _, name := range slices.Sorted(maps.Keys(t.config.PermissionSets)) {
		if err := t.pingSet(ctx, name); err != nil {
			return err
		}
	}
	if t.config.DenyPolicy == "" {
		return nil
	}
	return t.pingPolicy(ctx)
}

func (t *target) pingSet(ctx context.Context, name string) error {
	arn := t.config.PermissionSets[name]
	of := instance(arn)
	out, err := t.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &of, PermissionSetArn: &arn})
	if awsapi.Missing(err) {
		return access.Errorf(access.CodeConflict, "AWS has no permission set %s, which the configuration calls %s", arn, name)
	}
	if err != nil {
		return awsapi.Mapped(err)
	}
	set := out.PermissionSet
	if set == nil || aws.ToString(set.Name) != name {
		return access.Errorf(access.CodeConflict, "the permission set %s is not %s on AWS", arn, name)
	}
	// AWS writes PT8H, and PT1H30M.
	longest, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(aws.ToString(set.SessionDuration), "PT")))
	if err == nil && longest > t.config.Session.Std() {
		return access.Errorf(access.CodeConflict, "sessions of the permission set %s last %s, longer than the %s of the configuration: they would not be denied to their end", name, longest, t.config.Session)
	}
	return nil
}

func (t *target) pingPolicy(ctx context.Context) error {
	if _, err := t.denyPolicy(ctx); err != nil {
		return err
	}
	out, err := t.org.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &t.config.DenyPolicy})
	if err != nil {
		return awsapi.Mapped(err)
	}
	if len(out.Targets) == 0 {
		return access.Errorf(access.CodeConflict, "the deny policy %s is attached to nothing: it denies nobody anything", t.config.DenyPolicy)
	}
	return nil
}
