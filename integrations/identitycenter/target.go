package identitycenter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/internal/clock"
)

type target struct {
	counted.Target // Step is between two looks at what is under way, too
	config         Config
	sso            *ssoadmin.Client
	store          *identitystore.Client
	org            *organizations.Client
	sts            *sts.Client
	iam            *iam.Client // for what Ramp's own rights are

	opening  sync.Mutex // one count of what is under way and one creation at a time
	denying  sync.Mutex // one change of the deny policy at a time
	names    sync.Map   // of permission sets, by ARN, as AWS has them: they never change
	accounts accounts
}

// pollEvery is how often AWS is asked what became of an assignment. It takes seconds.
const pollEvery = time.Second

var (
	_ integrations.Target     = (*target)(nil)
	_ integrations.HolderUser = (*target)(nil)
	_ integrations.Extender   = (*target)(nil)
	_ integrations.Pinger     = (*target)(nil)
	_ integrations.Inventory  = (*target)(nil)
	_ counted.Service         = (*target)(nil)
	_ counted.Places          = (*target)(nil)
	_ counted.Slow            = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	scope := access.Scope{
		Summary: "permission set " + ent.PermissionSet + " in AWS account " + ent.Account,
		Facts:   map[string]string{"account": ent.Account, "permission set": ent.PermissionSet, "ARN": t.config.PermissionSets[ent.PermissionSet], "sessions at the end": "are denied everything"},
		Ends: "an assignment has no end of its own on AWS: it stays until Ramp, or somebody else, removes it. " +
			"A session that began before then ends within " + t.config.Session.String() + " by itself",
	}
	if t.config.DenyPolicy == "" {
		scope.Facts["sessions at the end"] = "go on, for up to " + t.config.Session.String()
	}
	if t.config.Portal != "" {
		scope.Facts["sign in at"] = t.config.Portal
	}
	return scope, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// AWS takes 20 calls a second for the whole instance, from all programs, and an
	// operation makes some seven. Workers that serve one target share them: each is
	// given its part by the target's rate.
	return integrations.Bounds{Consistency: t.config.Consistency.Std(), Ending: 3 * time.Minute,
		Rate: pacing.Rate{PerSecond: 2, Burst: 4}}
}

// Shows implements counted.Objects.
func (t *target) Shows(ctx context.Context, object string) (string, error) {
	a, err := parse(object)
	if err != nil {
		return "", err
	}
	there, _, err := t.exists(ctx, a)
	if err != nil || !there {
		return "", err
	}
	return "this permission set in account " + a.account, nil
}

// BeingMade implements counted.Slow.
func (t *target) BeingMade(ctx context.Context, object string) (bool, error) {
	a, err := parse(object)
	if err != nil {
		return false, err
	}
	return t.beingMade(ctx, a)
}

// Remove implements counted.Objects: first the assignment goes, so that nobody begins another
// session, then the sessions. While other grants hold it, sessions that came from it go on:
// AWS does not tell which grant a session is of.
func (t *target) Remove(ctx context.Context, object, grant string) error {
	a, err := parse(object)
	if err != nil {
		return err
	}
	removed, at, err := t.unassign(ctx, a)
	if err != nil || t.config.DenyPolicy == "" {
		return err
	}
	return t.endSessions(ctx, grant, a, removed, at)
}

// Inspect implements integrations.Target. A session of which the ledger says that it
// is denied, and the policy does not, counts as one that lives.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	out, err := t.Target.Inspect(ctx, g)
	if err != nil {
		return out, err
	}
	out.Sessions, err = t.undenied(ctx, g.Name)
	return out, err
}

// Place implements counted.Places: what a user has in an instance is asked at once.
func (t *target) Place(object string) (string, error) {
	a, err := parse(object)
	return instance(a.set) + " " + a.user, err
}

// In implements counted.Places.
func (t *target) In(ctx context.Context, place string) (func(object string) bool, error) {
	of, user, _ := strings.Cut(place, " ")
	has, err := t.assignmentsOf(ctx, user, of)
	return func(object string) bool {
		a, err := parse(object)
		return err == nil && has[a]
	}, err
}

// assignmentsOf returns what a user has by assignments of their own.
func (t *target) assignmentsOf(ctx context.Context, user, of string) (map[assignment]bool, error) {
	all, err := awsapi.All(ctx, ssoadmin.NewListAccountAssignmentsForPrincipalPaginator(t.sso, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &of, PrincipalId: &user, PrincipalType: types.PrincipalTypeUser}),
		func(page *ssoadmin.ListAccountAssignmentsForPrincipalOutput) []types.AccountAssignmentForPrincipal {
			return page.AccountAssignments
		})
	if awsapi.Missing(err) { // the user was deleted
		return map[assignment]bool{}, nil
	}
	out := map[assignment]bool{}
	for _, one := range all {
		if one.PrincipalType == types.PrincipalTypeUser { // others come by a group
			out[assignment{aws.ToString(one.AccountId), aws.ToString(one.PermissionSetArn), aws.ToString(one.PrincipalId)}] = true
		}
	}
	return out, awsapi.Mapped(err)
}

// pause waits until AWS is looked at again. Errors are of code unavailable.
func (t *target) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return access.Errorf(access.CodeUnavailable, "AWS has not finished: %w", ctx.Err())
	case <-time.After(t.Step):
		return nil
	}
}

// isPrincipal reports whether an assignment is the user's own.
func isPrincipal(user string) func(types.AccountAssignment) bool {
	return func(one types.AccountAssignment) bool {
		return one.PrincipalType == types.PrincipalTypeUser && aws.ToString(one.PrincipalId) == user
	}
}

// exists reads an assignment back. It also returns the time of AWS's clock, or of the
// worker's where AWS does not say.
func (t *target) exists(ctx context.Context, a assignment) (there bool, at time.Time, err error) {
	of := instance(a.set)
	for pages := ssoadmin.NewListAccountAssignmentsPaginator(t.sso, &ssoadmin.ListAccountAssignmentsInput{
		InstanceArn: &of, AccountId: &a.account, PermissionSetArn: &a.set}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if awsapi.Missing(err) {
			// The account has left the organisation, or the permission set was deleted:
			// nobody has it there, and that must not keep access from being ended.
			return false, clock.Now().UTC(), nil
		}
		if err != nil {
			return false, at, awsapi.Mapped(err)
		}
		at = serverTime(page.ResultMetadata)
		if slices.ContainsFunc(page.AccountAssignments, isPrincipal(a.user)) {
			return true, at, nil
		}
	}
	return false, at, nil
}
