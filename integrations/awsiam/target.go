package awsiam

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	config Config
	iam    *iam.Client
	sts    *sts.Client
}

// minter is a target whose roles also trust Ramp.
type minter struct{ *target }

var (
	_ integrations.Target   = (*target)(nil)
	_ integrations.Extender = (*target)(nil)
	_ integrations.Pinger   = (*target)(nil)
	_ integrations.Minter   = (*minter)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	summary := ent.summary
	if summary == "" {
		summary = brief(ent.actions(), "actions") + " on " + brief(ent.resources(), "resources")
	}
	scope := access.Scope{
		Summary: summary + " in AWS account " + t.config.Account,
		Facts: map[string]string{"account": t.config.Account, "role": t.config.roleARN(access.NamePrefix + "<request>-<letter>"),
			"actions": strings.Join(ent.actions(), ", "), "resources": strings.Join(ent.resources(), ", "), "boundary": "none", "assumed by": t.config.assumers()},
		Ends: "AWS refuses every call of the role, and assuming it, from the end of access on: the date stands in the role's policies",
	}
	if t.config.Boundary != "" {
		scope.Facts["boundary"] = t.config.Boundary
	}
	return scope, nil
}

// brief returns a list for a summary, shortened; the facts have all of it.
func brief(list []string, what string) string {
	if text := strings.Join(list, ", "); len(text) <= 120 {
		return text
	}
	return fmt.Sprintf("%d %s", len(list), what)
}

// assumers returns who may assume a role, in words.
func (c Config) assumers() string {
	var who []string
	if c.Worker != "" {
		who = append(who, "Ramp, for the requester ("+c.Worker+")")
	}
	if c.Trust.ARN != "" {
		arn := strings.ReplaceAll(c.Trust.ARN, placeholder, "<requester>")
		if c.Trust.SourceIdentity {
			arn += " with the requester as its source identity"
		}
		who = append(who, arn)
	}
	return strings.Join(who, "; ")
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// IAM publishes no limit; one account starts to be throttled somewhere above
	// ten changes a second, and one operation makes up to six calls.
	return integrations.Bounds{Consistency: t.config.Consistency.Std(), Ending: 2 * time.Minute,
		Rate: pacing.Rate{PerSecond: 4, Burst: 8}}
}

// Inspect implements integrations.Target. AWS has no list of sessions, and needs
// none: it evaluates the role on every call, so no session does anything once the
// role is gone. Errors are also of code conflict: a role outside Ramp's path has
// the name, perhaps made under an earlier configuration.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	_, found, err := t.role(ctx, g.Name)
	return access.ReadBack{Open: found}, err
}

// List implements integrations.Target: the roles directly in Ramp's path. It reads
// the end from the trust policy, because IAM does not list tags.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	roles, err := awsapi.All(ctx, iam.NewListRolesPaginator(t.iam, &iam.ListRolesInput{PathPrefix: aws.String(t.config.Path)}),
		func(page *iam.ListRolesOutput) []types.Role { return page.Roles })
	for _, r := range roles {
		if aws.ToString(r.Path) == t.config.Path {
			listed = append(listed, integrations.ListedGrant{Name: aws.ToString(r.RoleName), ExpiresAt: awsapi.EndOf(aws.ToString(r.AssumeRolePolicyDocument))})
		}
	}
	return listed, awsapi.Mapped(err)
}

// Ping implements integrations.Pinger: the credentials are Ramp's, of the
// configured account, and may list roles.
func (t *target) Ping(ctx context.Context) error {
	me, err := t.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return awsapi.Mapped(err)
	}
	if account := aws.ToString(me.Account); account != t.config.Account {
		return access.Errorf(access.CodeForbidden, "the credentials are of account %s, not %s", account, t.config.Account)
	}
	if arn := aws.ToString(me.Arn); t.config.Worker != "" && !isSession(arn, t.config.Worker) {
		return access.Errorf(access.CodeForbidden, "the credentials are of %s, not of the worker %s: no role would trust them", arn, t.config.Worker)
	}
	_, err = t.iam.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String(t.config.Path), MaxItems: aws.Int32(1)})
	return awsapi.Mapped(err)
}

// isSession reports whether caller is the user or role, or a session of the
// role. A session's ARN leaves out its role's path.
func isSession(caller, arn string) bool {
	if caller == arn {
		return true
	}
	own, err := awsarn.Parse(caller)
	if err != nil || own.Service != "sts" {
		return false
	}
	given, err := awsarn.Parse(arn)
	role, isRole := strings.CutPrefix(given.Resource, "role/")
	return err == nil && isRole && own.AccountID == given.AccountID &&
		strings.HasPrefix(own.Resource, "assumed-role/"+role[strings.LastIndexByte(role, '/')+1:]+"/")
}
