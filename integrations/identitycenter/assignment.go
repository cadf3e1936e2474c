package identitycenter

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

// assignment is one account assignment: what grants hold, alone or together.
type assignment struct {
	account string
	set     string // ARN of the permission set
	user    string // id in the identity store
}

// assigned begins the names of assignments among what grants hold.
const assigned = "assignment "

// object returns the assignment's name in the ledger. It says all that is needed to
// remove the assignment, because a grant is ended by its name alone.
func (a assignment) object() string {
	return assigned + a.account + " " + a.set + " " + a.user
}

// parse returns the assignment of a name that object made.
func parse(object string) (assignment, error) {
	rest, ok := strings.CutPrefix(object, assigned)
	parts := strings.Split(rest, " ")
	if !ok || len(parts) != 3 || instance(parts[1]) == "" {
		return assignment{}, access.Errorf(access.CodeInternal, "the ledger has %q among the assignments of Identity Center", access.Clip(object, 120))
	}
	return assignment{parts[0], parts[1], parts[2]}, nil
}

// entitlement is one permission set in one account.
type entitlement struct {
	Account       string `entitlement:"account,required"`
	PermissionSet string `entitlement:"permissionSet,required"`
}

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) > 0 {
		return out, issues.Err()
	}
	issues.Require(awsapi.AccountShape.MatchString(out.Account), "account_malformed", "account", "%q is not an account's 12 digits", access.Clip(out.Account, 40))
	_, known := c.PermissionSets[out.PermissionSet]
	issues.Require(known, "permission_set_unknown", "permissionSet", "this target has no permission set %q", access.Clip(out.PermissionSet, 40))
	if len(issues) == 0 {
		issues.Require(c.allows(out.PermissionSet, out.Account), "not_allowed", "permissionSet", "this target's allow-list has no %s in account %s", out.PermissionSet, out.Account)
	}
	return out, issues.Err()
}

// Object implements counted.Service.
func (t *target) Object(ctx context.Context, g access.Grant) (string, error) {
	a, err := t.assignment(ctx, g)
	return a.object(), err
}

// assignment returns what a grant needs. Errors are also of code invalid (Identity
// Center has no such person) and conflict (the permission set has another name).
func (t *target) assignment(ctx context.Context, g access.Grant) (assignment, error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return assignment{}, err
	}
	a := assignment{account: ent.Account, set: t.config.PermissionSets[ent.PermissionSet]}
	if err := t.checkName(ctx, ent.PermissionSet); err != nil {
		return a, err
	}
	a.user, err = t.userID(ctx, g.Principal)
	return a, err
}

// userID returns the id of the person whom a principal is.
func (t *target) userID(ctx context.Context, principal string) (string, error) {
	out, err := t.store.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &t.config.IdentityStore,
		AlternateIdentifier: &types.AlternateIdentifierMemberUniqueAttribute{Value: types.UniqueAttribute{
			AttributePath: &t.config.User, AttributeValue: document.NewLazyDocument(principal)}}})
	if awsapi.Missing(err) {
		return "", access.Invalid(access.Issue{Code: "principal_unknown", Field: "principal",
			Message: "Identity Center has no user whose " + t.config.User + " is " + access.Clip(principal, 80) + ": it has to be created, or synchronised from the identity provider, first"})
	}
	if err != nil {
		return "", awsapi.Mapped(err)
	}
	id := aws.ToString(out.UserId)
	if id == "" || strings.ContainsAny(id, " *?") {
		return "", access.Errorf(access.CodeInternal, "Identity Center returned %q as the id of a user", access.Clip(id, 60))
	}
	return id, nil
}
