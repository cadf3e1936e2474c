package identitycenter

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/internal/strictjson"
)

// AWS's condition keys. Their names are compared without regard to case.
const (
	keyUser   = "identitystore:UserId"
	keyRole   = "aws:PrincipalArn"
	keyIssued = "aws:TokenIssueTime"
)

// maxPolicy is the size of a service control policy, in characters.
const maxPolicy = 5120

// nobody is whom the policy denies when it denies nobody: AWS takes no policy without
// a statement.
const nobody = "nobody"

// document returns the policy of denials. Where they do not all fit, the oldest are
// put together: the people of these are denied all their sessions, in every account,
// that were issued before the latest of them. They sign in again to have what is still
// theirs. Errors are of code unavailable: even so there is no room, until sessions
// have ended by themselves.
func (t *target) document(ctx context.Context, denials []denial) (string, error) {
	latest := map[assignment]time.Time{}
	for _, d := range denials {
		if d.at.After(latest[d.of]) {
			latest[d.of] = d.at
		}
	}
	var all []denial
	for of, at := range latest {
		all = append(all, denial{of, at})
	}
	slices.SortFunc(all, func(a, b denial) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.of.object(), b.of.object())
	})
	exact := make([]awsapi.Statement, len(all))
	for i, d := range all {
		pattern, err := t.rolePattern(ctx, d.of)
		if err != nil {
			return "", err
		}
		exact[i] = deny([]string{d.of.user}, pattern, d.at)
	}
	for together := range len(all) + 1 {
		doc := awsapi.Document{Version: awsapi.Version}
		if together > 0 {
			doc.Statement = append(doc.Statement, coarse(all[:together]))
		}
		doc.Statement = append(doc.Statement, exact[together:]...)
		if len(all) == 0 {
			doc.Statement = append(doc.Statement, deny([]string{nobody}, "", time.Unix(0, 0)))
		}
		if text := doc.String(); len(text) <= maxPolicy {
			return text, nil
		}
	}
	return "", access.Errorf(access.CodeUnavailable, "the deny policy has no room for the sessions of %d people; those of some have to end by themselves first", len(all))
}

// deny returns the statement that denies people what sessions of a role do that were
// issued before a time; of any role if role is empty.
func deny(users []string, role string, before time.Time) awsapi.Statement {
	s := awsapi.Statement{Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"}, Condition: map[string]map[string]any{
		"StringEquals": {keyUser: users},
		"DateLessThan": {keyIssued: before.UTC().Format(awsapi.Stamp)},
	}}
	if role != "" {
		s.Condition["ArnLike"] = map[string]any{keyRole: role}
	}
	return s
}

// coarse returns one statement for several denials, in the order of time.
func coarse(some []denial) awsapi.Statement {
	var users []string
	for _, d := range some {
		if !slices.Contains(users, d.of.user) {
			users = append(users, d.of.user)
		}
	}
	slices.Sort(users)
	return deny(users, "", some[len(some)-1].at)
}

// covers reports whether a policy denies what d does.
func covers(policy string, d denial, role string) bool {
	var doc struct {
		Statement []struct {
			Effect    string
			Action    []string
			Condition struct {
				StringEquals map[string]any
				ArnLike      map[string]string
				DateLessThan map[string]string
			}
		}
	}
	if strictjson.UnmarshalOpen([]byte(policy), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		before, err := time.Parse(awsapi.Stamp, s.Condition.DateLessThan[keyIssued])
		of := s.Condition.ArnLike[keyRole]
		if err == nil && !before.Before(d.at) && s.Effect == "Deny" && slices.Equal(s.Action, []string{"*"}) && (of == "" || of == role) && names(s.Condition.StringEquals[keyUser], d.of.user) {
			return true
		}
	}
	return false
}

// names reports whether a condition's value, one text or a list, has a text.
func names(value any, text string) bool {
	switch value := value.(type) {
	case string:
		return value == text
	case []any:
		return slices.Contains(value, any(text))
	}
	return false
}

// rolePattern matches the ARN of the role that a permission set is in an account, and
// of no other: its name ends with 16 characters that AWS makes up.
func (t *target) rolePattern(ctx context.Context, a assignment) (string, error) {
	name, err := t.setName(ctx, a.set)
	if err != nil {
		return "", err
	}
	return "arn:" + t.config.Partition + ":iam::" + a.account + ":role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_" + name + "_" + strings.Repeat("?", 16), nil
}

// setName returns the name of a permission set: from the configuration, or from AWS
// where it has been taken out of the configuration since.
func (t *target) setName(ctx context.Context, arn string) (string, error) {
	for name, is := range t.config.PermissionSets {
		if is == arn {
			return name, nil
		}
	}
	return t.nameOf(ctx, arn)
}

// nameOf asks AWS for the name of a permission set, once: it never changes.
func (t *target) nameOf(ctx context.Context, arn string) (string, error) {
	if known, ok := t.names.Load(arn); ok {
		return known.(string), nil
	}
	of := instance(arn)
	out, err := t.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &of, PermissionSetArn: &arn})
	if err != nil {
		return "", awsapi.Mapped(err)
	}
	if out.PermissionSet == nil || aws.ToString(out.PermissionSet.Name) == "" {
		return "", access.Errorf(access.CodeUnavailable, "AWS does not say what the permission set %s is", arn)
	}
	name := aws.ToString(out.PermissionSet.Name)
	t.names.Store(arn, name)
	return name, nil
}

// checkName returns an error of code conflict if AWS knows a permission set by another
// name than the one that contracts and approvers have: they would approve something
// else, and its sessions would not be found.
func (t *target) checkName(ctx context.Context, name string) error {
	is, err := t.nameOf(ctx, t.config.PermissionSets[name])
	if err != nil && access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeConflict, "AWS has no permission set %s: %w", t.config.PermissionSets[name], err)
	}
	if err == nil && is != name {
		err = access.Errorf(access.CodeConflict, "the permission set %s is %s on AWS, and %s in the configuration", t.config.PermissionSets[name], is, name)
	}
	return err
}
