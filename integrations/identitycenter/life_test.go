package identitycenter

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
)

// TestLife tries what is special to Identity Center, and so not in the conformance
// suite.
func TestLife(t *testing.T) {
	c := start(t)
	for name, test := range map[string]func(*testing.T, *center){
		"Case143DeletionFailsLater": deletionFails, "Case143DeletionThatDidNothing": deletionLies, "CreationFailsLater": creationFails,
		"CrashWhileItIsMade": crashed, "Case152EndedWhileItIsMade": endedWhileMade, "Case142SomebodyElsesAssignment": somebodyElses, "UnderWay": underWay,
		"WhoIsNotThere": notThere, "AnotherName": anotherName, "NothingToExtend": nothingToExtend,
		"AccountThatHasLeft": accountLeft, "UserThatWasDeleted": userDeleted,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
		c.cloud.Slow(0)
	}
	left, err := c.names(context.Background())
	require.NoError(t, err)
	require.Empty(t, left)
}

func isOpen(t *testing.T, one *target, g access.Grant) bool {
	t.Helper()
	p, err := one.Inspect(context.Background(), access.Grant{Name: g.Name})
	require.NoError(t, err)
	return !p.Gone()
}

// deletionFails tries a deletion that AWS takes, and that fails afterwards.
func deletionFails(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	c.cloud.Slow(3)
	g := c.granted(t, one, grantFor(c.person(t), admin))
	c.cloud.FailNext("DeleteAccountAssignment", "the role is protected")
	err := one.Revoke(ctx, access.Grant{Name: g.Name})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "the role is protected")
	require.True(t, isOpen(t, one, g), "what failed has not ended")
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
	require.False(t, isOpen(t, one, g))
}

// deletionLies tries a deletion that AWS says has succeeded, and that did nothing.
func deletionLies(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	g := c.granted(t, one, grantFor(c.person(t), admin))
	c.cloud.Lie()
	err := one.Revoke(ctx, access.Grant{Name: g.Name})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.True(t, isOpen(t, one, g))
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
	require.False(t, isOpen(t, one, g))
}

func creationFails(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	c.cloud.Slow(2)
	g := grantFor(c.person(t), readOnly)
	c.cloud.FailNext("CreateAccountAssignment", "the account has 1000 roles")
	err := one.Grant(ctx, g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "the account has 1000 roles")
	require.False(t, isOpen(t, one, g))
	c.granted(t, one, g)
	require.True(t, isOpen(t, one, g))
}

// crashed tries a worker that dies while AWS makes an assignment: what comes next, a
// retry or the end, meets one that is under way.
func crashed(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	for _, ends := range []bool{false, true} {
		c.cloud.Slow(4)
		g := grantFor(c.person(t), readOnly)
		died := false
		dies := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
			if died {
				return nil, http.ErrServerClosed
			}
			got, err := c.cloud.RoundTrip(r)
			if died = centertest.OperationOf(r) == "CreateAccountAssignment"; died && err == nil {
				got.Body.Close()
				return nil, http.ErrServerClosed
			}
			return got, err
		}))
		require.Equal(t, access.CodeUnavailable, access.CodeOf(dies.Grant(ctx, g)))
		require.True(t, died)
		if !ends {
			require.NoError(t, one.Grant(ctx, g))
			require.True(t, isOpen(t, one, g))
		}
		require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
		require.False(t, isOpen(t, one, g))
		there, err := c.has(ctx, c.of(ctx, t, g))
		require.NoError(t, err)
		require.False(t, there, "the assignment came after its end")
	}
}

// endedWhileMade tries an end that comes while AWS makes an assignment which a worker began
// that has died since, and of which neither a list nor a deletion knows anything yet.
func endedWhileMade(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	other, g := c.granted(t, one, grantFor(c.person(t), readOnly)), grantFor(c.person(t), readOnly)
	c.cloud.Slow(1000)
	c.cloud.Hide(true)
	var began *http.Request
	dies := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if began != nil {
			return nil, http.ErrServerClosed
		}
		got, err := c.cloud.RoundTrip(r)
		if centertest.OperationOf(r) == "CreateAccountAssignment" && err == nil {
			began = r
			got.Body.Close()
			return nil, http.ErrServerClosed
		}
		return got, err
	}))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(dies.Grant(ctx, g)))
	require.NotNil(t, began)
	c.cloud.Slow(0) // what is begun from here on

	waits, cancel := context.WithCancel(ctx)
	looked := make(chan struct{}, 1000)
	revoking := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if centertest.OperationOf(r) == "DescribeAccountAssignmentCreationStatus" {
			looked <- struct{}{}
		}
		return c.cloud.RoundTrip(r)
	}))
	ended := make(chan error, 1)
	go func() { ended <- revoking.Revoke(waits, access.Grant{Name: g.Name}) }()
	for range 3 {
		select {
		case <-looked:
		case err := <-ended:
			require.Fail(t, "it ended before it was made", "%v", err)
		}
	}
	cancel()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(<-ended), "it is still being made")
	require.True(t, isOpen(t, one, g), "what is being made is not gone")
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: other.Name}), "of this person nothing is being made")

	require.NoError(t, c.cloud.GoOn(began.Clone(ctx)))
	c.cloud.Hide(false)
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
	require.False(t, isOpen(t, one, g))
	there, err := c.has(ctx, c.of(ctx, t, g))
	require.NoError(t, err)
	require.False(t, there, "the assignment came after its end")
}

// somebodyElses tries that what an administrator gave is neither taken for Ramp's nor
// taken away.
func somebodyElses(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	g := grantFor(c.person(t), admin)
	a := c.of(ctx, t, g)
	require.NoError(t, c.byHand(ctx, a, true))
	err := one.Grant(ctx, g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}), "as after every opening that failed")
	there, err := c.has(ctx, a)
	require.NoError(t, err)
	require.True(t, there, "what somebody else gave was taken")
	listed, err := one.List(ctx)
	require.NoError(t, err)
	require.Empty(t, listed)
	require.NoError(t, c.byHand(ctx, a, false))
}

// underWay tries that no more assignments are under way than AWS takes, over three
// workers that know nothing of each other.
func underWay(t *testing.T, c *center) {
	c.cloud.Slow(6)
	workers := []*target{c.open(t, nil), c.open(t, nil), c.open(t, nil)}
	grants := make([]access.Grant, 30)
	for i := range grants {
		grants[i] = grantFor(c.person(t), readOnly)
	}
	var all errgroup.Group
	for i, g := range grants {
		all.Go(func() error { return workers[i%3].Grant(context.Background(), g) })
	}
	require.NoError(t, all.Wait(), "AWS throttles nothing")
	most := c.cloud.Most()
	require.Greater(t, most, 3, "they were made beside each other")
	require.LessOrEqual(t, most, centertest.LimitUnderWay)
	c.cloud.Slow(0)
	for i, g := range grants {
		require.NoError(t, workers[i%3].Revoke(context.Background(), g))
	}
}

func notThere(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	err := one.Grant(ctx, grantFor("nobody@example.com", readOnly))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
	require.Equal(t, "principal_unknown", access.IssuesOf(err)[0].Code)
	c.config.User = byEmail
	c.granted(t, c.open(t, nil), grantFor(c.person(t), readOnly))
	c.config.User = ""
}

// anotherName tries that a permission set which AWS knows by another name is not given:
// approvers read the name.
func anotherName(t *testing.T, c *center) {
	ctx := context.Background()
	made, err := c.sso.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: aws.String(instance(c.config.PermissionSets["Admin"])), Name: aws.String("Owner"), SessionDuration: aws.String("PT1H")})
	require.NoError(t, err)
	c.config.PermissionSets["Harmless"] = aws.ToString(made.PermissionSet.PermissionSetArn)
	allow := c.config.Allow
	c.config.Allow = append(allow[:1:1], AllowConfig{PermissionSets: []string{"Harmless"}, Accounts: []string{workload}})
	defer func() { delete(c.config.PermissionSets, "Harmless"); c.config.Allow = allow }()
	g := grantFor(c.person(t), access.Entitlement{"account": workload, "permissionSet": "Harmless"})
	err = c.open(t, nil).Grant(ctx, g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "is Owner on AWS, and Harmless in the configuration")
	require.Equal(t, access.CodeConflict, access.CodeOf(c.open(t, nil).Ping(ctx)))
}

func nothingToExtend(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	g := grantFor(c.person(t), readOnly)
	require.Equal(t, access.CodeNotFound, access.CodeOf(one.Extend(ctx, g)), "never opened")
	c.granted(t, one, g)
	require.NoError(t, one.Extend(ctx, g))
	require.NoError(t, c.byHand(ctx, c.of(ctx, t, g), false))
	require.Equal(t, access.CodeNotFound, access.CodeOf(one.Extend(ctx, g)), "somebody removed it")
	require.NoError(t, one.Revoke(ctx, g))
	require.Equal(t, access.CodeConflict, access.CodeOf(one.Extend(ctx, g)), "it has ended")
}

// accountLeft tries an account that leaves the organisation while somebody has access,
// and one that was never there.
func accountLeft(t *testing.T, c *center) {
	ctx := context.Background()
	g := c.granted(t, c.open(t, nil), grantFor(c.person(t), readOnly))
	gone := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		switch centertest.OperationOf(r) {
		case "CreateAccountAssignment", "DeleteAccountAssignment", "ListAccountAssignments":
			return centertest.Refuse(400, "ResourceNotFoundException", "The account is not in the organization."), nil
		}
		return c.cloud.RoundTrip(r)
	}))
	require.NoError(t, gone.Revoke(ctx, access.Grant{Name: g.Name}), "nobody has anything there")
	require.False(t, isOpen(t, gone, g))
	err := gone.Grant(ctx, grantFor(c.person(t), readOnly))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
	require.Equal(t, "account_unknown", access.IssuesOf(err)[0].Code)
}

// userDeleted tries that a user who was deleted does not hide what others have.
func userDeleted(t *testing.T, c *center) {
	ctx := context.Background()
	left, stays := c.granted(t, c.open(t, nil), grantFor(c.person(t), readOnly)), c.granted(t, c.open(t, nil), grantFor(c.person(t), readOnly))
	user := c.of(ctx, t, left).user
	one := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if centertest.OperationOf(r) == "ListAccountAssignmentsForPrincipal" && bytes.Contains(centertest.BodyOf(r), []byte(user)) {
			return centertest.Refuse(400, "ResourceNotFoundException", "USER not found"), nil
		}
		return c.cloud.RoundTrip(r)
	}))
	listed, err := one.List(ctx)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, stays.Name, listed[0].Name)
}

// wire is a transport that a test makes up.
type wire func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// TestErrors: AWS's errors, as they come through the SDK, get Ramp's codes.
func TestErrors(t *testing.T) {
	c := start(t)
	for _, one := range []struct {
		status int
		code   string
		want   access.Code
	}{
		{400, "ThrottlingException", access.CodeThrottled}, {400, "AccessDeniedException", access.CodeForbidden},
		{400, "ServiceQuotaExceededException", access.CodeUnavailable}, {400, "ValidationException", access.CodeInvalid},
		{500, "InternalServerException", access.CodeUnavailable}, {400, "NeverHeardOf", access.CodeInternal},
	} {
		target := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
			if centertest.OperationOf(r) == "CreateAccountAssignment" {
				return centertest.Refuse(one.status, one.code, "no"), nil
			}
			return c.cloud.RoundTrip(r)
		}))
		g := grantFor(c.person(t), readOnly)
		require.Equal(t, one.want, access.CodeOf(target.Grant(t.Context(), g)), one.code)
	}
	// A conflict is tried again within the call.
	var once sync.Once
	target := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		var refused *http.Response
		if centertest.OperationOf(r) == "CreateAccountAssignment" || centertest.OperationOf(r) == "DeleteAccountAssignment" {
			once.Do(func() { refused = centertest.Refuse(409, "ConflictException", "another operation") })
		}
		if refused != nil {
			return refused, nil
		}
		return c.cloud.RoundTrip(r)
	}))
	g := grantFor(c.person(t), readOnly)
	require.NoError(t, target.Grant(t.Context(), g))
	once = sync.Once{}
	require.NoError(t, target.Revoke(t.Context(), g))
	require.False(t, isOpen(t, target, g))
}
