package awsiam

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// byHand tries that what people add to a role ends with it, at its end and when it
// is revoked.
func byHand(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	g := a.granted(t, target, read, time.Hour)
	_, err := a.IAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &g.Name, PolicyArn: ptr(a.Policy("everything", everything))})
	require.NoError(t, err)
	_, err = a.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &g.Name, PolicyName: ptr("more"), PolicyDocument: ptr(everything)})
	require.NoError(t, err)
	_, err = a.IAM().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("machine")})
	require.NoError(t, err)
	_, err = a.IAM().AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{RoleName: &g.Name, InstanceProfileName: ptr("machine")})
	require.NoError(t, err)

	puts := func(at time.Time) bool {
		role, err := a.Role(ctx, g.Name)
		require.NoError(t, err)
		ok, err := a.acts(ctx, role, sessionOf(g), "s3:PutObject", order, at)
		require.NoError(t, err)
		return ok
	}
	require.True(t, puts(g.ExpiresAt.Add(-time.Second)), "the hand-made policy is in force")
	require.False(t, puts(g.ExpiresAt), "and ends with the grant")

	// Revoking reads the role, denies everything, and is interrupted.
	err = a.open(t, faulty(targettest.Unavailable, 3)).Revoke(ctx, g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.False(t, puts(time.Now()), "sessions have ended though the role is there")
	require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)), "and it does not open again")
	later := g
	later.ExpiresAt = later.ExpiresAt.Add(time.Hour)
	require.Equal(t, access.CodeConflict, access.CodeOf(target.(integrations.Extender).Extend(ctx, later)))
	_, err = target.(integrations.Minter).Mint(ctx, g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err))

	require.NoError(t, target.Revoke(ctx, g))
	role, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	require.Nil(t, role)
}

// somebodyElses tries that a role which Ramp did not make is not touched.
func somebodyElses(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	trust := goodConfig().trust("eve", time.Now().Add(time.Hour))
	for path, untagged := range map[string]bool{"/ramp/": true, "/": false, "/ramp/sub/": false} {
		g := grantFor(read, time.Hour)
		in := &iam.CreateRoleInput{RoleName: &g.Name, Path: &path, AssumeRolePolicyDocument: &trust}
		if !untagged {
			in.Tags = tags(g, g.ExpiresAt) // a forged tag does not help outside the path
		}
		_, err := a.IAM().CreateRole(ctx, in)
		require.NoError(t, err)
		require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)), path)
		_, err = target.(integrations.Minter).Mint(ctx, g)
		require.Equal(t, access.CodeConflict, access.CodeOf(err), path)
		role, err := a.Role(ctx, g.Name)
		require.NoError(t, err)
		require.JSONEq(t, trust, string(role.Trust))
		require.Empty(t, role.Identity)
		if untagged {
			// In Ramp's own path it counts as access to be ended, no matter who made it.
			require.NoError(t, target.Revoke(ctx, g))
			continue
		}
		require.Equal(t, access.CodeConflict, access.CodeOf(target.Revoke(ctx, g)), "gone would be a lie")
		_, err = target.Inspect(ctx, g)
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		require.NoError(t, a.Remove(ctx, g.Name))
	}
}

func boundaryTakenAway(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	g := a.granted(t, target, read, time.Hour)
	_, err := a.IAM().DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &g.Name})
	require.NoError(t, err)
	require.NoError(t, target.Grant(ctx, g))
	role, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	require.NotNil(t, role.Boundary)

	// A worker that may only write to roles with the boundary still deletes others.
	g = a.granted(t, target, read, time.Hour)
	require.NoError(t, a.open(t, denied("PutRolePolicy", "AccessDenied")).Revoke(ctx, g))
	g = a.granted(t, target, read, time.Hour)
	require.NoError(t, a.open(t, denied("PutRolePolicy", "LimitExceeded")).Revoke(ctx, g))
	g = a.granted(t, target, read, time.Hour)
	require.Equal(t, access.CodeForbidden, access.CodeOf(a.open(t, denied("DeleteRole", "AccessDenied")).Revoke(ctx, g)))
}

// trustChanged tries that granting again puts right what somebody changed.
func trustChanged(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	g := a.granted(t, target, read, time.Hour)
	before, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	eve := goodConfig().trust("eve", g.ExpiresAt)
	_, err = a.IAM().UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &g.Name, PolicyDocument: &eve})
	require.NoError(t, err)
	require.NoError(t, target.Grant(ctx, g))
	after, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// filledMeanwhile tries that somebody adds to a role while it is being emptied.
func filledMeanwhile(t *testing.T, a account) {
	ctx := context.Background()
	g := a.granted(t, a.open(t, nil), read, time.Hour)
	deletes := 0
	target := a.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if formOf(r).Get("Action") == "DeleteRole" {
			if deletes++; deletes < 3 {
				_, err := a.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &g.Name, PolicyName: ptr("more"), PolicyDocument: ptr(everything)})
				require.NoError(t, err)
			}
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	require.NoError(t, target.Revoke(ctx, g))
	require.Equal(t, 3, deletes)
}
