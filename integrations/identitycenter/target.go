package identitycenter

import (
	"context"
	"slices"
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
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/internal/clock"
)

type target struct {
	config  Config
	sso     *ssoadmin.Client
	store   *identitystore.Client
	org     *organizations.Client
	sts     *sts.Client
	iam     *iam.Client // for what Ramp's own rights are
	holders integrations.Holders
	step    time.Duration // between two looks at what is under way

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
)

// UseHolders implements integrations.HolderUser.
func (t *target) UseHolders(h integrations.Holders) { t.holders = h }

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

// Grant implements integrations.Target. Errors are also of code conflict: the person
// has the assignment already, and not by Ramp.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	a, err := t.assignment(ctx, g)
	if err != nil {
		return err
	}
	if err := t.notForeign(ctx, a); err != nil {
		return err
	}
	return integrations.Attach(ctx, t.holders, a.object(), g.Name, t.put, t.removal(g.Name))
}

// notForeign returns an error of code conflict if somebody else gave a person the
// assignment: Ramp would take it away at the end. What grants come and go meanwhile,
// and what AWS still shows of one that is gone, is no proof: it is looked at for as
// long as AWS may show an old state.
func (t *target) notForeign(ctx context.Context, a assignment) error {
	until := time.Now().Add(t.config.Consistency.Std())
	for {
		held, err := t.isHeld(ctx, a)
		if err != nil || held {
			return err
		}
		there, _, err := t.exists(ctx, a)
		if err != nil || !there {
			return err
		}
		if held, err = t.isHeld(ctx, a); err != nil || held {
			return err
		}
		if !time.Now().Before(until) {
			return access.Errorf(access.CodeConflict, "the person has this permission set in account %s already, and not by Ramp, which would take it away at the end", a.account)
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

// isHeld reports whether any grant holds an assignment, or is removing it.
func (t *target) isHeld(ctx context.Context, a assignment) (bool, error) {
	held, err := t.holders.Held(ctx, a.object())
	return len(held[a.object()]) > 0, err
}

// Revoke implements integrations.Target. What other grants hold stays, and so do the
// sessions that came from it: AWS does not tell which grant a session is of.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	return integrations.Detach(ctx, t.holders, g.Name, t.removal(g.Name))
}

// removal returns how the last grant that holds an assignment removes it: first the
// assignment, so that nobody begins another session, then the sessions.
func (t *target) removal(grant string) func(context.Context, string) error {
	return func(ctx context.Context, object string) error {
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
}

// Extend implements integrations.Extender. On AWS nothing has an end that could be
// moved, so Extend says whether the grant is open. Errors are also of code not_found
// and conflict.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	a, err := t.assignment(ctx, g)
	if err != nil {
		return err
	}
	objects, err := t.holders.Objects(ctx, g.Name)
	if err != nil {
		return err
	}
	switch held, ever := objects[a.object()]; {
	case !ever:
		return integrations.ErrNotOpen
	case !held:
		return integrations.ErrRevoked
	}
	there, _, err := t.exists(ctx, a)
	if err == nil && !there {
		err = integrations.ErrNotOpen
	}
	return err
}

// Inspect implements integrations.Target. A session of which the ledger says that it
// is denied, and the policy does not, counts as one that lives.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	var out access.ReadBack
	objects, err := t.holders.Objects(ctx, g.Name)
	if err != nil {
		return out, err
	}
	for object, holds := range objects {
		a, err := parse(object)
		if err != nil {
			return out, err
		}
		if !holds {
			// What others hold is theirs. What nobody holds should not be there.
			held, err := t.isHeld(ctx, a)
			if err != nil {
				return out, err
			}
			if held {
				continue
			}
		}
		there, _, err := t.exists(ctx, a)
		if err == nil && !there {
			there, err = t.beingMade(ctx, a)
		}
		if err != nil {
			return out, err
		}
		out.Open = out.Open || there
	}
	out.Sessions, err = t.undenied(ctx, g.Name)
	return out, err
}

// List implements integrations.Target: the grants that hold an assignment which is
// there. An assignment bears no mark, so the ledger alone knows whose it is.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	held, err := t.holders.Held(ctx, assigned)
	if err != nil {
		return nil, err
	}
	of := map[string]map[assignment]bool{} // what people have, by the id of the user
	for object, grants := range held {
		a, err := parse(object)
		if err != nil {
			return nil, err
		}
		if of[a.user] == nil {
			if of[a.user], err = t.assignmentsOf(ctx, a.user, instance(a.set)); err != nil {
				return nil, err
			}
		}
		if !of[a.user][a] {
			continue
		}
		for _, g := range grants {
			listed = append(listed, integrations.ListedGrant{Name: g})
		}
	}
	return listed, nil
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
	case <-time.After(t.step):
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
