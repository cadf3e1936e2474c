package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"ramp.dev/ramp/integrations"
)

// Probe is a question to IAM: may Ramp's own principal do all of these on a resource?
type Probe struct {
	Actions  []string // such as iam:CreateRole
	Resource string   // an ARN, or *
	// Context are values of condition keys that a call would bring, such as
	// iam:PermissionsBoundary.
	Context map[string]string
	TooMuch bool // Ramp needs none of them; otherwise it needs them all
}

// CompareRights asks IAM what a principal may do, by SimulatePrincipalPolicy, which does
// none of it. caller is an ARN as STS returns it. IAM evaluates the principal's policies
// and its boundary, and those of the organisation as far as they have no conditions; it
// knows no policy of a session, and of a resource. A principal that may not ask, or that is
// the account's root, is an entry of Unknown and no error. Errors are those of AWS.
func CompareRights(ctx context.Context, client *iam.Client, caller string, probes []Probe) (r integrations.Rights, err error) {
	principal, err := principalOf(ctx, client, caller)
	switch {
	case strings.HasSuffix(caller, ":root"):
		return integrations.Rights{TooMuch: []string{"everything in the account: the credentials are those of its root user"}}, nil
	case err != nil && Refused(err):
		r.Unknown = append(r.Unknown, fmt.Sprintf("what %s may do: AWS does not let it read its own role; allow iam:GetRole on it", caller))
		return r, nil
	case err != nil:
		return r, Mapped(err)
	}
	for _, p := range probes {
		allowed, err := simulate(ctx, client, principal, p)
		if Refused(err) {
			r.Unknown = append(r.Unknown, fmt.Sprintf("what %s may do: AWS does not let it ask; allow iam:SimulatePrincipalPolicy on itself", principal))
			return r, nil
		}
		if err != nil {
			return r, Mapped(err)
		}
		for _, action := range p.Actions {
			text := action + " on " + p.Resource
			switch {
			case p.TooMuch && slices.Contains(allowed, action):
				r.TooMuch = append(r.TooMuch, text)
			case !p.TooMuch && !slices.Contains(allowed, action):
				r.Lacks = append(r.Lacks, text)
			}
		}
	}
	return r, nil
}

// Refused reports whether AWS refused a call for lack of rights.
func Refused(err error) bool {
	return Is(err, "AccessDenied") || Is(err, "AccessDeniedException")
}

// principalOf returns the ARN that IAM knows a caller by. A session names its role without
// the role's path, so the role is asked for.
func principalOf(ctx context.Context, client *iam.Client, caller string) (string, error) {
	parsed, err := awsarn.Parse(caller)
	if err != nil || parsed.Service != "sts" {
		return caller, nil
	}
	_, rest, _ := strings.Cut(parsed.Resource, "/")
	role, _, _ := strings.Cut(rest, "/")
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Role.Arn), nil
}

// simulate returns which of a probe's actions are allowed.
func simulate(ctx context.Context, client *iam.Client, principal string, p Probe) (allowed []string, err error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &principal, ActionNames: p.Actions, ResourceArns: []string{p.Resource}}
	for key, value := range p.Context {
		in.ContextEntries = append(in.ContextEntries, types.ContextEntry{ContextKeyName: aws.String(key), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}})
	}
	for pages := iam.NewSimulatePrincipalPolicyPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range page.EvaluationResults {
			if one.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed {
				allowed = append(allowed, aws.ToString(one.EvalActionName))
			}
		}
	}
	return allowed, nil
}
