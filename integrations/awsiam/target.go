package awsiam

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
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
	actions, resources := strings.Join(ent.Actions, ", "), strings.Join(ent.Resources, ", ")
	scope := access.Scope{
		Summary: fmt.Sprintf("%s on %s in AWS account %s", brief(ent.Actions, "actions"), brief(ent.Resources, "resources"), t.config.Account),
		Facts: map[string]string{"account": t.config.Account, "role": t.config.roleARN(access.NamePrefix + "<request>-<letter>"),
			"actions": actions, "resources": resources, "boundary": "none", "assumed by": t.config.assumers()},
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
	pages := iam.NewListRolesPaginator(t.iam, &iam.ListRolesInput{PathPrefix: aws.String(t.config.Path)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, mapped(err)
		}
		for _, r := range page.Roles {
			if aws.ToString(r.Path) == t.config.Path {
				listed = append(listed, integrations.ListedGrant{Name: aws.ToString(r.RoleName), ExpiresAt: endOf(aws.ToString(r.AssumeRolePolicyDocument))})
			}
		}
	}
	return listed, nil
}

// Ping implements integrations.Checker: the credentials are Ramp's, of the
// configured account, and may list roles.
func (t *target) Ping(ctx context.Context) error {
	me, err := t.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return mapped(err)
	}
	if account := aws.ToString(me.Account); account != t.config.Account {
		return access.Errorf(access.CodeForbidden, "the credentials are of account %s, not %s", account, t.config.Account)
	}
	if arn := aws.ToString(me.Arn); t.config.Worker != "" && !isSession(arn, t.config.Worker) {
		return access.Errorf(access.CodeForbidden, "the credentials are of %s, not of the worker %s: no role would trust them", arn, t.config.Worker)
	}
	_, err = t.iam.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String(t.config.Path), MaxItems: aws.Int32(1)})
	return mapped(err)
}

// isSession reports whether caller is the user or role, or a session of the
// role. A session's ARN leaves out its role's path.
func isSession(caller, arn string) bool {
	if caller == arn {
		return true
	}
	own, given := strings.SplitN(caller, ":", 6), strings.SplitN(arn, ":", 6)
	if len(own) != 6 || len(given) != 6 || own[2] != "sts" || own[4] != given[4] {
		return false
	}
	role, isRole := strings.CutPrefix(given[5], "role/")
	return isRole && strings.HasPrefix(own[5], "assumed-role/"+role[strings.LastIndexByte(role, '/')+1:]+"/")
}
