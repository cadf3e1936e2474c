package identitycenter

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/smithy-go/middleware"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/internal/clock"
)

// maxUnderWay is how many assignments may be under way in the instance when another is
// begun. AWS takes 10 of all programs together; what is left is for endings, which do
// not wait.
const maxUnderWay = 8

// Put implements counted.Service: it makes an assignment and waits until AWS has made it.
func (t *target) Put(ctx context.Context, object string) error {
	a, err := parse(object)
	if err != nil {
		return err
	}
	for {
		there, _, err := t.exists(ctx, a)
		if err != nil || there {
			return err
		}
		status, err := t.create(ctx, a)
		if awsapi.Is(err, conflict) {
			// Another try, or another change of the same account, is under way.
			if err := t.pause(ctx); err != nil {
				return err
			}
			continue
		}
		if awsapi.Missing(err) {
			return access.Invalid(access.Issue{Code: "account_unknown", Field: "account",
				Message: "AWS does not know account " + a.account + " in this organisation, or the permission set or the person any more"})
		}
		if err != nil {
			return awsapi.Mapped(err)
		}
		if err := t.await(ctx, "creating", status, t.creation(instance(a.set))); err != nil {
			return err
		}
		there, _, err = t.exists(ctx, a)
		if err == nil && !there {
			err = access.Errorf(access.CodeUnavailable, "AWS says that it made the assignment, and does not list it yet")
		}
		return err
	}
}

// conflict is AWS's error code for an assignment while another is under way.
const conflict = "ConflictException"

// create begins an assignment as soon as there is room. Errors are the SDK's, or have
// a code.
func (t *target) create(ctx context.Context, a assignment) (*types.AccountAssignmentOperationStatus, error) {
	t.opening.Lock()
	defer t.opening.Unlock()
	of := instance(a.set)
	if err := t.room(ctx, of); err != nil {
		return nil, err
	}
	out, err := t.sso.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &of, PermissionSetArn: &a.set,
		PrincipalId: &a.user, PrincipalType: types.PrincipalTypeUser, TargetId: &a.account, TargetType: types.TargetTypeAwsAccount})
	if err != nil {
		return nil, err
	}
	return out.AccountAssignmentCreationStatus, nil
}

// room waits until fewer assignments than may be are under way. AWS counts those of
// all workers, and of everybody else.
func (t *target) room(ctx context.Context, of string) error {
	for {
		made, err := t.creations(ctx, of)
		if err != nil {
			return err
		}
		removed, err := awsapi.All(ctx, ssoadmin.NewListAccountAssignmentDeletionStatusPaginator(t.sso, &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: &of, Filter: inProgress()}),
			func(p *ssoadmin.ListAccountAssignmentDeletionStatusOutput) []types.AccountAssignmentOperationStatusMetadata {
				return p.AccountAssignmentsDeletionStatus
			})
		if err != nil {
			return err
		}
		if len(made)+len(removed) < maxUnderWay {
			return nil
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

func inProgress() *types.OperationStatusFilter {
	return &types.OperationStatusFilter{Status: types.StatusValuesInProgress}
}

// creations returns which assignments are being made in the instance, of everybody's. Errors
// are the SDK's.
func (t *target) creations(ctx context.Context, of string) ([]types.AccountAssignmentOperationStatusMetadata, error) {
	return awsapi.All(ctx, ssoadmin.NewListAccountAssignmentCreationStatusPaginator(t.sso, &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: &of, Filter: inProgress()}),
		func(p *ssoadmin.ListAccountAssignmentCreationStatusOutput) []types.AccountAssignmentOperationStatusMetadata {
			return p.AccountAssignmentsCreationStatus
		})
}

// beingMade reports whether AWS is making an assignment at this moment, as where a worker
// began it and died. Such a one may be listed nowhere, and be there a moment later. One of
// which AWS does not say yet what it is counts too.
func (t *target) beingMade(ctx context.Context, a assignment) (bool, error) {
	of := instance(a.set)
	all, err := t.creations(ctx, of)
	if err != nil {
		return false, awsapi.Mapped(err)
	}
	for _, one := range all {
		now, err := t.creation(of)(ctx, aws.ToString(one.RequestId))
		if awsapi.Missing(err) {
			return true, nil
		}
		if err != nil {
			return false, awsapi.Mapped(err)
		}
		if now == nil || aws.ToString(now.TargetId) == a.account && aws.ToString(now.PermissionSetArn) == a.set && aws.ToString(now.PrincipalId) == a.user {
			return true, nil
		}
	}
	return false, nil
}

// unassign removes an assignment, waits until AWS has done so, and reads it back. It
// reports whether there was one. at is the time of AWS's clock when it was seen to be
// gone: no session of it was issued later.
func (t *target) unassign(ctx context.Context, a assignment) (removed bool, at time.Time, err error) {
	of := instance(a.set)
	var failed error
	for {
		// What is being made would come after its end: it is removed once it is there.
		making, err := t.beingMade(ctx, a)
		if err != nil {
			return false, at, err
		}
		if making {
			if err := t.pause(ctx); err != nil {
				return false, at, err
			}
			continue
		}
		// It is removed also where it is not listed: one that was just made shows late.
		out, err := t.sso.DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{InstanceArn: &of, PermissionSetArn: &a.set,
			PrincipalId: &a.user, PrincipalType: types.PrincipalTypeUser, TargetId: &a.account, TargetType: types.TargetTypeAwsAccount})
		if awsapi.Is(err, conflict) {
			if err := t.pause(ctx); err != nil {
				return false, at, err
			}
			continue
		}
		if awsapi.Missing(err) {
			break
		}
		if err != nil {
			return false, at, awsapi.Mapped(err)
		}
		removed = true
		failed = t.await(ctx, "removing", out.AccountAssignmentDeletionStatus, t.deletion(of))
		break
	}
	there, at, err := t.exists(ctx, a)
	switch {
	case err != nil:
		return removed, at, err
	case there && failed != nil:
		return removed, at, failed
	case there:
		return removed, at, access.Errorf(access.CodeUnavailable, "AWS says that it removed the assignment, and lists it still")
	}
	// What failed, and is not there, is read again by the next Inspect.
	return removed, at, nil
}

// status asks what became of an operation.
type status func(ctx context.Context, id string) (*types.AccountAssignmentOperationStatus, error)

func (t *target) creation(of string) status {
	return func(ctx context.Context, id string) (*types.AccountAssignmentOperationStatus, error) {
		out, err := t.sso.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &of, AccountAssignmentCreationRequestId: &id})
		if err != nil {
			return nil, err
		}
		return out.AccountAssignmentCreationStatus, nil
	}
}

func (t *target) deletion(of string) status {
	return func(ctx context.Context, id string) (*types.AccountAssignmentOperationStatus, error) {
		out, err := t.sso.DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: &of, AccountAssignmentDeletionRequestId: &id})
		if err != nil {
			return nil, err
		}
		return out.AccountAssignmentDeletionStatus, nil
	}
}

// await asks until an operation has ended. Errors are of code unavailable where it has
// failed, or not ended in time: what failed for the account's sake, such as a limit on
// roles, may succeed later.
func (t *target) await(ctx context.Context, what string, now *types.AccountAssignmentOperationStatus, ask status) error {
	unknown := time.Now().Add(t.config.Consistency.Std())
	for {
		if now == nil {
			return access.Errorf(access.CodeUnavailable, "AWS does not say what became of %s the assignment", what)
		}
		switch now.Status {
		case types.StatusValuesSucceeded:
			return nil
		case types.StatusValuesFailed:
			return access.Errorf(access.CodeUnavailable, "AWS has failed at %s the assignment: %s", what, access.Clip(aws.ToString(now.FailureReason), 300))
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
		next, err := ask(ctx, aws.ToString(now.RequestId))
		if awsapi.Missing(err) && time.Now().Before(unknown) {
			continue // it is not known everywhere yet
		}
		if awsapi.Missing(err) {
			return access.Errorf(access.CodeUnavailable, "AWS does not know what became of %s the assignment: %w", what, err)
		}
		if err != nil {
			return awsapi.Mapped(err)
		}
		now = next
	}
}

// serverTime returns the time of AWS's clock in a response, and of the worker's where
// it does not say.
func serverTime(metadata middleware.Metadata) time.Time {
	if at, ok := awsmiddleware.GetServerTime(metadata); ok {
		return at.UTC()
	}
	return clock.Now().UTC()
}
