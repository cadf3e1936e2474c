package awsiam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	a := start(t)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return a.open(t, nil) },
		Target: "aws/test", Principal: "alice@example.com",
		Entitlement: read,
		Other:       access.Entitlement{"actions": []any{"s3:GetObject", "s3:PutObject"}, "resources": []any{orders}},
		Invalid:     badEntitlements(),
		ListNames:   a.marked,
		Remove:      a.Remove,
		Widen:       a.widen(t),
		Usage:       access.UsageLast,
		Foreign:     a.foreign,
		UseAt:       a.useAt,
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return a.open(t, faulty(fault, n))
		},
		Lacks: targettest.Lacks{
			Sessions: "AWS has no connections to keep: each call of a session is judged by the role's policies, which UseAt evaluates with the credential that was issued before",
		},
	})
}

// Names like those of grants, given by somebody else.
const foreignName, foreignBelow = "ramp-f0re1gnf0re1gnf0-a", "ramp-f0re1gnf0re1gnf0-b"

// foreign makes other people's roles, as much like Ramp's as IAM allows.
func (a account) foreign(t *testing.T) func(context.Context) error {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	paths := map[string]string{
		"ramp-build": "/ramp/", "RAMP-0123456789abcdef-a": "/ramp/", "ramp-0123456789abcdef-z": "/ramp/",
		foreignName: "/", foreignBelow: "/ramp/sub/", "engineers": "/ramp/",
	}
	ctx := context.Background()
	_, isMark := access.RequestIDFromGrantName(foreignName)
	require.True(t, isMark, "the worst case is a name of Ramp's shape")
	for name, path := range paths {
		_, err := a.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: ptr(trust)})
		require.NoError(t, err)
		_, err = a.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: ptr("ramp"), PolicyDocument: ptr(policy)})
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		for name := range paths {
			require.NoError(t, a.Remove(ctx, name))
		}
	})
	return func(ctx context.Context) error {
		for _, name := range slices.Sorted(maps.Keys(paths)) {
			role, err := a.Role(ctx, name)
			if err != nil {
				return err
			}
			if role == nil || string(role.Trust) != trust || len(role.Identity) != 1 || string(role.Identity[0]) != policy {
				return fmt.Errorf("%s was touched: %+v", name, role)
			}
		}
		return nil
	}
}
